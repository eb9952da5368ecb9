"""Shifted and mirrored images: by hand, at the edges, and left alone where nothing is asked for."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.data.augment import shift_and_flip
from scratchnet.errors import SettingsError


def naive(x, rng, shift, flip):
    """The definition, pixel by pixel, with the same draws."""
    N, H, W, _ = x.shape
    moves = rng.integers(0, 2 * shift + 1, (2, N)) - shift
    heads = rng.random((N, 1))[:, 0] < 0.5 if flip else np.zeros(N, bool)
    y = np.zeros_like(x)
    for n, i, j in np.ndindex(N, H, W):
        source = i + moves[0, n], (W - 1 - j if heads[n] else j) + moves[1, n]
        if 0 <= source[0] < H and 0 <= source[1] < W:
            y[n, i, j] = x[n, source[0], source[1]]
    return y


@pytest.mark.parametrize("shift, flip", [(2, True), (3, False), (0, True), (7, True)])
def test_definition(shift, flip, backend, rng):
    x = rng.standard_normal((6, 5, 7, 2)).astype(np.float32)
    found = shift_and_flip(to_device(x, backend), np.random.default_rng(1), shift, flip)
    np.testing.assert_array_equal(to_host(found), naive(x, np.random.default_rng(1), shift, flip))


def test_every_shift_and_both_sides_occur(rng):
    x = np.zeros((2000, 5, 5, 1), np.float32)
    x[:, 2, 1] = 1
    y = shift_and_flip(x, rng, 1, True)
    places = {tuple(np.argwhere(image[..., 0])[0]) for image in y}
    assert places == {(i, j) for i in (1, 2, 3) for j in (0, 1, 2, 3, 4)}


def test_what_moves_in(backend):
    x = to_device(np.full((50, 4, 4, 2), 9, np.uint8), backend)
    y = to_host(shift_and_flip(x, np.random.default_rng(0), 2, fill=[3, 5]))
    assert y.dtype == np.uint8 and {tuple(pixel) for pixel in y.reshape(-1, 2)} == {(9, 9), (3, 5)}


def test_an_image_goes_on_mirrored(backend, rng):
    x = rng.integers(0, 256, (8, 5, 6, 2), dtype=np.uint8)
    y = to_host(shift_and_flip(to_device(x, backend), np.random.default_rng(1), 2, True, "reflect"))
    wide = np.stack([np.stack([np.pad(one[..., c], 2, mode="reflect") for c in range(2)], axis=-1) for one in x])
    moves = np.random.default_rng(1).integers(0, 5, (2, 8))
    generator = np.random.default_rng(1)
    generator.integers(0, 5, (2, 8))
    heads = generator.random((8, 1))[:, 0] < 0.5
    for n in range(8):
        columns = (np.arange(6)[::-1] if heads[n] else np.arange(6)) + moves[1, n]
        np.testing.assert_array_equal(y[n], wide[n, moves[0, n]:moves[0, n] + 5][:, columns])


def test_nothing_asked_for_nothing_done(rng):
    x = rng.standard_normal((2, 3, 3, 1))
    assert shift_and_flip(x, None) is x


@pytest.mark.parametrize("shift", [-1, 1.0, True, np.nan, "1"])
def test_a_shift_that_is_no_number_of_pixels_is_refused(rng, shift):
    with pytest.raises(SettingsError, match="shift must be a whole number of at least 0"):
        shift_and_flip(rng.standard_normal((2, 3, 3, 1)), rng, shift)
