"""After training: batch normalisation disappears into the convolutions below it."""
import copy

import numpy as np

from .backend import array_module, to_device, to_host
from .errors import SettingsError
from .layers import BatchNorm, Conv2D, MaxPool2D, MeanPool2D


def calibrate(network, chunks):
    """Return the network with `statistics` in each `BatchNorm`: what it computes after training.

    Parameters
    ----------
    network : Network
        Is not changed; the two share their parameters.
    chunks : iterable of arrays
        Inputs (N, H, W, C), some thousand images in all, whose mean and variance are taken.
    """
    chunks = list(chunks)  # gone through for each of the normalisations
    layers, below = {}, {}  # statistics are taken with the normalisations below folded, as they will be used
    for name, layer in network.layers.items():
        if isinstance(layer, BatchNorm):
            layer = copy.copy(layer)
            layer.statistics = _statistics(type(network)(below), chunks)
            _fold_into(below, name, layer)
        else:
            below[name] = layer
        layers[name] = layer
    return type(network)(layers)


def fold(network, chunks):
    """Return the network without its `BatchNorm` layers, each folded into the convolution below it.

        W ← W / s,   b ← (b − μ) / s + b_norm,   s = √(σ² + ε)

    where μ and σ² are taken over all inputs in `chunks`. Between the two there may be pooling: a channel's maximum or
    mean over a window is shifted and scaled with it, as s is positive. Parameters as for `calibrate`.

    Raises
    ------
    SettingsError
        If something else than a convolution and pooling lies below a `BatchNorm`.
    """
    layers = {}
    for name, layer in calibrate(network, chunks).layers.items():
        if isinstance(layer, BatchNorm):
            _fold_into(layers, name, layer)
        else:
            layers[name] = layer
    return type(network)(layers)


def _fold_into(layers, name, normalization):
    """Replace the convolution that ends `layers` (before its pooling) by one with `normalization` folded in."""
    pools = MaxPool2D | MeanPool2D
    below = next((key for key in reversed(layers) if not isinstance(layers[key], pools)), None)
    if not isinstance(layers.get(below), Conv2D):
        raise SettingsError(f"{name} does not follow a convolution: it cannot be folded into one")
    mean, variance = normalization.statistics
    layers[below] = _folded(layers[below], mean, np.sqrt(variance + normalization.epsilon),
                            to_host(normalization.params["b"]))


def _statistics(network, chunks):
    """Return mean and variance (C,) of each channel of a network's output, float64, on the host."""
    count, mean, squares = 0, 0, 0  # `squares` are those of deviations from the mean
    for x in chunks:
        y = to_host(network.forward(x)[0])
        y = y.reshape(-1, y.shape[-1]).astype(np.float64)
        step = y.mean(axis=0) - mean
        squares = squares + y.var(axis=0) * len(y) + step**2 * (count * len(y) / (count + len(y)))
        count += len(y)
        mean = mean + step * (len(y) / count)
    return mean, squares / count


def _folded(convolution, mean, scale, bias):
    W, b = convolution.params["W"], convolution.params["b"]
    xp = array_module(W)
    folded = copy.copy(convolution)
    folded.params = {"W": to_device((to_host(W) / scale).astype(W.dtype), xp),
                     "b": to_device(((to_host(b) - mean) / scale + bias).astype(b.dtype), xp)}
    return folded
