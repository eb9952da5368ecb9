"""Sub-sampling: each window of the feature map becomes one value (paper, section 3, "Training Stage").

Not specified in the paper: kind and size of the window. We use the maximum over 2x2 by default; the mean and
overlapping windows (size > stride) are here too. A window of size² values is seen as size² shifted, strided
copies of the map, so that the work is size² whole-array operations and no loop over pixels.
"""
from ..backend import array_module
from .base import Layer, positive, window_count


class _Pool2D(Layer):
    def __init__(self, size, stride=None):
        super().__init__()
        stride = size if stride is None else stride
        positive(size=size, stride=stride)
        self.size, self.stride = size, stride

    def _windows(self, x, OH, OW):
        """Yield the copies of x, one for each place in the window in reading order, as views (N, OH, OW, C)."""
        s = self.stride
        for p in range(self.size):
            for q in range(self.size):
                yield x[:, p:p + s * OH:s, q:q + s * OW:s]

    def output_shape(self, input_shape):
        """Return (OH, OW, C); columns and rows that fill no whole window are left out."""
        H, W, C = input_shape
        return tuple(window_count(self, n, self.size, self.stride) for n in (H, W)) + (C,)

    def describe(self):
        """Return size and stride."""
        return f"{self.size}x{self.size}, stride {self.stride}"


class MaxPool2D(_Pool2D):
    """y[n, i, j, c] = max over p, q < size of x[n, i·stride + p, j·stride + q, c].

    Parameters
    ----------
    size : int
        Height and width of the window.
    stride : int, optional
        Step of the window; None means `size`, so that windows do not overlap.

    Notes
    -----
    The gradient goes to the largest value; among equal ones, to the first in reading order and to no other.
    """

    def forward(self, x, rng=None):
        """Pool x (N, H, W, C) into y (N, OH, OW, C)."""
        self._check_images(x)
        xp = array_module(x)
        OH, OW, _ = self.output_shape(x.shape[1:])
        windows = self._windows(x, OH, OW)
        y = next(windows).copy()
        winner = xp.zeros(y.shape, dtype=xp.uint8 if self.size <= 16 else xp.uint32)
        for place, value in enumerate(windows, start=1):
            xp.copyto(winner, place, where=value > y)
            xp.maximum(y, value, out=y)
        return y, (winner, x.shape)

    def backward(self, dy, cache, need_dx=True):
        """Send each dy to the place that won its window."""
        winner, x_shape = cache
        dx = array_module(dy).zeros(x_shape, dtype=dy.dtype)
        for place, target in enumerate(self._windows(dx, *dy.shape[1:3])):
            target += dy * (winner == place)
        return dx, {}

    def branches(self, cache):
        """Return the winning place of each window."""
        return (cache[0],)


class MeanPool2D(_Pool2D):
    """y[n, i, j, c] = mean over p, q < size of x[n, i·stride + p, j·stride + q, c]; parameters as `MaxPool2D`."""

    def forward(self, x, rng=None):
        """Pool x (N, H, W, C) into y (N, OH, OW, C)."""
        self._check_images(x)
        OH, OW, _ = self.output_shape(x.shape[1:])
        y = sum(self._windows(x, OH, OW))
        y /= self.size**2
        return y, x.shape

    def backward(self, dy, cache, need_dx=True):
        """Spread each dy evenly over its window."""
        dx = array_module(dy).zeros(cache, dtype=dy.dtype)
        share = dy / self.size**2
        for target in self._windows(dx, *dy.shape[1:3]):
            target += share
        return dx, {}
