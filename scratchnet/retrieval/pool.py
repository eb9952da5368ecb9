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

    def __exit__(self, kind=None, *error):
        self._pool.shutdown(wait=kind is not KeyboardInterrupt, cancel_futures=kind is not None)  # see `Workers`

    def each(self, function, items):
        """Return ``[function(item) for item in items]``: the first by the calling thread, the others by theirs."""
        first, *others = items
        others = [self._pool.submit(function, item) for item in others]
        return [function(first), *(other.result() for other in others)]
