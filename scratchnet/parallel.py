"""Worker threads over a batch.

NumPy releases the interpreter's lock inside its loops and matrix products, so threads compute side by side. Each worker
takes one contiguous part of a batch and walks it in chunks small enough to stay in the processor's cache.
"""
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import threadpool_limits

from .checks import positive
from .workspace import keep_buffers

CHUNK = 32


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
    chunk : int
        Images that go through the network together.
    """

    def __init__(self, threads=None, chunk=CHUNK):
        threads = default_threads() if threads is None else threads
        positive(threads=threads, chunk=chunk)
        self.threads, self.chunk = threads, chunk

    def __enter__(self):
        _one_blas_thread.acquire()
        self._pool = ThreadPoolExecutor(self.threads, initializer=keep_buffers)
        return self

    def __exit__(self, *error):
        self._pool.shutdown()
        _one_blas_thread.release()

    def parts(self, n):
        """Return one list of chunk slices for each worker: contiguous, in order, together 0 to n."""
        edges = [n * i // self.threads for i in range(self.threads + 1)]
        return [[slice(a, min(a + self.chunk, stop)) for a in range(start, stop, self.chunk)]
                for start, stop in zip(edges, edges[1:]) if stop > start]

    def each(self, function, items):
        """Return ``[function(item) for item in items]``, in order, computed by all workers."""
        return list(self._pool.map(function, items))

    def map(self, function, n):
        """Return ``[function(slice) for each chunk of range(n)]``, in order, computed by all workers."""
        def walk(part):
            return [function(chunk) for chunk in part]
        return [result for part in self.each(walk, self.parts(n)) for result in part]


def workers_for(xp, threads=None, batch=CHUNK):
    """Return a pool, not yet open: threads and small chunks on a CPU; on a GPU, which is parallel in itself, one thread
    and whole batches."""
    return Workers(threads, CHUNK) if xp is np else Workers(1, batch)
