"""Non-linearities: y = f(x), element by element.

The paper uses the rectified linear unit, its Eq. (1), after each sub-sampling; the sparse auto-encoder's
hidden units are sigmoids.
"""
from ..backend import array_module
from ..checks import not_negative
from .base import Layer


class ReLU(Layer):
    """y = max(0, x): Eq. (1) of the paper. The gradient at exactly 0 is taken as 0."""

    def forward(self, x, rng=None):
        """Rectify x of any shape."""
        self._check_float(x)
        return array_module(x).maximum(x, 0), x > 0

    def backward(self, dy, cache, need_dx=True):
        """dx = dy where x > 0, else 0."""
        self._check_gradient(dy, cache.shape)
        return dy * cache, {}

    def branches(self, cache):
        """Return which units are on."""
        return (cache,)


class CappedReLU(Layer):
    """y = min(max(0, x), cap). The gradient at exactly 0 and at the cap is taken as 0.

    Krizhevsky, Convolutional Deep Belief Networks on CIFAR-10 (2010), who has a cap of 6.

    Parameters
    ----------
    cap : float
    """

    def __init__(self, cap=6.0):
        super().__init__()
        not_negative(cap=cap)
        self.cap = cap

    def forward(self, x, rng=None):
        """Rectify and cap x of any shape."""
        self._check_float(x)
        return array_module(x).clip(x, 0, self.cap), (x > 0) & (x < self.cap)

    def backward(self, dy, cache, need_dx=True):
        """dx = dy where 0 < x < cap, else 0."""
        self._check_gradient(dy, cache.shape)
        return dy * cache, {}

    def branches(self, cache):
        """Return which units are neither off nor at the cap."""
        return (cache,)

    def describe(self):
        """Return the cap."""
        return f"cap={self.cap:g}"


class Sigmoid(Layer):
    """y = 1 / (1 + e^−x)."""

    def forward(self, x, rng=None):
        """Squash x of any shape into (0, 1)."""
        self._check_float(x)
        y = sigmoid(x)
        return y, y

    def backward(self, dy, cache, need_dx=True):
        """dx = dy · y · (1 − y)."""
        self._check_gradient(dy, cache.shape)
        return dy * cache * (1 - cache), {}


class Tanh(Layer):
    """y = tanh(x)."""

    def forward(self, x, rng=None):
        """Squash x of any shape into (−1, 1)."""
        self._check_float(x)
        y = array_module(x).tanh(x)
        return y, y

    def backward(self, dy, cache, need_dx=True):
        """dx = dy · (1 − y²)."""
        self._check_gradient(dy, cache.shape)
        return dy * (1 - cache**2), {}


def sigmoid(x):
    """Return 1 / (1 + e^−x) as ½ + ½·tanh(x / 2), which cannot overflow."""
    y = array_module(x).tanh(x * 0.5)
    y *= 0.5
    y += 0.5
    return y
