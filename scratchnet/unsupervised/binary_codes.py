"""From descriptors to binary codes: project, rotate, threshold.

A bit says on which side of a threshold a number lies. The numbers of a descriptor make poor bits: most of what
descriptors differ in are a few directions. So they are projected to their principal components, of which the first
vary most, and rotated, which spreads that over all bits alike: at random, or so that what is rounded to a sign loses
least, by iterative quantization (Gong and Lazebnik, 2011).
"""
import warnings

import numpy as np

from .. import checkpoint
from ..backend import array_module, to_device, to_host
from ..checks import positive
from ..errors import InputError, SettingsError
from ..retrieval.codes import balance, pack_bits
from ..retrieval.vectors import check_vectors
from ..schema import exactly
from ..suggest import nearest
from .pca import principal_components

KIND = "BinaryCodes"
ROTATIONS = ("itq", "random", "none")
ITERATIONS = 50  # as Gong and Lazebnik's


class BinaryCodes:
    """x ↦ the bits [z_k > t_k] of z = (x − mean) · projection, packed.

    Parameters
    ----------
    bits : int, optional
        How many. None means one for each number of the descriptor, which is then not projected: for the outputs of
        units that have learnt to be bits.
    threshold : "median" or float
        t: of each bit the median over what it is fitted on, so that half of them are 1; or a number for all bits,
        such as 0.5 for sigmoid units. After a projection, whose numbers have the mean 0, 0 is as natural.
    rotation : {"itq", "random", "none"}
        Of the principal components.
    components : int, optional
        How many principal components, at most `bits`. None means as many as bits. Fewer are turned into more numbers by
        orthonormal rows instead of a rotation, which keeps their distances too.
    rng : numpy.random.Generator
        For "random", and where "itq" begins.

    Attributes
    ----------
    mean, projection, threshold : (D,), (D, bits) and (bits,) float32 arrays
    balance : (bits,) float64 array
        The share of ones of each bit in what was fitted on.

    Raises
    ------
    SettingsError
        If there is no such threshold or rotation, one lacks its generator, or numbers of bits and components are not
        positive or do not fit.
    """
