"""Batch normalisation (Ioffe and Szegedy, 2015), for training only.

Each channel is brought to zero mean and unit variance over the images at hand, so that the layers above learn at a
higher rate. The paper does not use it. Here it stands between a pooling and a ReLU, and has a bias but no scale: a
positive scale passes through the ReLU into the next layer's weights and so adds nothing. There are no running averages
either. After training, `fold` puts the statistics of many images into the convolution below, and what remains is the
paper's network, layer by layer.
"""
import copy

import numpy as np

from ..backend import array_module, to_device, to_host
from ..errors import SettingsError
from .base import Layer, positive
from .conv import Conv2D
from .pool import MaxPool2D, MeanPool2D


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


def fold(network, chunks):
    """Return the network without its `BatchNorm` layers, each folded into the convolution below it.

        W ← W / s,   b ← (b − μ) / s + b_norm,   s = √(σ² + ε)

    where μ and σ² are taken over all inputs in `chunks`. Between the two there may be pooling: a channel's maximum or
    mean over a window is shifted and scaled with it, as s is positive.

    Parameters
    ----------
    network : Network
        Is not changed.
    chunks : list of arrays
        Inputs (N, H, W, C), some thousand images in all.

    Raises
    ------
    SettingsError
        If something else than a convolution and pooling lies below a `BatchNorm`.
    """
    layers = {}
    for name, layer in network.layers.items():
        if isinstance(layer, BatchNorm):
            pools = MaxPool2D | MeanPool2D
            below = next((key for key in reversed(layers) if not isinstance(layers[key], pools)), None)
            if not isinstance(layers.get(below), Conv2D):
                raise SettingsError(f"{name} does not stand above a convolution: it cannot be folded into one")
            mean, variance = _statistics(type(network)(layers), chunks)
            scale = np.sqrt(variance + layer.epsilon)
            layers[below] = _folded(layers[below], mean, scale, to_host(layer.params["b"]))
        else:
            layers[name] = layer
    return type(network)(layers)


def _statistics(network, chunks):
    """Return mean and variance (C,) of each channel of a network's output, float64, on the host."""
    count, total, squares = 0, 0, 0
    for x in chunks:
        y = to_host(network.forward(x)[0])
        y = y.reshape(-1, y.shape[-1]).astype(np.float64)
        count, total, squares = count + len(y), total + y.sum(axis=0), squares + (y * y).sum(axis=0)
    mean = total / count
    return mean, np.maximum(squares / count - mean**2, 0)


def _folded(convolution, mean, scale, bias):
    W, b = convolution.params["W"], convolution.params["b"]
    xp = array_module(W)
    folded = copy.copy(convolution)
    folded.params = {"W": to_device((to_host(W) / scale).astype(W.dtype), xp),
                     "b": to_device(((to_host(b) - mean) / scale + bias).astype(b.dtype), xp)}
    return folded
