"""The units of a Boltzmann machine: what one of them does, given the sum x of what reaches it.

A machine is two layers of units that see only each other, so that all units of one layer are independent once the other
is known. Each kind of unit here answers three questions: its mean given x, a sample given x, and, where it has an
energy, what it adds up to over all its values.
"""
from math import log, pi

import numpy as np

from ..backend import array_module, to_device
from ..checks import positive
from ..errors import InputError
from ..layers.activations import sigmoid


class Gaussian:
    """A real number v of energy v²/2 − v·x: normally distributed around x with variance 1.

    The variance is not learnt: data of unit variance (standardised or whitened) are asked for instead.
    """

    def mean(self, x):
        """Return x."""
        return x

    def sample(self, x, rng):
        """Return x + N(0, 1)."""
        return x + _normal(x, rng)

    def own_energy(self, v):
        """Return v²/2, what a unit costs whatever reaches it."""
        return v * v / 2

    def log_partition(self, x):
        """Return log ∫ exp(v·x − v²/2) dv = x²/2 + log(2π)/2."""
        return x * x / 2 + log(2 * pi) / 2


class Binary:
    """0 or 1, of energy −h·x: on with probability σ(x) = 1 / (1 + e^−x)."""

    def mean(self, x):
        """Return σ(x)."""
        return sigmoid(x)

    def sample(self, x, rng):
        """Return 1 at probability σ(x), else 0."""
        return (_uniform(x, rng) < sigmoid(x)).astype(x.dtype)

    def own_energy(self, v):
        """Return 0."""
        return 0 * v

    def log_partition(self, x):
        """Return log(1 + eˣ), which does not overflow as max(x, 0) + log(1 + e^−|x|)."""
        xp = array_module(x)
        return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))


class Capped:
    """min(max(x, 0), 6): a rectified unit that stands for six binary ones with shifted biases.

    Krizhevsky, Convolutional Deep Belief Networks on CIFAR-10 (2010), as quoted elsewhere: the cap "encourages the
    model to learn sparse features earlier". The noise is that of Nair and Hinton (2010). No energy belongs to it that
    could be added up.
    """

    CAP = 6

    def mean(self, x):
        """Return min(max(x, 0), 6)."""
        return array_module(x).clip(x, 0, self.CAP)

    def sample(self, x, rng):
        """Return min(max(x + N(0, σ(x)), 0), 6), σ(x) being the variance."""
        return self.mean(x + _normal(x, rng) * array_module(x).sqrt(sigmoid(x)))


class Pooled:
    """Binary units in blocks of a map of which at most one is on: Lee et al. (2009), probabilistic max-pooling.

        p(h_a = 1) = exp(x_a) / (1 + Σ_block exp(x)),      p(all off) = 1 / (1 + Σ_block exp(x))

    Parameters
    ----------
    size : int
        Of a block, size x size units; maps (N, H, W, F) have whole ones.
    """

    def __init__(self, size=2):
        self.size, = positive(size=size)

    def mean(self, x):
        """Return p(h_a = 1), (N, H, W, F)."""
        blocks, _, total = self._parts(x)
        return self._maps(blocks / total, x.shape)

    def sample(self, x, rng):
        """Return 0s and at most one 1 in each block: that in whose share of [0, 1) a random number falls."""
        xp, (blocks, _, total) = array_module(x), self._parts(x)
        ends = xp.cumsum(blocks / total, axis=-1)
        below = _uniform(ends[..., :1], rng) < ends
        below[..., 1:] &= ~below[..., :-1].copy()
        return self._maps(below.astype(x.dtype), x.shape)

    def pooled(self, x):
        """Return the probability that a unit of a block is on, (N, H / size, W / size, F)."""
        _, largest, total = self._parts(x)
        return 1 - (array_module(x).exp(-largest) / total)[..., 0]

    def log_partition(self, x):
        """Return log(1 + Σ_block exp(x)) of each block, (N, H / size, W / size, F)."""
        _, largest, total = self._parts(x)
        return (largest + array_module(x).log(total))[..., 0]

    def own_energy(self, v):
        """Return 0."""
        return 0 * v

    def _parts(self, x):
        """Return exp(x − a) (N, H / size, W / size, F, size²), a, the largest of 0 and a block's x, and the sum of
        exp(−a) and a block's exp(x − a)."""
        xp, s = array_module(x), self.size
        if x.ndim != 4 or x.shape[1] % s or x.shape[2] % s:
            raise InputError(f"maps (N, H, W, F) are pooled in whole blocks of {s} x {s} units, got the shape "
                             f"{tuple(x.shape)}: choose another size of filters or images")
        N, H, W, F = x.shape
        blocks = x.reshape(N, H // s, s, W // s, s, F).transpose(0, 1, 3, 5, 2, 4).reshape(N, H // s, W // s, F, s * s)
        largest = xp.maximum(blocks.max(axis=-1, keepdims=True), 0)
        on = xp.exp(blocks - largest)
        return on, largest, xp.exp(-largest) + on.sum(axis=-1, keepdims=True)

    def _maps(self, blocks, shape):
        """Put blocks (N, H / size, W / size, F, size²) back in their places in maps of `shape`."""
        (N, H, W, F), s = shape, self.size
        return blocks.reshape(N, H // s, W // s, F, s, s).transpose(0, 1, 4, 2, 5, 3).reshape(shape)


def _uniform(x, rng):
    return to_device(rng.random(x.shape, dtype=np.float32), array_module(x)).astype(x.dtype)


def _normal(x, rng):
    return to_device(rng.standard_normal(x.shape, dtype=np.float32), array_module(x)).astype(x.dtype)
