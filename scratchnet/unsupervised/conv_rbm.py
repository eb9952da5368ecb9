"""The convolutional Boltzmann machine: one filter looks at all places of an image.

Lee, Grosse, Ranganath and Ng (2009), and Krizhevsky, Convolutional Deep Belief Networks on CIFAR-10 (2010), of which we
could read no more than what others quote. Pixels at the edge are seen by few filters, which therefore bend to make up
for that; Krizhevsky's remedy is taken over: some units that see the whole image stand beside the convolutional ones.
"""
import numpy as np

from ..backend import array_module
from ..checks import counts, not_negative, positive, real_type
from ..errors import InputError, SettingsError
from ..layers import conv_im2col, conv_winograd
from ..layers.initializers import generator
from ..suggest import nearest
from .contrastive_divergence import Machine
from .units import Binary, Capped, Gaussian, Pooled

HIDDEN = {"capped": (Capped, Capped), "pooled": (Pooled, Binary), "binary": (Binary, Binary)}  # maps, global units


class ConvRBM(Machine):
    """Images v (N, H, W, C) of real numbers, maps h (N, OH, OW, F) and global units g (N, G), with

        x[n, i, j, f] = c_f + Σ_{p, q, k} v[n, i + p, j + q, k] · W[p, q, k, f]        up: "valid" correlation
        y[n, i, j, k] = b_k + Σ_{p, q, f} h[n, i − p, j − q, f] · W[p, q, k, f]        down: "full" convolution
                        + Σ_g U[(i, j, k), g] · g[n, g]

    as what reaches a unit of the maps and a pixel; OH = H − K + 1. Each hidden unit sees real pixels only: zeros around
    the images would teach the filters what an edge looks like. What is learnt from is divided by the number of places,
    OH · OW for W and c, H · W for b, so that a rate means the same as for a machine without any; and for U by
    H · W / K², by how many times more pixels a global unit sees than a convolutional one, since the largest rate at
    which a unit learns falls with that number.

    Parameters
    ----------
    shape : (H, W, C)
        Of the images.
    filters, kernel_size : int
        F and K.
    global_units : int
        G.
    units : {"capped", "pooled", "binary"}
        Kind of the hidden units: rectified and capped at 6; binary, of which at most one in a block of 2 x 2 is on; or
        binary. The global units of a machine with pooled ones are binary.
    scale, hidden_bias, rng, dtype
        See `RBM`.

    Attributes
    ----------
    params : dict of str to array
        "W" (K, K, C, F), "U" (H·W·C, G), "b" (C,), "c" (F,) and "d" (G,).
    """

    decayed, hidden_biases = ("W", "U"), ("c", "d")

    def __init__(self, shape, filters, kernel_size, global_units=0, units="capped", scale=0.01, hidden_bias=0.0,
                 rng=None, dtype=np.float32):
        H, width, C, F, K = positive(**dict(zip(("height", "width", "channels"), shape)), filters=filters,
                                     kernel_size=kernel_size)
        G, = counts(global_units=global_units)
        not_negative(scale=scale)
        real_type(dtype)
        if units not in HIDDEN:
            raise SettingsError(f"there are no hidden units {units!r}{nearest(str(units), HIDDEN)}: choose one of "
                                f"{', '.join(HIDDEN)}")
        if K > min(H, width):
            raise SettingsError(f"filters of {K} x {K} do not fit into images of {H} x {width}: make them smaller")
        self.shape, self.visible = (H, width, C), Gaussian()
        self.maps, self.globals = (kind() for kind in HIDDEN[units])
        rng = generator(rng)
        self.params = {"W": (scale * rng.standard_normal((K, K, C, F))).astype(dtype),
                       "U": (scale * rng.standard_normal((H * width * C, G))).astype(dtype),
                       "b": np.zeros(C, dtype), "c": np.full(F, hidden_bias, dtype),
                       "d": np.full(G, hidden_bias, dtype)}

    def hidden_input(self, v):
        """Return what reaches the maps, (N, OH, OW, F), and the global units, (N, G)."""
        self._check(v)
        return (_correlated(v, self.params["W"]) + self.params["c"],
                v.reshape(len(v), -1) @ self.params["U"] + self.params["d"])

    def hidden_mean(self, x):
        """Return the means of both."""
        return self.maps.mean(x[0]), self.globals.mean(x[1])

    def hidden_sample(self, x, rng):
        """Return a sample of both."""
        return self.maps.sample(x[0], rng), self.globals.sample(x[1], rng)

    def visible_input(self, h):
        """Return what reaches the pixels, (N, H, W, C), from maps and global units.

        Full convolution is correlation with kernels turned by half a circle, their channels and filters swapped, on
        maps with K − 1 zeros around them.
        """
        (maps, globals_), W = h, self.params["W"]
        turned = array_module(W).ascontiguousarray(W[::-1, ::-1].transpose(0, 1, 3, 2))
        y = _correlated(maps, turned, padding=len(W) - 1) + self.params["b"]
        return y + (globals_ @ self.params["U"].T).reshape(y.shape)

    def statistics(self, v, h):
        """Return the sum over the images of ∂(−E)/∂param, divided as the class says."""
        (maps, globals_), N = h, len(v)
        _, dW = conv_im2col.backward(maps, self.params["W"], v, 1, 0, need_dx=False)
        places, pixels = maps.shape[1] * maps.shape[2], v.shape[1] * v.shape[2]
        share = dW.shape[0]**2 / pixels
        return {"W": dW / places, "U": v.reshape(N, -1).T @ globals_ * share, "b": v.sum(axis=(0, 1, 2)) / pixels,
                "c": maps.sum(axis=(0, 1, 2)) / places, "d": globals_.sum(axis=0)}

    def _check(self, v):
        """Refuse what is not floats (N, H, W, C)."""
        array_module(v)
        if v.shape[1:] != self.shape or v.dtype != self.params["W"].dtype:
            raise InputError(f"this machine takes images (N, {', '.join(map(str, self.shape))}) of "
                             f"{self.params['W'].dtype}, got {v.dtype} of shape {tuple(v.shape)}")


def _correlated(x, W, padding=0):
    """Return the correlation of x (N, H, W, C) with W (K, K, C, F), by the algorithm that a `Conv2D` would take."""
    fast = conv_winograd.covers(len(W), 1) and conv_winograd.pays(W.shape[2])
    y, _ = (conv_winograd if fast else conv_im2col).forward(x, W, 1, padding)
    return y
