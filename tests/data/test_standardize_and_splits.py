"""Standardisation and balanced parts."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.data import Standardizer, hold_out
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


def test_hold_out_is_a_balanced_partition(rng):
    labels = rng.permutation(np.repeat(np.arange(7), 30))
    remaining, held = hold_out(labels, 24, rng)
    assert sorted([*remaining, *held]) == list(range(210)) and len(held) == 24
    counts = np.bincount(labels[held], minlength=7)
    assert counts.min() == 3 and counts.max() == 4 and (np.diff(held) > 0).all()


def test_hold_out_refusals(rng):
    labels = np.array([0] * 9 + [1])
    for count in (0, 10, -1):
        with pytest.raises(SettingsError, match="between 1 and 9"):
            hold_out(labels, count, rng)
    with pytest.raises(SettingsError, match="class 1 has only 1"):
        hold_out(labels, 4, rng)
