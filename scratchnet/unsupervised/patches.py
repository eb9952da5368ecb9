"""Small windows cut from images at random: what the auto-encoder learns from (paper, section 3)."""
import numpy as np

from ..backend import array_module
from ..checks import positive
from ..errors import InputError, SettingsError


def sample_patches(images, count, K, rng):
    """Cut `count` windows of K x K pixels from random places of random images.

    Parameters
    ----------
    images : (N, H, W, C) array
        On the host, of any dtype.
    count, K : int
    rng : numpy.random.Generator

    Returns
    -------
    (count, K·K·C) array
        Of the dtype of `images`; row, column and channel run as in a convolution kernel (K, K, C).
    """
    count, K = positive(count=count, K=K)
    array_module(images)
    if images.ndim != 4 or len(images) == 0:
        raise InputError(f"patches are cut from images (N, H, W, C) with N ≥ 1, got shape {images.shape}")
    N, H, W, C = images.shape
    if K > min(H, W):
        raise SettingsError(f"patches of {K} x {K} pixels do not fit into images of {H} x {W}: use smaller patches")
    n, i, j = (rng.integers(0, high, count) for high in (N, H - K + 1, W - K + 1))
    rows, columns = i[:, None] + np.arange(K), j[:, None] + np.arange(K)
    return images[n[:, None, None], rows[:, :, None], columns[:, None, :]].reshape(count, K * K * C)
