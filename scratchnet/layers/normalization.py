"""Batch normalisation (Ioffe and Szegedy, 2015).

Each channel is brought to zero mean and unit variance, so that the layers above learn at a higher rate. The paper does
not use it. Here it stands between a pooling and a ReLU, and has a bias but no scale: a positive scale passes through
the ReLU into the next layer's weights and so adds nothing. Statistics are those of a group of images, whose size is
part of the network: neither the batch nor who computes it changes them. There are no running averages: after training,
`folding.calibrate` takes the statistics of many images, and `folding.fold` puts them into the convolution below, so
that what remains is the paper's network, layer by layer.
"""
from math import isfinite

import numpy as np

from ..backend import array_module, to_device
from ..checks import positive, real_type
from ..errors import InputError, SettingsError
from ..parallel import SHARD
from .base import Layer


class BatchNorm(Layer):
    """y = (x − μ) / √(σ² + ε) + b, with a mean μ and a variance σ² of each channel.

    While training, which is where `forward` is given a generator, they are those of each `group` of images in turn (of
    the rest, in the last group). Without one, they are `statistics`, so that what becomes of an image does not depend
    on its companions.

    Parameters
    ----------
    channels : int
    group : int
        Images that are normalised together.
    epsilon : float
        ε > 0, finite.
    dtype : dtype
        Of the bias b (channels,), which starts at 0.

    Attributes
    ----------
    statistics : (mean, variance) or None
        Two float64 arrays (channels,) on the host; see `folding.calibrate`.
    """

    def __init__(self, channels, group=SHARD, epsilon=1e-5, dtype=np.float32):
        super().__init__()
        positive(channels=channels, group=group)
        real_type(dtype)
        if not (epsilon > 0 and isfinite(epsilon)):
            raise SettingsError(f"epsilon must be a finite number above 0, got {epsilon}")
        self.channels, self.group, self.epsilon = channels, group, epsilon
        self.params = {"b": np.zeros(channels, dtype)}
        self.statistics = None

    def forward(self, x, rng=None):
        """Normalise x (N, H, W, C), by the statistics of its groups if `rng` is given, else by `statistics`.

        Raises
        ------
        SettingsError
            If there is neither a generator nor are there statistics.
        """
        self._check_images(x, self.channels)
        if rng is None:
            return self._by_statistics(x), None
        y, kept = array_module(x).empty(x.shape, x.dtype), []
        for values, out in zip(self._grouped(x), self._grouped(y)):
            normal = values - values.mean(axis=1, keepdims=True)
            inverse = 1 / ((normal * normal).mean(axis=1, keepdims=True) + self.epsilon) ** 0.5
            normal *= inverse
            out[...] = normal + self.params["b"]
            kept.append((normal, inverse))
        return y, (y.shape, kept)

    def _grouped(self, x):
        """Return x (N, H, W, C) as views (groups, values of a channel in a group, C): full groups, then the rest."""
        area = x[0, ..., 0].size if len(x) else 0
        full = len(x) // self.group
        cut = full * self.group
        views = (x[:cut].reshape(full, self.group * area, self.channels),
                 x[cut:].reshape(1, (len(x) - cut) * area, self.channels))
        return [view for view in views if view.size]

    def _by_statistics(self, x):
        if self.statistics is None:
            raise SettingsError(f"{self!r} has no statistics to work with after training: take them with "
                                "folding.calibrate, or give forward a generator to train")
        mean, variance = self.statistics
        inverse, xp = 1 / np.sqrt(variance + self.epsilon), array_module(x)
        scale, offset = (to_device(value.astype(x.dtype), xp) for value in (inverse, -mean * inverse))
        return x * scale + (self.params["b"] + offset)

    def backward(self, dy, cache, need_dx=True):
        """dx = (dy − mean(dy) − x̂ · mean(dy · x̂)) / √(σ² + ε),  db = Σ dy,  x̂ = y − b.

        Moving one x moves μ and σ as well, and so every y of its channel and group: hence the two means.
        """
        if cache is None:
            raise SettingsError(f"{self!r} learns from what a forward pass with a generator kept: give forward one")
        shape, kept = cache
        self._check_gradient(dy, shape)
        xp = array_module(dy)
        dy = xp.ascontiguousarray(dy)
        dx = xp.empty_like(dy)
        for values, (normal, inverse), out in zip(self._grouped(dy), kept, self._grouped(dx)):
            out[...] = values - values.mean(axis=1, keepdims=True)
            out -= normal * (values * normal).mean(axis=1, keepdims=True)
            out *= inverse
        return dx, {"b": dy.reshape(-1, self.channels).sum(axis=0)}

    def output_shape(self, input_shape):
        """Return (H, W, C)."""
        if len(input_shape) != 3 or input_shape[2] != self.channels:
            raise InputError(f"{self!r} takes images of {self.channels} channels, got the shape {tuple(input_shape)}")
        return tuple(input_shape)

    def describe(self):
        """Return the channels and the group."""
        return f"{self.channels}, group={self.group}"
