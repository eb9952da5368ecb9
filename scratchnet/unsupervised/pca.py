"""Principal components: the directions in which data vary most.

Of patches, the first are edges and gratings, which PCANet (Chan et al., 2015) takes for filters. Of long feature
vectors, they make short descriptors that keep most of the distances.
"""
import numpy as np

from ..backend import array_module
from ..checks import positive
from ..errors import InputError, SettingsError

COLUMNS = 4096  # of long vectors at a time
ROUNDING = 1e-6  # of the largest eigenvalue: below it, products in float32 tell nothing


def leading_eigenvectors(matrix, count):
    """Return the eigenvectors of the `count` largest eigenvalues of a symmetric matrix (D, D), and these.

    The sign of an eigenvector means nothing; here its largest number, in absolute value, is positive, so that all
    backends agree.

    Returns
    -------
    vectors : (D, count) array
        In columns, the largest eigenvalue first.
    values : (count,) array
    """
    (count,), xp = positive(count=count), array_module(matrix)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.dtype.kind != "f":
        raise InputError(f"eigenvectors are those of a symmetric matrix (D, D) of floats, got {matrix.dtype} of shape "
                         f"{tuple(matrix.shape)}")
    if count > len(matrix):
        raise SettingsError(f"{len(matrix)} numbers have {len(matrix)} principal components, not {count}: ask for "
                            f"{len(matrix)} at most")
    values, vectors = xp.linalg.eigh(matrix)
    values, vectors = values[::-1][:count], vectors[:, ::-1][:, :count]
    largest = xp.take_along_axis(vectors, xp.abs(vectors).argmax(axis=0)[None], axis=0)
    return vectors * xp.sign(largest), values


def principal_components(X, count, centre=True, scale=None):
    """Return the mean of some long vectors, and a basis of the directions in which they vary most.

    They are the eigenvectors of the covariance. With fewer vectors n than numbers D, the matrix X · Xᵀ of their
    products, n x n, has the same eigenvalues λ as the covariance, D x D, times n; and the components are what its
    eigenvectors u are mapped to, Xᵀ · u / √λ.

    Parameters
    ----------
    X : (n, D) array of numbers
        n ≥ 2; whole numbers are converted a part at a time.
    count : int
        At most so many; n − 1 and D are others' limits, and directions without variance do not count.
    centre : bool
        Whether to take out the mean; otherwise it is returned as 0.
    scale : (n,) float32 array, optional
        What each vector is multiplied with first.

    Returns
    -------
    mean : (D,) float32 array
    basis : (D, d) float32 array
        Orthonormal columns.
    """
    (count,), xp = positive(count=count), array_module(X)
    if X.ndim != 2 or len(X) < 2 or X.dtype.kind not in "fiu":
        raise InputError(f"principal components are those of n ≥ 2 vectors (n, D) of numbers, got {X.dtype} of shape "
                         f"{tuple(X.shape)}")
    n, D = X.shape
    mean, dual = xp.zeros(D, dtype=np.float32), D > n
    products = xp.zeros((n, n) if dual else (D, D), dtype=np.float64)
    pieces = [slice(at, at + COLUMNS) for at in range(0, D, COLUMNS)] if dual else [slice(0, D)]

    def scaled(piece):
        x = X[:, piece].astype(np.float32)
        return x if scale is None else x * scale[:, None]
    for piece in pieces:
        x = scaled(piece)
        if centre:
            mean[piece] = x.mean(axis=0, dtype=np.float64)
            x = x - mean[piece]
        products += x @ x.T if dual else x.T @ x
    U, values = leading_eigenvectors(products, min(count, n - centre, D))
    d = max(1, int((values > ROUNDING * float(values[0])).sum()))
    if not dual:
        return mean, U[:, :d].astype(np.float32)
    vectors = (U[:, :d] / xp.sqrt(xp.maximum(values[:d], 1e-30))).astype(np.float32)
    basis = xp.empty((D, d), dtype=np.float32)
    for piece in pieces:
        basis[piece] = (scaled(piece) - mean[piece]).T @ vectors
    return mean, basis
