"""Memory that is used again.

A step of training makes some hundred large arrays and drops them at once. Memory fresh from the operating system
is slow at first touch: each page must be found and cleared. So every worker thread keeps the buffers of its
arrays, and the next array of like size takes one that nobody refers to any more: still mapped, often still in
cache. Python's own count of references tells which are free, so nothing has to be given back by hand.
"""
import sys
import threading

import numpy as np

CACHE = 2 << 20  # bytes that one step of a layer may fill and still find in cache in the next

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
    count = 1
    for n in shape:
        count *= n
    size = count * np.dtype(dtype).itemsize
    alike = buffers.setdefault(size.bit_length(), [])
    i = next((i for i in range(len(alike)) if sys.getrefcount(alike[i]) == 2), None)  # the list's, and the question's
    if i is None:
        i = len(alike)
        alike.append(np.empty(1 << size.bit_length(), np.uint8))
    return alike[i][:size].view(dtype).reshape(shape)


def groups(xp, N, nbytes):
    """Return slices of range(N), each with so many images that its share of `nbytes` stays in cache.

    A GPU is kept busy by many images, not by cache: there, one slice has them all.
    """
    size = max(1, CACHE * N // nbytes) if xp is np and N else max(1, N)
    return [slice(start, min(start + size, N)) for start in range(0, N, size)]
