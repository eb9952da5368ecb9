"""Threads for the time of one search.

`scratchnet.parallel.Workers` sets BLAS to one thread while it is open, and finding BLAS takes longer than starting
the threads. A search that multiplies no matrices does without that, which matters for one query at a time.
"""
from concurrent.futures import ThreadPoolExecutor


class Pool:
    """Threads that share the parts of one piece of work. Use it in a ``with`` block.

    Parameters
    ----------
    threads : int
        The calling thread is one of them.
    """

    def __init__(self, threads):
        self.threads = threads

    def __enter__(self):
        self._pool = ThreadPoolExecutor(max(1, self.threads - 1))
        return self

    def __exit__(self, *error):
        self._pool.shutdown()

    def map(self, function, n):
        """Return ``[function(slice(i, i + 1)) for i in range(n)]``: the first by the calling thread, the others by
        theirs. `Workers.map` does the same with slices of its own size."""
        others = [self._pool.submit(function, slice(i, i + 1)) for i in range(1, n)]
        return [function(slice(0, 1)), *(other.result() for other in others)]
