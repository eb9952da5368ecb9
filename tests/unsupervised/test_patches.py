"""Patches are windows of the images, cut anywhere."""
import numpy as np
import pytest

from scratchnet.errors import InputError, SettingsError
from scratchnet.unsupervised import sample_patches


def test_patches_are_windows_of_the_images(rng):
    images = np.arange(2 * 6 * 7 * 3).reshape(2, 6, 7, 3)
    patches = sample_patches(images, 50, 3, rng).reshape(50, 3, 3, 3)
    windows = {images[n, i:i + 3, j:j + 3].tobytes() for n in range(2) for i in range(4) for j in range(5)}
    assert {patch.tobytes() for patch in patches} <= windows and len({p.tobytes() for p in patches}) > 20


def test_patches_refuse_what_cannot_be():
    with pytest.raises(SettingsError, match="do not fit"):
        sample_patches(np.zeros((1, 4, 9, 1)), 3, 5, np.random.default_rng(0))
    with pytest.raises(InputError, match="N ≥ 1"):
        sample_patches(np.zeros((0, 9, 9, 1)), 3, 5, np.random.default_rng(0))
