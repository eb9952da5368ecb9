"""Bits to bytes and back: the order by hand, every length, and what is refused."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, SettingsError
from scratchnet.retrieval import hamming
from scratchnet.retrieval.codes import balance, pack_bits, unpack_bits


def test_the_order_of_bits_by_hand(backend):
    bits = np.array([[1, 0, 0, 0, 0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 0, 1, 1, 0, 1]], bool)
    codes = to_host(pack_bits(to_device(bits, backend)))
    assert codes.dtype == np.uint8 and codes.tolist() == [[128, 192], [3, 64]]
    np.testing.assert_array_equal(codes, np.packbits(bits, axis=1))


@pytest.mark.parametrize("length", [1, 7, 8, 9, 12, 48, 63, 64, 65, 300])
def test_any_number_of_bits_comes_back(backend, rng, length):
    bits = rng.random((11, length)) < 0.4
    codes = pack_bits(to_device(bits, backend))
    assert codes.shape == (11, -(-length // 8))
    unpacked = unpack_bits(codes, length)
    assert unpacked.dtype == bool
    np.testing.assert_array_equal(to_host(unpacked), bits)
    np.testing.assert_array_equal(to_host(pack_bits(to_device(bits.astype(np.int32), backend))), to_host(codes))
    expected = (bits[:, None] != bits).sum(axis=2)
    np.testing.assert_array_equal(to_host(hamming(codes, codes)), expected)
    np.testing.assert_allclose(balance(to_device(bits, backend)), bits.mean(axis=0))


@pytest.mark.parametrize("bits", [np.full((3, 4), 0.0), np.full((3, 4), 2), np.full((3, 4), -1), np.zeros(4, bool),
                                  np.zeros((0, 4), bool), np.zeros((3, 0), bool)])
def test_what_are_no_bits_is_refused(bits):
    with pytest.raises(InputError, match="bits must be true or false.*threshold") as caught:
        pack_bits(bits)
    assert "\n" not in str(caught.value)


def test_codes_of_another_length_are_refused(rng):
    codes = pack_bits(np.ones((3, 12), bool))
    for bits in (8, 17):
        with pytest.raises(InputError, match="codes must be codes of"):
            unpack_bits(codes, bits)
    with pytest.raises(InputError, match="codes of 11 bits have only zeros after these"):
        unpack_bits(codes, 11)
    with pytest.raises(SettingsError, match="bits"):
        unpack_bits(codes, 0)
    with pytest.raises(InputError, match="packed into an array of uint8"):
        unpack_bits(codes.astype(int), 12)
