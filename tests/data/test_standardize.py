"""Standardisation of images, channel by channel."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.data import Standardizer
from scratchnet.errors import InputError


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
