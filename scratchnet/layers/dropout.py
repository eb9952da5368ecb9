"""Dropout: switch units off at random while training (Srivastava et al., 2014).

The paper does not use it; it is here because what regularises this network pays in accuracy and still more in
retrieval.
"""
import numpy as np

from ..backend import array_module, to_device
from ..errors import SettingsError
from .base import Layer


class Dropout(Layer):
    """y = x · m / (1 − rate) with m = 0 at probability `rate`, else 1; y = x where no generator is given.

    Parameters
    ----------
    rate : float
        Share of units to switch off, 0 ≤ rate < 1. The survivors are scaled up, so that the expected value
        stays and evaluation needs no correction.
    """

    def __init__(self, rate):
        super().__init__()
        if not 0 <= rate < 1:
            raise SettingsError(f"the dropout rate must be at least 0 and below 1, got {rate}")
        self.rate = rate

    def forward(self, x, rng=None):
        """Drop units of x at random, or return x itself if `rng` is None (evaluation)."""
        self._check_float(x)
        if rng is None or self.rate == 0:
            return x, (x.shape, None)
        kept = rng.random(x.shape, dtype=np.float32) >= self.rate
        mask = to_device(kept, array_module(x)) * x.dtype.type(1 / (1 - self.rate))
        return x * mask, (x.shape, mask)

    def backward(self, dy, cache, need_dx=True):
        """dx = dy · m / (1 − rate), with the mask of the forward pass."""
        shape, mask = cache
        self._check_gradient(dy, shape)
        return dy if mask is None else dy * mask, {}

    def describe(self):
        """Return the rate."""
        return f"{self.rate}"
