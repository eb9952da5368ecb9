"""Batch normalisation (Ioffe and Szegedy, 2015).

Each channel is brought to zero mean and unit variance, so that the layers above learn at a higher rate. The paper does
not use it. Here it stands between a pooling and a ReLU, and has a bias but no scale: a positive scale passes through
the ReLU into the next layer's weights and so adds nothing. There are no running averages: after training,
`folding.calibrate` takes the statistics of many images, and `folding.fold` puts them into the convolution below, so
that what remains is the paper's network, layer by layer.
"""
import numpy as np

from ..backend import array_module, to_device
from ..checks import positive
from ..errors import SettingsError
from .base import Layer


class BatchNorm(Layer):
    """y = (x − μ) / √(σ² + ε) + b, with a mean μ and a variance σ² of each channel.

    While training, which is where `forward` is given a generator, they are those of the images at hand. Without one,
    they are `statistics`, so that what becomes of an image does not depend on its companions.

    Parameters
    ----------
    channels : int
    epsilon : float
        ε > 0.
    dtype : dtype
        Of the bias b (channels,), which starts at 0.

    Attributes
    ----------
    statistics : (mean, variance) or None
        Two float64 arrays (channels,) on the host; see `folding.calibrate`.
    """

    def __init__(self, channels, epsilon=1e-5, dtype=np.float32):
        super().__init__()
        positive(channels=channels)
        if not epsilon > 0:
            raise SettingsError(f"epsilon must be above 0, got {epsilon}")
        self.channels, self.epsilon = channels, epsilon
        self.params = {"b": np.zeros(channels, dtype)}
        self.statistics = None

    def forward(self, x, rng=None):
        """Normalise x (N, H, W, C), by its own statistics if `rng` is given, else by `statistics`.

        Raises
        ------
        SettingsError
            If there is neither a generator nor are there statistics.
        """
        self._check_images(x, self.channels)
        if rng is None:
            return self._by_statistics(x), None
        flat = x.reshape(-1, self.channels)
        centred = flat - flat.mean(axis=0)
        variance = (centred * centred).mean(axis=0)
        inverse = 1 / (variance + self.epsilon) ** 0.5
        centred *= inverse
        return (centred + self.params["b"]).reshape(x.shape), (centred, inverse)

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

        Moving one x moves μ and σ as well, and so every y of its channel: that is where the two means come from.
        """
        if cache is None:
            raise SettingsError(f"{self!r} learns from what a forward pass with a generator kept: give forward one")
        normal, inverse = cache
        flat = dy.reshape(normal.shape)
        db = flat.sum(axis=0)
        dx = flat - db / len(flat)
        dx -= normal * (flat * normal).mean(axis=0)
        dx *= inverse
        return dx.reshape(dy.shape), {"b": db}

    def describe(self):
        """Return the channels."""
        return f"{self.channels}"
