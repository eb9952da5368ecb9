"""The restricted Boltzmann machine: features learnt by energy.

Visible units v, which are the data, and binary hidden units h are joined by weights; within a layer, nobody is joined
to anybody. A hidden unit that is on lowers the energy of the data that look like its weights. Smolensky (1986) had the
idea, Hinton (2002) a way to learn it, and Krizhevsky, Learning Multiple Layers of Features from Tiny Images (2009),
made it learn from CIFAR-10.
"""
import numpy as np

from ..backend import array_module
from ..checks import not_negative, positive, real_type
from ..errors import InputError, SettingsError
from ..layers.initializers import generator
from ..suggest import nearest
from .contrastive_divergence import Machine
from .units import Binary, Gaussian

VISIBLE = {"gaussian": Gaussian, "binary": Binary}


class RBM(Machine):
    """Real or binary visible units v (D,), binary hidden units h (M,) and the energy

        E(v, h) = own(v) − b·v − c·h − v·W·h,      own(v) = ‖v‖²/2 for real units, 0 for binary ones

    so that p(v, h) = exp(−E(v, h)) / Z, and

        p(h_j = 1 | v) = σ(c_j + (v·W)_j)
        p(v | h) = N(b + W·h, 1) for real units, and p(v_i = 1 | h) = σ(b_i + (W·h)_i) for binary ones.

    With real units, ‖v − b‖²/2 is the customary form; it differs from ours by ‖b‖²/2, which changes no probability. The
    variance is 1, for data that have it: learnt ones run away.

    Parameters
    ----------
    visible, hidden : int
        D and M.
    units : {"gaussian", "binary"}
        Kind of the visible units.
    scale : float
        Standard deviation of the initial weights.
    hidden_bias : float
        Initial c; b starts at 0.
    rng : numpy.random.Generator, optional
        Draws the initial weights. Without one, no two machines are alike, nor two runs.
    dtype
        float32 or float64.

    Attributes
    ----------
    params : dict of str to array
        "W" (D, M), "b" (D,) and "c" (M,).
    """

    decayed, hidden_biases = ("W",), ("c",)

    def __init__(self, visible, hidden, units="gaussian", scale=0.01, hidden_bias=0.0, rng=None, dtype=np.float32):
        D, M = positive(visible=visible, hidden=hidden)
        not_negative(scale=scale)
        real_type(dtype)
        if units not in VISIBLE:
            raise SettingsError(f"there are no visible units {units!r}{nearest(str(units), VISIBLE)}: choose one of "
                                f"{', '.join(VISIBLE)}")
        self.visible, self.hidden = VISIBLE[units](), Binary()
        self.params = {"W": (scale * generator(rng).standard_normal((D, M))).astype(dtype), "b": np.zeros(D, dtype),
                       "c": np.full(M, hidden_bias, dtype)}

    def hidden_input(self, v):
        """Return c + v·W (n, M) for v (n, D)."""
        return self._checked(v, 0) @ self.params["W"] + self.params["c"]

    def hidden_mean(self, x):
        """Return σ(x)."""
        return self.hidden.mean(x)

    def hidden_sample(self, x, rng):
        """Return 1 at probability σ(x), else 0."""
        return self.hidden.sample(x, rng)

    def visible_input(self, h):
        """Return b + W·h (n, D) for h (n, M)."""
        return self._checked(h, 1) @ self.params["W"].T + self.params["b"]

    def statistics(self, v, h):
        """Return Σ v·hᵀ, Σ v and Σ h over n examples."""
        return {"W": v.T @ h, "b": v.sum(axis=0), "c": h.sum(axis=0)}

    def energy(self, v, h):
        """Return E(v, h) (n,) for v (n, D) and h (n, M)."""
        b, c = self.params["b"], self.params["c"]
        joined = (self._checked(v, 0) @ self.params["W"] * self._checked(h, 1)).sum(axis=1)
        return self.visible.own_energy(v).sum(axis=1) - v @ b - h @ c - joined

    def free_energy(self, v):
        """Return F(v) = −log Σ_h exp(−E(v, h)) = own(v) − b·v − Σ_j log(1 + exp(c_j + (v·W)_j)), (n,)."""
        x = self.hidden_input(v)
        return self.visible.own_energy(v).sum(axis=1) - v @ self.params["b"] - self.hidden.log_partition(x).sum(axis=1)

    def _checked(self, units, axis):
        """Return units of one of the layers, unless they are not (n, D) or (n, M) floats."""
        array_module(units)
        width = self.params["W"].shape[axis]
        if units.ndim != 2 or units.shape[1] != width or units.dtype.kind != "f":
            raise InputError(f"this machine has {width} {('visible', 'hidden')[axis]} units and takes floating point "
                             f"numbers (n, {width}), got {units.dtype} of shape {tuple(units.shape)}")
        return units
