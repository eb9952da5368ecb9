"""Standardisation of images, channel by channel."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.data import Standardizer
from scratchnet.errors import InputError, SettingsError


def test_zero_mean_and_unit_variance(backend, rng):
    images = rng.integers(0, 256, (30, 4, 5, 3), dtype=np.uint8)
    images[..., 2] = 9  # a channel that never varies
    device = to_device(images, backend)
    standard = Standardizer.fit(device)
    x = to_host(standard(device, np.float64))
    np.testing.assert_allclose(standard.mean, images.mean(axis=(0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(x.mean(axis=(0, 1, 2)), 0, atol=1e-12)
    np.testing.assert_allclose(x.std(axis=(0, 1, 2)), [1, 1, 0], atol=1e-12)
    assert standard(device).dtype == np.float32


def test_chunks_do_not_matter(rng, monkeypatch):
    images = rng.integers(0, 256, (30, 4, 5, 3), dtype=np.uint8)
    whole = Standardizer.fit(images)
    monkeypatch.setattr("scratchnet.data.standardize.CHUNK", 7)
    assert (Standardizer.fit(images).std == whole.std).all()


def test_standardizer_refusals():
    for wrong in (np.zeros((2, 3)), np.zeros((0, 3), np.uint8), np.zeros(3, np.uint8)):
        with pytest.raises(InputError, match="uint8"):
            Standardizer.fit(wrong)
    with pytest.raises(InputError, match="2 channels"):
        Standardizer([0, 0], [1, 1])(np.zeros((1, 4, 4, 3), np.uint8))


@pytest.mark.parametrize("images", [
    np.full((2, 3), "7"), np.full((2, 3), "2016-01-01", "datetime64[D]"), np.ones((2, 3), "timedelta64[s]"),
    np.ones((2, 3), np.int8), np.ones((2, 3), bool), np.ones((2, 3), object), np.ones((2, 3), complex),
    np.ones((2, 3)) / 255, np.ones((2, 3), np.int64), np.ones(3, np.uint8)], ids=lambda images: str(images.dtype))
def test_what_is_no_image_of_bytes_is_not_standardised(images):
    for function in (Standardizer([0, 0, 0], [1, 1, 1]), Standardizer.fit):
        with pytest.raises(InputError, match="of uint8"):
            function(images)


@pytest.mark.parametrize("mean, std", [
    ([0, np.nan], [1, 1]), ([0, 0], [1, np.nan]), ([0, 0], [1, -1]), ([0, 0], [1, np.inf]), ([0, np.inf], [1, 1]),
    ([0, 0], [1]), ([0], [1, 1]), ([[0, 0]], [[1, 1]]), (0, 1)])
def test_a_mean_or_deviation_that_is_none_is_refused(mean, std):
    """NaN and what is below 0 would count as a channel that never varies."""
    with pytest.raises(InputError, match="mean and std must be finite"):
        Standardizer(mean, std)


def test_whole_numbers_hold_no_standardised_image():
    for dtype in (np.uint8, int, bool, np.float16):
        with pytest.raises(SettingsError, match="dtype must be float32 or float64"):
            Standardizer([100.0], [50.0])(np.ones((2, 4, 4, 1), np.uint8), dtype)
