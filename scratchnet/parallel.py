"""Worker threads over a batch.

NumPy releases the interpreter's lock inside its loops and matrix products, so threads compute side by side. A batch is
cut into the same shards on every machine, small enough to stay in a processor's cache, and results come back in the
order of the shards. So what is computed does not depend on how many workers there are.
"""
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import threadpool_limits

from .checks import positive
from .workspace import keep_buffers

SHARD = 32  # images


def shards(xp, n, size=SHARD):
    """Return slices of range(n), in order, each of `size` but for the last; on a GPU, a single one."""
    size = size if xp is np else max(1, n)
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


def default_threads():
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _OneBLASThread:
    """Keeps BLAS at one thread while any pool of the process is open, and gives it its own number back after the last.

    The setting belongs to the process, and pools may be left in another order than they were entered.
    """

    def __init__(self):
        self._lock, self._open, self._limits = threading.Lock(), 0, None

    def acquire(self):
        with self._lock:
            if self._open == 0:
                self._limits = threadpool_limits(limits=1, user_api="blas")
            self._open += 1

    def release(self):
        with self._lock:
            self._open -= 1
            if self._open == 0:
                self._limits.unregister()


_one_blas_thread = _OneBLASThread()


class Workers:
    """A pool of threads, each with a matrix product of one thread of its own. Use it in a ``with`` block.

    Parameters
    ----------
    threads : int, optional
        None means one per core that the process may use.
    """

    def __init__(self, threads=None):
        self.threads = default_threads() if threads is None else threads
        positive(threads=self.threads)

    def __enter__(self):
        _one_blas_thread.acquire()
        self._pool = ThreadPoolExecutor(self.threads, initializer=keep_buffers)
        return self

    def __exit__(self, kind=None, *error):
        """After an error, what has not begun is cancelled; after Ctrl-C, what is running is left to end by itself."""
        self._pool.shutdown(wait=kind is not KeyboardInterrupt, cancel_futures=kind is not None)
        _one_blas_thread.release()

    def each(self, function, items):
        """Return an iterator over ``function(item) for item in items``, in order, computed by all workers."""
        return self._pool.map(function, items)


def workers_for(xp, threads=None):
    """Return a pool, not yet open, for a backend: a GPU, which is parallel in itself, is driven from one thread."""
    return Workers(threads if xp is np else 1)
