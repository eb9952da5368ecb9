"""From an auto-encoder on whitened patches to convolution kernels on plain images.

A hidden unit sees a patch x as σ(((x − mean) · T) · w + b1), T being the whitening. All before the σ is linear
in x, so it folds into one kernel and one bias:

    k = T · w,    b = b1 − mean · k,    x · k + b = ((x − mean) · T) · w + b1

and sliding k over the image does to each of its windows what whitening and auto-encoder did to a patch. Not
specified in the paper, which only says that W_SAE and b_SAE "were taken as the initial weights".
"""
import numpy as np

from ..backend import array_module, to_host
from ..checks import not_negative, positive
from ..errors import InputError


def to_kernels(autoencoder, whitening, K, C):
    """Return kernels (K, K, C, F) and biases (F,) that equal whitening + auto-encoder before its σ.

    Parameters
    ----------
    autoencoder : SparseAutoencoder
        Trained on whitened patches of K·K·C numbers; its F hidden units become the kernels.
    whitening : ZCA or None
        None if the auto-encoder saw plain patches.
    """
    W1, b1, _, _ = autoencoder.unpack(autoencoder.theta)
    if K * K * C != autoencoder.visible:
        raise InputError(f"an auto-encoder of {autoencoder.visible} inputs makes no kernels of {K} x {K} x {C}")
    if whitening is not None:
        W1 = to_host(whitening.transform_matrix) @ W1
        b1 = b1 - to_host(whitening.mean) @ W1
    return W1.reshape(K, K, C, -1), b1


def spread(kernels, C):
    """Share kernels (K, K, 1, F) among C channels in equal parts: where all channels agree, nothing changes."""
    positive(C=C)
    _check(kernels)
    if kernels.shape[2] != 1:
        raise InputError(f"only kernels of one channel can be shared, these have {kernels.shape[2]}")
    return np.repeat(kernels, C, axis=2) / C


def rescale(kernels, biases, std):
    """Scale kernels and biases by the factor that gives the kernels the standard deviation `std`.

    Raises
    ------
    InputError
        If the kernels are all one number, up to rounding, or not finite: no factor gives them a standard deviation.
    """
    not_negative(std=std)
    array_module(biases)
    _check(kernels)
    own = kernels.std(dtype=np.float64)
    if not own > max(1e-12 * abs(kernels).max(), 1e-300):  # not true of NaN either
        raise InputError(f"kernels of standard deviation {own:g} cannot be scaled to {std:g}: they do not vary, so "
                         "whatever made them has learnt nothing")
    factor = std / own
    return kernels * factor, biases * factor


def _check(kernels):
    array_module(kernels)
    if kernels.ndim != 4 or kernels.dtype.kind not in "fiu":
        raise InputError(f"kernels are numbers (K, K, C, F), got {kernels.dtype} of shape {kernels.shape}")
