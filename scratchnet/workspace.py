"""Memory that is reused.

A step of training makes some hundred large arrays and drops them at once. Memory fresh from the operating system
is slow at first touch: each page must be found and cleared. So every worker thread keeps the buffers of its
arrays, and the next array that fits (sizes go by powers of two) takes one that nobody refers to any more: still
mapped, often still in cache. Python's own count of references tells which are free: a buffer is referred to by every
array that shows part of it. So nothing has to be given back by hand.
"""
import sys
import threading
from math import prod

import numpy as np

CACHE = 2 << 20  # bytes that one step of a layer may fill and still find in cache in the next
_kept = [object()]
FREE = sys.getrefcount(_kept[0])  # of a buffer that no array shows: the list's reference, and the question's own

_thread = threading.local()


def keep_buffers():
    """Let the calling thread keep the buffers of its arrays from now to its end."""
    _thread.buffers = {}


def empty(xp, shape, dtype):
    """Return an uninitialised array, as ``xp.empty``; from a buffer used before where this thread keeps them.

    CuPy keeps the memory of a GPU in the same way by itself.
    """
    buffers = getattr(_thread, "buffers", None)
    if xp is not np or buffers is None:
        return xp.empty(shape, dtype=dtype)
    size = prod(shape) * np.dtype(dtype).itemsize
    capacity = 1 << max(size - 1, 0).bit_length()
    alike = buffers.setdefault(capacity, [])
    i = next((i for i in range(len(alike)) if sys.getrefcount(alike[i]) == FREE), len(alike))
    if i == len(alike):
        alike.append(np.empty(capacity, np.uint8))
    return alike[i][:size].view(dtype).reshape(shape)


def groups(xp, N, nbytes):
    """Return slices of range(N), each so long that its share of `nbytes` stays in cache.

    A GPU is kept busy by much work at a time, not by cache: there, one slice has all.
    """
    size = max(1, CACHE * N // max(1, nbytes)) if xp is np and N else max(1, N)
    return [slice(start, min(start + size, N)) for start in range(0, N, size)]
