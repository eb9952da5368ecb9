"""The one place where things are put in order: by distance, and equal distances by lower number.

The bits of a non-negative float32, read as an unsigned integer, sort like the number itself. So distance and
what belongs to it fit into one 64-bit key, distance above and number below: sorting plain keys breaks ties by
the lower number and carries the number along, faster than an argsort and the same on every backend.
"""
import numpy as np

from ..backend import array_module

HALF = np.uint64(32)
LOW = np.uint64(2**32 - 1)


def pack(distances, numbers):
    """Return sortable keys.

    Parameters
    ----------
    distances : (..., n) float32 array
        Not negative and not NaN; −0.0 counts as 0.
    numbers : uint64 array that broadcasts to that shape
        Below 2³²: what breaks ties, and comes back from `unpack`.

    Returns
    -------
    uint64 array of the shape of `distances`
    """
    array_module(distances, numbers)
    keys = (distances + np.float32(0)).view(np.uint32).astype(np.uint64)  # the sum turns −0.0 into 0.0
    keys <<= HALF
    keys |= numbers
    return keys


def unpack(keys):
    """Return (distances float32, numbers int64) of `pack`'s keys."""
    return (keys >> HALF).astype(np.uint32).view(np.float32), (keys & LOW).astype(np.int64)
