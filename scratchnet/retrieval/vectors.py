"""What vectors may be: checked once, where they come in."""
import numpy as np

from ..backend import array_module
from ..errors import InputError

LARGEST = 1e15            # squares of this, added up over a descriptor, still fit into float32


def check_vectors(x, name, d=None, smallest=0.0):
    """Refuse what is not a finite (n, d) array of float32 or float64, before any arithmetic.

    Not all numbers may be below `smallest` in size, unless all are 0.
    """
    if not hasattr(x, "dtype") or x.dtype not in (np.float32, np.float64):
        raise InputError(f"{name} must be an array of float32 or float64, got "
                         f"{getattr(x, 'dtype', type(x).__name__)}: convert with x.astype(np.float32)")
    if x.ndim != 2 or x.size == 0:
        raise InputError(f"{name} must have the shape (number, d), neither of them 0, got {tuple(x.shape)}: "
                         "give one row for each vector")
    if d is not None and x.shape[1] != d:
        raise InputError(f"{name} must have d = {d} numbers a row like the gallery, got {x.shape[1]}: "
                         "take both from the same layer of the same network")
    size = float(array_module(x).abs(x).max())
    if not size < LARGEST:  # not true of NaN either
        raise InputError(f"{name} must be finite and smaller than {LARGEST:g} in size: "
                         "remove or rescale the rows that are not")
    if 0 < size < smallest:
        raise InputError(f"{name} must have a number above {smallest:g} in size, since squares of smaller ones vanish: "
                         "multiply gallery and queries by the same large number")


def check_codes(x, name, size=None):
    """Refuse what is not an array (n, size) of uint8: binary codes, eight bits to a byte."""
    if not hasattr(x, "dtype") or x.dtype != np.uint8:
        raise InputError(f"{name} must be binary codes, packed into an array of uint8, got "
                         f"{getattr(x, 'dtype', type(x).__name__)}: turn them into bits, and these into codes with "
                         "pack_bits")
    if x.ndim != 2 or x.size == 0:
        raise InputError(f"{name} must have the shape (number, bytes), neither of them 0, got {tuple(x.shape)}: "
                         "give one row for each code")
    if size is not None and x.shape[1] != size:
        raise InputError(f"{name} must be codes of {size} bytes like the gallery, got {x.shape[1]}: "
                         "take both from the same fit")
