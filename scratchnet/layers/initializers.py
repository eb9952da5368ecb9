"""Initial weights, drawn from an explicit generator.

The paper does not say how weights that are not pre-trained start; we use He et al., "Delving Deep into
Rectifiers" (2015), Eq. 10, because the network's units are rectified.
"""
import numpy as np

from ..checks import real_type


def weights_and_bias(shape, fan_in, rng, dtype, init):
    """Return a layer's first parameters: "W" of `shape`, drawn by `init`, and for each of its last axis a "b" of 0."""
    real_type(dtype)
    return {"W": init(shape, fan_in, generator(rng), dtype), "b": np.zeros(shape[-1], dtype)}


def generator(rng):
    """Return `rng`, or a generator that cannot be repeated where there is none."""
    return np.random.default_rng() if rng is None else rng


def he_normal(shape, fan_in, rng, dtype=np.float32):
    """Draw from N(0, 2 / fan_in), which keeps the variance of activations through ReLU layers.

    The numbers are drawn in double precision whatever `dtype` is, so that both precisions start alike.
    """
    return (rng.standard_normal(shape) * np.sqrt(2.0 / fan_in)).astype(dtype)


def glorot_uniform(shape, fan_in, rng, dtype=np.float32):
    """Draw from U(−a, a), a = √(6 / (fan_in + fan_out)): Glorot and Bengio (2010), Eq. 16.

    fan_out is the receptive field times the last axis, as for the layers' (K, K, C, F) and (D, M).
    """
    fan_out = shape[-1] * (fan_in // shape[-2])
    limit = np.sqrt(6.0 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, shape).astype(dtype)
