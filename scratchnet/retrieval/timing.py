"""Seconds per query: what the paper's Tables 4 and 5 call matching time."""
import time
from contextlib import nullcontext

import numpy as np

from ..backend import to_host

TIMED, WARM_UP = 100, 5   # queries searched one by one, with and without looking at the clock


def seconds_per_query(index, queries, k=30, workers=None):
    """Return the median time of a search for ONE query.

    Parameters
    ----------
    index : FlatIndex
    queries : (nq, d) array
        The first hundred are timed, one search each, after a few that warm up.
    k : int
        Neighbours.
    workers : Workers or Pool, optional
        Open, see `FlatIndex.search`; None means that the index's own are opened once for all searches.
    """
    seconds = []
    with index.open_workers() if workers is None else nullcontext(workers) as workers:
        for i in [*range(min(WARM_UP, len(queries))), *range(min(TIMED, len(queries)))]:
            start = time.perf_counter()
            to_host(index.search(queries[i:i + 1], k, workers)[1])  # the answer on the host ends the wait for a GPU too
            seconds.append(time.perf_counter() - start)
    return float(np.median(seconds[min(WARM_UP, len(queries)):]))
