"""Binary codes: bits packed eight to a byte.

Bits are what a threshold makes of real numbers. Packed, 48 of them are six bytes, an index of 60,000 pictures 360 kB,
and two codes are compared by XOR and a count of ones (`distances/hamming.py`).
"""
import numpy as np

from ..backend import array_module, to_host
from ..checks import positive
from ..errors import InputError
from .vectors import check_codes

BYTE = 8


def pack_bits(bits):
    """Return bits (n, bits) as codes (n, bytes) uint8.

    Bit k is in byte k // 8, there the more significant the smaller k is: the bits 1000000011 are the bytes 128 and 192.
    What is left over of the last byte is 0, so codes of any length can be compared.

    Parameters
    ----------
    bits : (n, bits) array
        True or false; whole numbers 0 and 1 will do.

    Raises
    ------
    InputError
        If they are anything else: a threshold makes bits of real numbers.
    """
    xp, (n, length) = array_module(bits), _checked(bits)
    padded = xp.zeros((n, -(-length // BYTE) * BYTE), np.uint8)
    padded[:, :length] = bits
    return xp.packbits(padded.reshape(-1)).reshape(n, -1)


def unpack_bits(codes, bits):
    """Return the bits (n, bits) bool of codes (n, bytes) uint8: the inverse of `pack_bits`.

    Raises
    ------
    InputError
        If codes are not of that kind, or not codes of so many bits: of another length, or with bits beyond that are
        not 0.
    """
    (bits,), xp = positive(bits=bits), array_module(codes)
    check_codes(codes, "codes", -(-bits // BYTE))
    unpacked = xp.unpackbits(codes.reshape(-1)).reshape(len(codes), -1).astype(bool)
    if bool(unpacked[:, bits:].any()):
        raise InputError(f"codes of {bits} bits have only zeros after these: ask for as many bits as were packed")
    return unpacked[:, :bits]


def balance(bits):
    """Return the share of ones of each of some bits (n, bits): (bits,) float64 on the host. Good codes have halves."""
    _checked(bits)
    return to_host(bits.astype(np.float64).mean(axis=0))


def _checked(bits):
    """Return the shape of bits, or refuse them."""
    array_module(bits)
    if bits.ndim != 2 or bits.size == 0 or bits.dtype.kind not in "biu" or not bool(((bits == 0) | (bits == 1)).all()):
        raise InputError(f"bits must be true or false, with the shape (number, bits), got {bits.dtype} of shape "
                         f"{tuple(bits.shape)}: compare real numbers with a threshold first")
    return bits.shape
