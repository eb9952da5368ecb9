import threading

import numpy as np
import pytest

from scratchnet.parallel import Workers
from scratchnet.retrieval import DISTANCES, FlatIndex, index, timing


def test_searches_are_timed_one_query_at_a_time(rng, monkeypatch):
    searched = []
    search = FlatIndex.search

    def spy(self, q, k, workers=None):
        searched.append((len(q), k))
        return search(self, q, k, workers)
    monkeypatch.setattr(FlatIndex, "search", spy)
    x = rng.standard_normal((12, 3))
    assert timing.seconds_per_query(FlatIndex("euclidean").add(x), x, 7) > 0
    assert searched == [(1, 7)] * (timing.WARM_UP + 12)


def test_the_median_leaves_out_the_warm_up(monkeypatch):
    clock = [0.0]
    costs = iter([1e3] * timing.WARM_UP + [1.0, 9.0, 2.0, 3.0, 3.5, 4.0, 100.0])

    class Index(FlatIndex):
        def search(self, q, k, workers=None):
            clock[0] += next(costs)
            return q, q
    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock[0])
    x = np.ones((7, 2))
    assert timing.seconds_per_query(Index("euclidean").add(x), x) == 3.5


@pytest.mark.parametrize("metric", DISTANCES)
def test_a_pool_is_opened_once_for_all_searches_or_not_at_all(rng, monkeypatch, metric):
    opened = []

    class Pool(index.Pool):
        def __enter__(self):
            opened.append(self.threads)
            return super().__enter__()
    monkeypatch.setattr(index, "Pool", Pool)
    x = rng.standard_normal((40, 3))
    expected = [2] if DISTANCES[metric].uses_workers else []
    before = threading.active_count()
    timing.seconds_per_query(FlatIndex(metric, threads=2).add(x), x)
    assert opened == expected and threading.active_count() == before
    with Workers(2) as workers:
        timing.seconds_per_query(FlatIndex(metric, threads=2).add(x), x, workers=workers)
    assert opened == expected
