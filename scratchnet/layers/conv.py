"""The convolution layer: F kernels slide over the image (paper, section 3, "Training Stage").

The layer keeps kernels and bias; the sliding itself is done by one of the algorithms that lie side by side
(`naive`, `conv_im2col`, `conv_winograd`). They agree up to rounding, so which one runs is a matter of speed only.
"""
from types import SimpleNamespace

import numpy as np

from ..backend import array_module
from ..checks import counts, positive
from ..errors import InputError, SettingsError
from . import conv_im2col, conv_winograd, naive
from .base import Layer, window_count
from .initializers import he_normal, weights_and_bias

ALGORITHMS = {
    "naive": SimpleNamespace(forward=naive.conv_forward, backward=naive.conv_backward),
    "im2col": conv_im2col,
    "winograd": conv_winograd,
}


class Conv2D(Layer):
    """y = W ∗ x + b, with W (K, K, C, F) and b (F,): the cross-correlation that the field calls convolution.

    Parameters
    ----------
    in_channels, out_channels : int
        C and F.
    kernel_size : int
        K; kernels are square.
    stride, padding : int
        Step of the window, and zeros added on each side. The paper states neither; it needs the output to keep
        the size of the input (three poolings must fit into 32 pixels), which is stride 1 and padding K // 2 for odd K.
    rng : numpy.random.Generator, optional
        Draws the initial kernels (the bias starts at 0). Without one, no two layers are alike, nor two runs.
    dtype : dtype
        Of the parameters: float32 to train, float64 to check gradients.
    init : callable
        ``init(shape, fan_in, rng, dtype)``; see `initializers`.
    algorithm : {"auto", "winograd", "im2col", "naive"}
        How to convolve. "auto" is Winograd's algorithm where it applies and pays, im2col elsewhere. Where
        "winograd" is asked for and does not apply, im2col takes over.
    """

    decayed = ("W",)

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, rng=None, dtype=np.float32,
                 init=he_normal, algorithm="auto"):
        super().__init__()
        C, F, K, self.stride = positive(in_channels=in_channels, out_channels=out_channels, kernel_size=kernel_size,
                                        stride=stride)
        self.padding, = counts(padding=padding)
        if algorithm != "auto" and algorithm not in ALGORITHMS:
            names = ", ".join(ALGORITHMS)
            raise SettingsError(f"there is no convolution algorithm {algorithm!r}: choose auto, {names}")
        self.algorithm = algorithm
        self.params = weights_and_bias((K, K, C, F), K**2 * C, rng, dtype, init)

    def algorithm_used(self):
        """Return the name of the algorithm that runs."""
        if self.algorithm not in ("auto", "winograd"):
            return self.algorithm
        K, _, C, _ = self.params["W"].shape
        suits = conv_winograd.covers(K, self.stride) and (self.algorithm == "winograd" or conv_winograd.pays(C))
        return "winograd" if suits else "im2col"

    def forward(self, x, rng=None):
        """Convolve x (N, H, W, C) into y (N, OH, OW, F), OH = ⌊(H + 2·padding − K) / stride⌋ + 1."""
        y, cache = self.without_bias(x)
        y += self.params["b"]
        return y, cache

    def without_bias(self, x):
        """Return W ∗ x and the cache."""
        W = self.params["W"]
        self._check_images(x, channels=W.shape[2])
        if x.dtype != W.dtype:
            self._refuse(f"images of {W.dtype}, like its kernels", x, "convert them with x.astype, or build the layer "
                         "with their dtype")
        self.output_shape(x.shape[1:])
        y, saved = ALGORITHMS[self.algorithm_used()].forward(x, W, self.stride, self.padding)
        return y, (y.shape, saved)

    def backward(self, dy, cache, need_dx=True):
        """Return dx and {"W": dW, "b": db}, db[f] = Σ_{n, i, j} dy[n, i, j, f]."""
        self._check_gradient(dy, cache[0], self.params["W"].dtype)
        dx, dW = self.backward_without_bias(dy, cache, need_dx)
        return dx, {"W": dW, "b": _bias_gradient(dy)}

    def backward_without_bias(self, dy, cache, need_dx=True):
        """Return dx and dW."""
        algorithm = ALGORITHMS[self.algorithm_used()]
        return algorithm.backward(dy, self.params["W"], cache[1], self.stride, self.padding, need_dx)

    def output_shape(self, input_shape):
        """Return (OH, OW, F)."""
        H, width, channels = input_shape
        K, _, C, F = self.params["W"].shape
        if channels != C:
            raise InputError(f"{self!r} takes images of {C} channels, got the shape {tuple(input_shape)}")
        return tuple(window_count(self, n + 2 * self.padding, K, self.stride) for n in (H, width)) + (F,)

    def multiply_adds(self, input_shape):
        """Return OH · OW · K · K · C · F."""
        OH, OW, _ = self.output_shape(input_shape)
        return OH * OW * self.params["W"].size

    def describe(self):
        """Return channels, kernel, stride and padding."""
        K, _, C, F = self.params["W"].shape
        return f"{C} -> {F}, {K}x{K}, stride {self.stride}, padding {self.padding}"


def _bias_gradient(dy):
    """Return db: on a CPU a product with ones, six times as fast as a sum down the columns; on a GPU that sum."""
    xp, F = array_module(dy), dy.shape[3]
    rows = dy.reshape(-1, F)
    return xp.ones(len(rows), dtype=dy.dtype) @ rows if xp is np else rows.sum(axis=0)
