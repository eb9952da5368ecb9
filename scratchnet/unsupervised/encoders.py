"""From learnt features to numbers that describe a patch, and from all patches of an image to a vector.

Coates, Ng and Lee (2011), section 3.2: each patch of an image, at stride 1, is compared with K learnt features; the K
numbers of each are summed over the four quadrants of the image. A comparison is one matrix product, into which all
that is the same for each patch is folded.
"""
import numpy as np

from ..backend import array_module, matmul, to_device
from ..checks import positive
from ..errors import InputError
from ..layers.activations import sigmoid
from ..workspace import empty
from .patches import all_patches

ROWS = 7  # of patches whose numbers are computed together: a processor's cache holds them


class Triangle:
    """f_k = max(0, mean of all z_j − z_k), z_k = ‖y − c_k‖: K-means (triangle), Eq. (2) of Coates, Ng and Lee (2011).

    About half of the numbers are 0: those of centroids farther away than the mean. With the columns of `augment`,

        z_k² = (y, ‖y‖², 1) · (−2 c_k, 1, ‖c_k‖²)

    Parameters
    ----------
    centroids : (K, D) float array
    """

    def __init__(self, centroids):
        xp, norms = array_module(centroids), (centroids * centroids).sum(axis=1)
        self.matrix = xp.concatenate([-2 * centroids.T, xp.ones_like(norms)[None], norms[None]])

    def augment(self, Y):
        """Return patches Y (m, D) with the further columns of the product, (m, D + 2)."""
        xp = array_module(Y, self.matrix)
        return xp.concatenate([Y, (Y * Y).sum(axis=1, keepdims=True), xp.ones((len(Y), 1), dtype=Y.dtype)], axis=1)

    def __call__(self, Y):
        """Return f (m, K) of patches that `augment` gave."""
        xp, z = array_module(Y), _product(Y, self.matrix)
        xp.sqrt(xp.maximum(z, 0, out=z), out=z)
        xp.subtract(z.mean(axis=1, keepdims=True), z, out=z)
        return xp.maximum(z, 0, out=z)


class Hard:
    """f_k = 1 for the nearest centroid (of equal ones the first), else 0: K-means (hard), Eq. (1) there.

    Parameters
    ----------
    centroids : (K, D) float array
    """

    def __init__(self, centroids):
        xp = array_module(centroids)
        self.matrix = xp.concatenate([centroids.T, -(centroids * centroids).sum(axis=1)[None] / 2])

    def augment(self, Y):
        """Return patches Y (m, D) with the further column of the product, (m, D + 1)."""
        return _with_ones(Y)

    def __call__(self, Y):
        """Return f (m, K) of patches that `augment` gave."""
        xp, score = array_module(Y), _product(Y, self.matrix)
        nearest = score.argmax(axis=1)
        score[...] = 0
        score[xp.arange(len(Y)), nearest] = 1
        return score


class Sigmoid:
    """f = σ(y · W1 + b1): the hidden units of an auto-encoder.

    Parameters
    ----------
    W1 : (D, K) float array
    b1 : (K,) float array
    """

    def __init__(self, W1, b1):
        self.matrix = array_module(W1, b1).concatenate([W1, b1[None]])

    def augment(self, Y):
        """Return patches Y (m, D) with the further column of the product, (m, D + 1)."""
        return _with_ones(Y)

    def __call__(self, Y):
        """Return f (m, K) of patches that `augment` gave."""
        return sigmoid(_product(Y, self.matrix))


def _with_ones(Y):
    xp = array_module(Y)
    return xp.concatenate([Y, xp.ones((len(Y), 1), dtype=Y.dtype)], axis=1)


def _product(Y, matrix):
    xp = array_module(Y, matrix)
    return matmul(Y, matrix, empty(xp, (len(Y), matrix.shape[1]), matrix.dtype))


def quadrants(images, K, prepare, encoder):
    """Return the sums over the quadrants of each image of what `encoder` says of its patches, (N, 4 · features).

    Parameters
    ----------
    images : (N, H, W, C) array
    K : int
        Size of the patches. Of n places along an axis, the first half has n / 2, rounded up.
    prepare : callable
        ``prepare(patches) -> Y``: (m, K·K·C) of the dtype of the images to (m, D) floats.
    encoder : Triangle, Hard or Sigmoid

    Returns
    -------
    (N, 4 · features) float array
        Top left, top right, bottom left, bottom right.
    """
    positive(K=K)
    xp = array_module(images, encoder.matrix)
    if images.ndim != 4:
        raise InputError(f"patches are those of images (N, H, W, C), got shape {tuple(images.shape)}")
    features = encoder.matrix.shape[1]
    if xp is np:
        parts = [_pooled(images[n:n + 1], K, prepare, encoder, ROWS) for n in range(len(images))]
        return np.concatenate([part.reshape(1, -1) for part in parts]) if parts else np.zeros((0, 4 * features),
                                                                                             encoder.matrix.dtype)
    return _pooled(images, K, prepare, encoder, images.shape[1]).reshape(len(images), -1)


def _pooled(images, K, prepare, encoder, rows):
    """Return the sums (N, 4, features) for some images, whose numbers are computed so many rows of patches at a time.

    The sum of what stands left and right in some rows is a product with a matrix of ones and zeros.
    """
    xp, patches = array_module(images), all_patches(images, K)
    N, H, W, D = patches.shape
    Y = encoder.augment(prepare(patches.reshape(-1, D))).reshape(N, H, W, -1)
    left = xp.arange(W) < -(-W // 2)
    sides = to_device(np.zeros((2, 1, 1), Y.dtype), xp) + xp.stack([left, ~left]).astype(Y.dtype)[:, None]
    sums, middle = xp.zeros((N, 4, encoder.matrix.shape[1]), dtype=Y.dtype), -(-H // 2)
    for start, end in ((0, middle), (middle, H)):
        for row in range(start, end, rows):
            some = Y[:, row:min(row + rows, end)]
            n = some.shape[1]
            f = encoder(xp.ascontiguousarray(some).reshape(N * n * W, -1)).reshape(N, n * W, -1)
            member = (sides + xp.zeros((1, n, 1), dtype=Y.dtype)).reshape(2, n * W)
            quarter = slice(0, 2) if start == 0 else slice(2, 4)
            sums[:, quarter] += member @ f
    return sums
