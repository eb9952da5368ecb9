"""Sub-sampling: each window of the feature map becomes one value (paper, section 3, "Training Stage").

Not specified in the paper: kind and size of the window. We use the maximum over 2x2 by default; the mean and
overlapping windows (size > stride) are here too. A window is pooled along its rows first, then the rows' results
along its columns: each pass sees the map as `size` shifted, strided copies, so there is no loop over pixels.
"""
from ..backend import array_module
from ..checks import positive
from ..gpu import launcher
from ..workspace import empty
from .base import Layer, window_count


class _Pool2D(Layer):
    def __init__(self, size, stride=None):
        super().__init__()
        self.size, self.stride = positive(size=size, stride=size if stride is None else stride)

    def _shifted(self, x, axis, count):
        """Return views of x (N, H, W, C): for each place in a window, that place of all `count` windows of an axis."""
        stop = self.stride * count
        places = (slice(place, place + stop, self.stride) for place in range(self.size))
        return [x[:, place] if axis == 1 else x[:, :, place] for place in places]

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
        OH, OW, C = self.output_shape(x.shape[1:])
        launch = self._launcher(x)
        if launch:
            xp = array_module(x)
            y = xp.empty((len(x), OH, OW, C), dtype=x.dtype)
            winner = xp.empty(y.shape, dtype=xp.uint8)
            launch("pooling", "max_pool", y.size, xp.ascontiguousarray(x), y, winner, **self.defines(x.shape))
            return y, ([winner], [], x.shape)
        rows, higher_columns = self._largest(x, 2, OW)
        y, higher_rows = self._largest(rows, 1, OH)
        return y, (higher_rows, higher_columns, x.shape)

    def _launcher(self, x):
        """Return the way to run pooling.cu, which numbers the places of a window in one byte, or None."""
        return launcher(array_module(x)) if self.size**2 <= 256 else None

    def defines(self, x_shape):
        """Return what pooling.cu wants to know of an input (N, H, W, C)."""
        H, W, C = x_shape[1:]
        OH, OW, _ = self.output_shape((H, W, C))
        return {"H": H, "W": W, "C": C, "OH": OH, "OW": OW, "SIZE": self.size, "STRIDE": self.stride}

    def _largest(self, x, axis, count):
        """Return the largest value of each window along one axis, and for each place but the first whether it
        was higher than all before it: the last that was is the first of the largest.
        """
        xp = array_module(x)
        first, *others = self._shifted(x, axis, count)
        if not others:
            return first, []
        best, higher = empty(xp, first.shape, x.dtype), []
        for value in others:
            higher.append(xp.greater(value, first, out=empty(xp, first.shape, xp.bool_)))
            first = xp.maximum(first, value, out=best)
        return best, higher

    def backward(self, dy, cache, need_dx=True):
        """Send each dy to the place that won its window: back along the columns, then along the rows."""
        higher_rows, higher_columns, (N, H, W, C) = cache
        self._check_gradient(dy, (N, *self.output_shape((H, W, C))))
        launch = self._launcher(dy)
        if launch:
            xp = array_module(dy)
            dx = xp.empty((N, H, W, C), dtype=dy.dtype)
            launch("pooling", "max_pool_backward", dx.size, xp.ascontiguousarray(dy), *higher_rows, dx,
                   **self.defines(dx.shape))
            return dx, {}
        drows = self._send(dy, higher_rows, 1, (N, H, dy.shape[2], C))
        return self._send(drows, higher_columns, 2, (N, H, W, C)), {}

    def _send(self, dy, higher, axis, shape):
        """Walk the places from last to first: each takes what it won, and leaves the rest to those before it."""
        xp = array_module(dy)
        apart = self.stride >= self.size  # no two windows share a place
        dx = empty(xp, shape, dy.dtype)
        if not (self.size == self.stride and shape[axis] == self.size * dy.shape[axis]):
            dx[...] = 0  # some place belongs to no window, or to several
        first, *others = self._shifted(dx, axis, dy.shape[axis])
        for won, target in zip(reversed(higher), reversed(others)):
            if apart:
                xp.multiply(dy, won, out=target)
                dy = xp.subtract(dy, target, out=first)
            else:
                part = dy * won
                target += part
                dy = dy - part
        if not apart:
            first += dy
        elif not others:
            first[...] = dy
        return dx

    def branches(self, cache):
        """Return which places of a window were higher than all before them, or from a GPU which place won."""
        return (*cache[0], *cache[1])


class MeanPool2D(_Pool2D):
    """y[n, i, j, c] = mean over p, q < size of x[n, i·stride + p, j·stride + q, c]; parameters as `MaxPool2D`."""

    def forward(self, x, rng=None):
        """Pool x (N, H, W, C) into y (N, OH, OW, C)."""
        self._check_images(x)
        OH, OW, _ = self.output_shape(x.shape[1:])
        y = sum(self._shifted(sum(self._shifted(x, 2, OW)), 1, OH))
        y /= self.size**2
        return y, x.shape

    def backward(self, dy, cache, need_dx=True):
        """Spread each dy evenly over its window."""
        N, H, W, C = cache
        self._check_gradient(dy, (N, *self.output_shape((H, W, C))))
        xp = array_module(dy)
        drows, dx = (xp.zeros(shape, dtype=dy.dtype) for shape in ((N, H, dy.shape[2], C), cache))
        for target in self._shifted(drows, 1, dy.shape[1]):
            target += dy / self.size**2
        for target in self._shifted(dx, 2, dy.shape[2]):
            target += drows
        return dx, {}
