"""The fully connected layer, and the step from feature maps to vectors that precedes it.

The paper's 400-dimensional fully connected layer is its image descriptor (section 3, Figure 7).
"""
from math import prod

import numpy as np

from ..checks import positive
from ..errors import InputError
from .base import Layer
from .initializers import he_normal, weights_and_bias


class Dense(Layer):
    """y = x · W + b, with W (D, M) and b (M,).

    Parameters
    ----------
    in_features, out_features : int
        D and M.
    rng, dtype, init
        As for `Conv2D`.
    """

    decayed = ("W",)

    def __init__(self, in_features, out_features, rng=None, dtype=np.float32, init=he_normal):
        super().__init__()
        D, M = positive(in_features=in_features, out_features=out_features)
        self.params = weights_and_bias((D, M), D, rng, dtype, init)

    def forward(self, x, rng=None):
        """Map x (N, D) to y (N, M)."""
        self._check_float(x)
        D = self.params["W"].shape[0]
        if x.ndim != 2 or x.shape[1] != D:
            self._refuse(f"vectors (N, {D})", x, "put a Flatten before it, or build it with in_features of x")
        return x @ self.params["W"] + self.params["b"], x

    def backward(self, dy, cache, need_dx=True):
        """dx = dy · Wᵀ,  dW = xᵀ · dy,  db = Σ_n dy[n]."""
        self._check_gradient(dy, (len(cache), *self.params["b"].shape))
        dx = dy @ self.params["W"].T if need_dx else None
        return dx, {"W": cache.T @ dy, "b": dy.sum(axis=0)}

    def output_shape(self, input_shape):
        """Return (M,)."""
        D, M = self.params["W"].shape
        if tuple(input_shape) != (D,):
            raise InputError(f"{self!r} takes vectors of {D} numbers, got the shape {tuple(input_shape)}")
        return (M,)

    def multiply_adds(self, input_shape):
        """Return D · M."""
        return self.params["W"].size

    def describe(self):
        """Return D and M."""
        return "{} -> {}".format(*self.params["W"].shape)


class Flatten(Layer):
    """Lay (N, H, W, C) out as (N, H·W·C)."""

    def forward(self, x, rng=None):
        """Return a view of x where its memory allows."""
        self._check_float(x)
        return x.reshape(len(x), prod(x.shape[1:])), x.shape

    def backward(self, dy, cache, need_dx=True):
        """Give dy the shape of x again."""
        self._check_gradient(dy, (cache[0], prod(cache[1:])))
        return dy.reshape(cache), {}

    def output_shape(self, input_shape):
        """Return (H·W·C,)."""
        return (prod(input_shape),)
