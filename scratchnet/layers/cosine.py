"""A classifier by angles: what a class has learnt is a direction; how near the descriptor points to it is its score.

Retrieval by angular distance sees directions only. A fully connected layer also learns from lengths, so that two
descriptors of one class may differ in direction as long as they are long enough.
"""
import numpy as np

from ..backend import array_module
from ..checks import not_negative
from ..errors import SettingsError
from .dense import Dense
from .initializers import he_normal


class CosineDense(Dense):
    """y = scale · x̂ · Ŵ: scaled cosines of the angles between x (D,) and the columns of W (D, M).

    x̂ = x / ‖x‖, and Ŵ has the columns of W divided by their lengths. Without a scale the scores would lie between −1
    and 1, and no softmax of them could be sure of anything (NormFace: Wang et al., 2017). An x of zeros has no
    direction; its scores are 0, and nothing is learnt from it.

    Parameters
    ----------
    in_features, out_features : int
        D and M.
    scale : float
        Above 0.
    rng, dtype, init
        As for `Conv2D`.
    """

    def __init__(self, in_features, out_features, scale=10.0, rng=None, dtype=np.float32, init=he_normal):
        super().__init__(in_features, out_features, rng, dtype, init)
        del self.params["b"]
        not_negative(scale=scale)
        if not scale:
            raise SettingsError("the scale of cosines must be above 0")
        self.scale = float(scale)

    def forward(self, x, rng=None):
        """Map x (N, D) to y (N, M)."""
        self._check_float(x)
        W = self.params["W"]
        if x.ndim != 2 or x.shape[1] != len(W):
            self._refuse(f"vectors (N, {len(W)})", x, "build it with in_features of x")
        directions, lengths = _normalized(x, axis=1)
        columns, widths = _normalized(W, axis=0)
        cosines = directions @ columns
        return self.scale * cosines, (directions, lengths, columns, widths)

    def backward(self, dy, cache, need_dx=True):
        """With g = scale · dy · Ŵᵀ, dx = (g − (g · x̂) x̂) / ‖x‖: what points along x changes only its length.

        dW is made likewise of x̂ᵀ · scale · dy, column by column.
        """
        directions, lengths, columns, widths = cache
        self._check_gradient(dy, (len(directions), columns.shape[1]))
        dy = self.scale * dy
        dx = _through(dy @ columns.T, directions, lengths, axis=1) if need_dx else None
        return dx, {"W": _through(directions.T @ dy, columns, widths, axis=0)}

    def describe(self):
        """Return D, M and the scale."""
        return "{} -> {}, scale={:g}".format(*self.params["W"].shape, self.scale)


def _normalized(x, axis):
    """Return x / ‖x‖ along an axis, 0 where x is, and 1 / ‖x‖, 0 there, too."""
    xp = array_module(x)
    lengths = xp.sqrt((x * x).sum(axis=axis, keepdims=True))
    inverse = xp.where(lengths > 0, 1 / xp.where(lengths > 0, lengths, 1), 0).astype(x.dtype)
    return x * inverse, inverse


def _through(g, directions, inverse, axis):
    """Return the gradient with respect to x of which g is that with respect to x / ‖x‖."""
    return (g - (g * directions).sum(axis=axis, keepdims=True) * directions) * inverse
