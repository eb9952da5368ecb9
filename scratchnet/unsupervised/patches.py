"""Small windows of images: what auto-encoder, K-means and PCA learn from (paper, section 3)."""
import numpy as np

from ..backend import array_module
from ..checks import not_negative, positive
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


def normalize_contrast(patches, constant=10.0):
    """Take from each patch its brightness and its contrast, as Coates, Ng and Lee (2011) do (section 3.1).

        x ↦ (x − mean(x)) / √(var(x) + constant),    var(x) = Σ (x − mean(x))² / (D − 1)

    Parameters
    ----------
    patches : (m, D) array of numbers
        D ≥ 2.
    constant : float
        Above 0: what keeps the noise of patches without contrast small. The paper gives none; 10, for values from 0 to
        255, is that of the authors' code.

    Returns
    -------
    (m, D) float array
        In the precision of floats; of whole numbers, float32.
    """
    xp = array_module(patches)
    not_negative(constant=constant)
    if patches.ndim != 2 or patches.shape[1] < 2 or patches.dtype.kind not in "fiu" or not constant:
        raise InputError(f"contrast is that of patches (m, D) of numbers with D ≥ 2, above a constant of more than 0: "
                         f"got {patches.dtype} of shape {tuple(patches.shape)}, constant {constant}")
    x = patches.astype(patches.dtype if patches.dtype.kind == "f" else np.float32)
    x -= x.mean(axis=1, keepdims=True)
    x /= xp.sqrt((x * x).sum(axis=1, keepdims=True) / (x.shape[1] - 1) + constant)
    return x


def all_patches(images, K):
    """Return every window of K x K pixels of images (N, H, W, C), at stride 1: (N, H − K + 1, W − K + 1, K·K·C) array.

    Of the dtype of `images`; row, column and channel run as in `sample_patches`.
    """
    positive(K=K)
    xp = array_module(images)
    if images.ndim != 4 or K > min(images.shape[1:3]):
        raise InputError(f"there are no windows of {K} x {K} pixels in images (N, H, W, C) of shape "
                         f"{tuple(images.shape)}")
    windows = xp.lib.stride_tricks.sliding_window_view(images, (K, K), axis=(1, 2))
    N, H, W, C = windows.shape[:4]
    return windows.transpose(0, 1, 2, 4, 5, 3).reshape(N, H, W, K * K * C)
