"""ZCA whitening: take out of the patches what neighbouring pixels share (paper, section 3).

Neighbouring pixels are nearly equal, so an auto-encoder on raw patches spends itself on smooth blobs. Whitening
rotates the patches to their principal components, scales each to the same variance and rotates back: the result
still looks like a patch, with its edges brought out. Without rotating back, and without the components that hardly
vary, a whole image becomes a short vector of independent numbers.
"""
import numpy as np

from ..backend import array_module
from ..checks import not_negative, positive
from ..errors import InputError
from .pca import principal_components


class ZCA:
    """x ↦ (x − mean) · T with T = U · diag(1 / √(λ + ε)) · Uᵀ, where Cov(x) = U · diag(λ) · Uᵀ.

    Bell and Sejnowski (1997). The paper gives no ε; it keeps components that carry nothing but noise (high
    frequencies) from being blown up, and belongs to the scale of the data: 0.1 for pixels of unit variance.

    Parameters
    ----------
    epsilon : float
        ε ≥ 0, in units of the data's variance.

    Attributes
    ----------
    mean : (D,) array
    transform_matrix, inverse_matrix : (D, D) arrays
        T, which is symmetric, and its inverse U · diag(√(λ + ε)) · Uᵀ. All are float64.
    """

    def __init__(self, epsilon=0.1):
        not_negative(epsilon=epsilon)
        self.epsilon = epsilon

    def fit(self, X):
        """Learn mean and covariance of the rows of X (m, D) and return self."""
        xp = array_module(X)
        _check(X)
        if len(X) < 2:
            raise InputError(f"whitening learns from m ≥ 2 rows, got {len(X)}")
        X = _finite(X.astype(np.float64))
        self.mean = X.mean(axis=0)
        centred = X - self.mean
        eigenvalues, U = xp.linalg.eigh(centred.T @ centred / len(X))
        scale = xp.sqrt(xp.maximum(eigenvalues, 0) + self.epsilon)
        if not float(scale.min()) > 1e-12 * float(scale.max()):
            raise InputError("the patches do not vary in every direction: whiten with an epsilon above 0")
        self.transform_matrix = (U / scale) @ U.T
        self.inverse_matrix = (U * scale) @ U.T
        return self

    def transform(self, X):
        """Whiten the rows of X (m, D); floats keep their precision."""
        _check(X, self.mean)
        return ((X - self.mean) @ self.transform_matrix).astype(_float(X))

    def inverse(self, X):
        """Undo `transform`."""
        _check(X, self.mean)
        return (X @ self.inverse_matrix + self.mean).astype(_float(X))


class PCAWhitening:
    """x ↦ (x − mean) · V · diag(1 / √(λ + ε)), with V (D, d) the leading eigenvectors of Cov(x) and λ the eigenvalues.

    Rotated back, that is ZCA without the other components. Whoever compares data by products and distances only, as a
    Boltzmann machine with Gaussian units does, learns the same from both: from d numbers, at a fraction of the price.

    Parameters
    ----------
    count : int
        d.
    epsilon : float
        ε ≥ 0, in units of the data's variance.

    Attributes
    ----------
    mean : (D,) float32 array
    transform_matrix : (D, d) float32 array
        V · diag(1 / √(λ + ε)). With weights W (d, M) behind it, transform_matrix · W are weights (D, M) of the same
        meaning for x − mean.
    inverse_matrix : (d, D) float32 array
        diag(√(λ + ε)) · Vᵀ, back to what the kept components tell of x − mean.
    """

    def __init__(self, count, epsilon=0.0):
        not_negative(epsilon=epsilon)
        (self.count,), self.epsilon = positive(count=count), epsilon

    def fit(self, X):
        """Learn from the rows of X (m, D), numbers, and return self."""
        xp = array_module(X)
        _check(X)
        self.mean, V = principal_components(_finite(X), self.count)
        if V.shape[1] < self.count:
            raise InputError(f"{len(X)} rows of {X.shape[1]} numbers vary in {V.shape[1]} directions, not in "
                             f"{self.count}: keep fewer components, or learn from more data")
        z = (X - self.mean) @ V
        scale = xp.sqrt((z * z).mean(axis=0) + self.epsilon).astype(np.float32)
        self.transform_matrix, self.inverse_matrix = V / scale, (V * scale).T
        return self

    def transform(self, X):
        """Return the whitened components (m, d) of the rows of X (m, D); floats keep their precision."""
        _check(X, self.mean)
        return ((X - self.mean) @ self.transform_matrix).astype(_float(X))


def _check(X, mean=None):
    """Refuse what is not numbers (m, D), D being that of `mean` if it is given: another width would be broadcast."""
    array_module(X)
    if X.ndim != 2 or X.dtype.kind not in "fiu" or mean is not None and X.shape[1] != len(mean):
        D = "D" if mean is None else len(mean)
        raise InputError(f"whitening takes numbers (m, {D}), got {X.dtype} of shape {tuple(X.shape)}")


def _finite(X):
    """Return X, unless there is something in it to which the mean would be lost."""
    if not bool(array_module(X).isfinite(X).all()):
        raise InputError("whitening cannot learn from numbers that are not finite: look for NaN in the data")
    return X


def _float(X):
    return X.dtype if X.dtype.kind == "f" else np.float64
