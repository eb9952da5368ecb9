"""Filters that are principal components of patches, and what PCANet makes of what they answer.

Chan et al., PCANet: A Simple Deep Learning Baseline for Image Classification? (2015). Two stages of filters; the signs
of what the second one answers are the bits of a code at each pixel; histograms of the codes over overlapping blocks,
and of these the largest in each cell of a spatial pyramid, describe an image. Nothing of it is trained with labels.
"""
import numpy as np

from ..backend import array_module, to_device
from ..checks import positive
from ..errors import InputError, SettingsError
from ..parallel import shards
from .patches import all_patches
from .pca import leading_eigenvectors

CELL = 4  # pixels: blocks are of 2 x 2 cells, one cell apart, so that they overlap by half
SHARD, ROWS = 8, 8  # images whose patches are summed together, and rows of an image that are filtered together


def pca_filters(maps, N, K, count, workers, depthwise=False):
    """Return filters: the leading principal components of the patches of maps, less the mean of each channel.

    Parameters
    ----------
    maps : callable
        ``maps(start, stop)`` gives those of images start to stop, a (n, H, W, C) float32 array.
    N : int
        How many images there are.
    K : int
        Size of the patches, of which those count that lie within the image.
    count : int
        How many.
    workers : Workers
        An open pool. The result does not depend on its threads.
    depthwise : bool
        Whether each channel is an image of its own, with patches of K·K numbers.

    Returns
    -------
    (K, K, C, count) or (K, K, count) float32 array
        Orthonormal, each of mean 0 in each channel, those of the largest variance first.
    """
    first = maps(0, 1)
    xp = array_module(first)
    _check_maps(first)
    C = first.shape[3]
    size = K * K * (1 if depthwise else C)
    if count > size - size // (K * K):
        raise SettingsError(f"patches of {size} numbers have {size - size // (K * K)} principal components besides "
                            f"their means, not {count}: ask for fewer filters, or larger ones")

    def share(part):
        some = maps(part.start, part.stop)
        if depthwise:
            X = _shifted(some, K)
            X -= X.mean(axis=0)
        else:
            X = all_patches(some, K).reshape(-1, K * K, C)
            X = (X - X.mean(axis=1, keepdims=True)).reshape(len(X), -1).T
        return (X @ X.T).astype(np.float64)
    total = 0
    for products in workers.each(share, shards(xp, N, SHARD) if xp is np else shards(np, N, 100)):
        total = total + products
    vectors, _ = leading_eigenvectors(total / N, count)
    vectors = vectors.astype(np.float32)
    return vectors.reshape(K, K, count) if depthwise else vectors.reshape(K, K, C, count)


def _check_maps(maps):
    if maps.ndim != 4 or maps.dtype.kind != "f":
        raise InputError(f"filters see images or maps (N, H, W, C) of floating point numbers, got {maps.dtype} of "
                         f"shape {tuple(maps.shape)}")


def _shifted(maps, K, rows=slice(None)):
    """Return the windows of K x K of each channel of maps (N, H, W, C): (K·K, N · h · w · C), one place a column.

    `rows` are those of the places that are wanted.
    """
    xp, (N, H, W, C) = array_module(maps), maps.shape
    start, stop, _ = rows.indices(H - K + 1)
    found = xp.empty((K * K, N, stop - start, W - K + 1, C), dtype=maps.dtype)
    for i in range(K):
        for j in range(K):
            found[i * K + j] = maps[:, start + i:stop + i, j:j + W - K + 1]
    return found.reshape(K * K, -1)


def _padded(maps, K):
    """Return maps (N, H, W, C) with a border of zeros, so that there are as many windows of K x K as pixels."""
    return array_module(maps).pad(maps, ((0, 0), (K // 2, K // 2), (K // 2, K // 2), (0, 0)))


def filtered(images, filters):
    """Return what filters (K, K, C, F), K odd, answer at each pixel of images (N, H, W, C) float32: (N, H, W, F).

    Patches lose the mean of each channel first; filters whose mean there is 0, as those of `pca_filters`, do that by
    themselves. Outside an image are zeros.
    """
    array_module(images, filters)
    _check_maps(images)
    if filters.ndim != 4 or filters.shape[2] != images.shape[3]:
        raise InputError(f"images of {images.shape[3]} channels take filters (K, K, {images.shape[3]}, F), got shape "
                         f"{tuple(filters.shape)}")
    K, _, C, F = filters.shape
    patches = all_patches(_padded(images, K), K)
    return (patches.reshape(-1, K * K * C) @ filters.reshape(-1, F)).reshape(*patches.shape[:3], F)


def codes(maps, filters):
    """Return at each pixel of each map a number whose bits say which filters answer with more than 0.

        T = Σ_j 2^(F − 1 − j) · [answer_j > 0]

    Parameters
    ----------
    maps : (N, H, W, L) float32 array
    filters : (K, K, F) float32 array
        At most 8, of mean 0, K odd.

    Returns
    -------
    (N, H, W, L) uint8 array
    """
    xp = array_module(maps, filters)
    _check_maps(maps)
    if filters.ndim != 3 or not 1 <= filters.shape[2] <= 8:
        raise InputError(f"the bits of codes come of 1 to 8 filters (K, K, F), got shape {tuple(filters.shape)}")
    (N, H, W, L), (K, _, F) = maps.shape, filters.shape
    weights, padded, found = filters.reshape(K * K, F).T, _padded(maps, K), xp.empty(maps.shape, dtype=np.uint8)
    step = ROWS if xp is np else H
    for row in range(0, H, step):
        rows = slice(row, min(row + step, H))
        bits = weights @ _shifted(padded, K, rows) > 0
        code = bits[0].astype(np.uint8)
        for bit in bits[1:]:
            code += code
            code += bit
        found[:, rows] = code.reshape(N, -1, W, L)
    return found


def block_histograms(T, bins):
    """Return how often each code occurs in each block of 8 x 8 pixels, blocks being 4 apart.

    A block is four cells of 4 x 4 pixels, so that each pixel is counted once.

    Parameters
    ----------
    T : (N, H, W, L) uint8 array
        H and W multiples of 4, at least 8.
    bins : int
        Codes are below it.

    Returns
    -------
    (N, H / 4 − 1, W / 4 − 1, L · bins) uint8 array
    """
    (bins,), xp = positive(bins=bins), array_module(T)
    if T.ndim != 4 or T.dtype != np.uint8 or any(n % CELL or n < 2 * CELL for n in T.shape[1:3]):
        raise InputError(f"histograms are those of codes (N, H, W, L) of uint8, H and W multiples of {CELL}: got "
                         f"{T.dtype} of shape {tuple(T.shape)}")
    N, H, W, L = T.shape
    h, w = H // CELL, W // CELL
    places = np.arange(N)[:, None, None] * h + np.arange(H)[:, None] // CELL
    places = (places * w + np.arange(W) // CELL)[..., None] * L + np.arange(L)
    count = xp.bincount((to_device(places * bins, xp) + T).ravel(), minlength=N * h * w * L * bins)
    cells = count.astype(np.uint8).reshape(N, h, w, L * bins)
    rows = cells[:, :-1] + cells[:, 1:]
    return rows[:, :, :-1] + rows[:, :, 1:]


def pyramid(blocks):
    """Return the largest of each number over the blocks whose centres lie in each cell of a pyramid of 4, 2 and 1.

    As in the authors' code: a centre on the border of two cells belongs to the first, so that of 7 blocks along an
    axis, with centres at 4, 8, ..., 28 of 32 pixels, the four cells of the finest level have 2, 2, 2 and 1.

    Parameters
    ----------
    blocks : (N, 7, 7, D) array

    Returns
    -------
    (N, 21, D) array
        The 16 cells row by row, then the 4, then the one.
    """
    xp = array_module(blocks)
    if blocks.ndim != 4 or blocks.shape[1:3] != (7, 7):
        raise InputError(f"the pyramid stands on 7 x 7 blocks of an image, (N, 7, 7, D), got {tuple(blocks.shape)}")

    def largest(x, axis):
        """Of 0 and 1, 2 and 3, ...; an odd last one stays alone."""
        first = (slice(None),) * axis
        even, odd = x[(*first, slice(0, None, 2))], x[(*first, slice(1, None, 2))]
        pairs, alone = odd.shape[axis], even.shape[axis] - odd.shape[axis]
        both = xp.maximum(even[(*first, slice(0, pairs))], odd)
        return xp.concatenate([both, even[(*first, slice(pairs, None))]], axis=axis) if alone else both
    levels = [largest(largest(blocks, 1), 2)]
    for _ in range(2):
        levels.append(largest(largest(levels[-1], 1), 2))
    return xp.concatenate([level.reshape(len(blocks), -1, blocks.shape[3]) for level in levels], axis=1)
