"""Sample augmentation: each time an image is shown, it is shifted a little and perhaps mirrored.

The paper augments by channels (`channels`), not by samples; this belongs to the recipe "best".
"""
import numpy as np

from ..backend import array_module, to_device
from ..checks import counts


def shift_and_flip(x, rng, shift=0, flip=False, fill=0):
    """Return images moved by up to `shift` pixels each way and, at even odds, mirrored left to right.

        y[n, i, j] = x[n, i + a_n, j + b_n]   or   x[n, i + a_n, W − 1 − j + b_n],   a_n, b_n ∈ {−shift, …, shift}

    and `fill` where that lies outside the image.

    Parameters
    ----------
    x : (N, H, W, C) array
    rng : numpy.random.Generator
        Draws a shift and a coin for each image, on the host.
    shift : int
    flip : bool
    fill : number, (C,) sequence or "reflect"
        The mean of the images, say; "reflect" goes on with the image mirrored at its border.

    Returns
    -------
    (N, H, W, C) array, or `x` itself where nothing is asked for
    """
    shift, = counts(shift=shift)
    if not shift and not flip:
        return x
    xp, (N, H, W, C) = array_module(x), x.shape
    if isinstance(fill, str):
        padded = reflected(x, shift)
    else:
        padded = xp.empty((N, H + 2 * shift, W + 2 * shift, C), dtype=x.dtype)
        padded[...] = to_device(np.asarray(fill, x.dtype), xp)
        padded[:, shift:shift + H, shift:shift + W] = x
    moves = to_device(rng.integers(0, 2 * shift + 1, (2, N)), xp)
    rows = xp.arange(H) + moves[0][:, None]
    columns = xp.arange(W) + xp.zeros((N, 1), dtype="int64")
    if flip:
        heads = to_device(rng.random((N, 1)) < 0.5, xp)
        columns = xp.where(heads, columns[:, ::-1], columns)
    columns = columns + moves[1][:, None]
    return padded[xp.arange(N)[:, None, None], rows[:, :, None], columns[:, None, :]]


def reflected(x, width):
    """Return images (N, H, W, C) with `width` more pixels on each side, mirrored at the outermost ones."""
    return array_module(x).pad(x, ((0, 0), (width, width), (width, width), (0, 0)), mode="reflect")
