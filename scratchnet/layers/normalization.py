"""Batch normalisation (Ioffe and Szegedy, 2015), for training only.

Each channel is brought to zero mean and unit variance over the images at hand, so that the layers above learn at a
higher rate. The paper does not use it. Here it stands between a pooling and a ReLU, and has a bias but no scale: a
positive scale passes through the ReLU into the next layer's weights and so adds nothing. There are no running averages
either. After training, `fold` puts the statistics of many images into the convolution below, and what remains is the
paper's network, layer by layer.
"""
import numpy as np

from ..checks import positive
from ..errors import SettingsError
from .base import Layer


class BatchNorm(Layer):
    """y = (x − μ) / √(σ² + ε) + b, with mean μ and variance σ² of each channel over the images at hand.

    Parameters
    ----------
    channels : int
    epsilon : float
        ε > 0.
    dtype : dtype
        Of the bias b (channels,), which starts at 0.
    """

    def __init__(self, channels, epsilon=1e-5, dtype=np.float32):
        super().__init__()
        positive(channels=channels)
        if not epsilon > 0:
            raise SettingsError(f"epsilon must be above 0, got {epsilon}")
        self.channels, self.epsilon = channels, epsilon
        self.params = {"b": np.zeros(channels, dtype)}

    def forward(self, x, rng=None):
        """Normalise x (N, H, W, C)."""
        self._check_images(x, self.channels)
        flat = x.reshape(-1, self.channels)
        centred = flat - flat.mean(axis=0)
        variance = (centred * centred).mean(axis=0)
        inverse = 1 / (variance + self.epsilon) ** 0.5
        centred *= inverse
        return (centred + self.params["b"]).reshape(x.shape), (centred, inverse)

    def backward(self, dy, cache, need_dx=True):
        """dx = (dy − mean(dy) − x̂ · mean(dy · x̂)) / √(σ² + ε),  db = Σ dy,  x̂ = y − b.

        Moving one x moves μ and σ as well, and so every y of its channel: that is where the two means come from.
        """
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
