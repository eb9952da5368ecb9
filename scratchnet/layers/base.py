"""What every layer has in common.

A layer owns parameters and settings, but nothing that belongs to a batch: `forward` returns the output and a cache, and
`backward` takes that cache back. So any number of threads may push different images through one layer at the
same time. Arrays are laid out (N, H, W, C): N images of height H and width W with C channels.
"""
from ..backend import array_module, to_device
from ..errors import InputError

LAYOUT = "(N, H, W, C)"


class Layer:
    """A differentiable function y = f(x; params).

    Attributes
    ----------
    params : dict of str to array
        The trainable arrays; empty for most layers. `backward` returns gradients under the same keys.
    decayed : tuple of str
        The keys of `params` that weight decay applies to: weights. A bias has nothing to over-fit with.
    """

    decayed = ()

    def __init__(self):
        self.params = {}

    def forward(self, x, rng=None):
        """Return (y, cache). `rng` makes random layers random; without it they are deterministic."""
        raise TypeError(f"{type(self).__name__} does not say how to go forward")

    def backward(self, dy, cache, need_dx=True):
        """Return (dx, grads): the gradients of the loss with respect to x and to each of `params`.

        `dy` is the gradient with respect to y, of y's shape, which `_check_gradient` sees to. With ``need_dx=False``,
        dx may be None: the first layer of a network has no layer to pass it to.
        """
        raise TypeError(f"{type(self).__name__} does not say how to go backward")

    def output_shape(self, input_shape):
        """Return the shape of y for one image of `input_shape` (both without N)."""
        return tuple(input_shape)

    def multiply_adds(self, input_shape):
        """Return the multiply-adds that one image of `input_shape` costs going forward."""
        return 0

    def algorithm_used(self):
        """Return the name of the algorithm that computes this layer, where there are several."""
        return ""

    def branches(self, cache):
        """Return arrays that tell which linear piece each unit is on; empty for smooth layers.

        The gradient check compares them on both sides of a step: where they differ, the step crossed a kink
        and the difference quotient says nothing.
        """
        return ()

    def to(self, xp):
        """Move the parameters to the backend `xp` and return the layer."""
        for name, value in self.params.items():
            self.params[name] = to_device(value, xp)
        return self

    def describe(self):
        """Return the settings that the shape of the parameters does not show, as text."""
        return ""

    def __repr__(self):
        return f"{type(self).__name__}({self.describe()})"

    def _refuse(self, expected, x, remedy):
        got = f"{x.dtype} of shape {tuple(x.shape)}" if hasattr(x, "dtype") else type(x).__name__
        raise InputError(f"{self!r} expected {expected}, got {got}: {remedy}")

    def _check_float(self, x):
        if not hasattr(x, "dtype") or x.dtype.kind != "f":
            self._refuse("floating point numbers", x, "convert first, e.g. with data.Standardizer or x.astype")
        array_module(x)

    def _check_gradient(self, dy, shape, dtype=None):
        """Refuse what is not a float array of y's shape: another would be broadcast, or read beyond its end."""
        own = getattr(dy, "dtype", None)
        if own is None or own.kind != "f" or dy.shape != tuple(shape) or dtype is not None and own != dtype:
            wanted = "floating point numbers" if dtype is None else dtype
            self._refuse(f"a gradient of {wanted} of shape {tuple(shape)}", dy,
                         "it is the gradient with respect to this layer's output, of its shape and type")
        array_module(dy)

    def _check_images(self, x, channels=None):
        """Refuse anything but a float array (N, H, W, channels) before any arithmetic."""
        self._check_float(x)
        if x.ndim != 4:
            self._refuse(f"images {LAYOUT}", x, "a single image needs a leading axis, x[None]")
        if channels is not None and x.shape[3] != channels:
            remedy = f"x.transpose(0, 2, 3, 1) turns (N, C, H, W) into {LAYOUT}" if x.shape[1] == channels \
                else "build the layer with in_channels of the images"
            self._refuse(f"images {LAYOUT} with C = {channels}", x, remedy)


def window_count(layer, length, size, stride):
    """Return how many windows of `size` fit into `length` pixels at `stride`: ⌊(length − size) / stride⌋ + 1."""
    if length < size:
        raise InputError(f"{layer!r}: a window of {size} does not fit into {length} pixels: "
                         "use a smaller window, more padding or larger images")
    return (length - size) // stride + 1
