"""Worker threads: results in order, one BLAS thread for each."""
import threading
import time

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from scratchnet.errors import SettingsError
from scratchnet.parallel import Workers, shards


def test_results_keep_the_order():
    with Workers(3) as workers:
        assert list(workers.each(lambda i: i * i, range(9))) == [i * i for i in range(9)]


def test_shards_are_those_of_the_batch_whoever_computes_them():
    assert shards(np, 70) == [slice(0, 32), slice(32, 64), slice(64, 70)]
    assert shards(np, 6, 3) == [slice(0, 3), slice(3, 6)] and shards(np, 0) == []
    assert shards("a GPU's", 70) == [slice(0, 70)]


def test_refusals():
    for threads in (0, -1):
        with pytest.raises(SettingsError):
            Workers(threads)


def blas_threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_blas_gets_its_threads_back_in_whatever_order_pools_are_left():
    with threadpool_limits(limits=2, user_api="blas"):
        before = blas_threads()
        a, b = Workers(1), Workers(2)
        a.__enter__()
        b.__enter__()
        a.__exit__()
        assert set(blas_threads()) == {1}  # b is still open
        b.__exit__()
        assert blas_threads() == before != [1] * len(before)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_after_an_error_nothing_begins_and_after_an_interruption_nothing_is_waited_for(error):
    begun, leave = [], threading.Event()
    with threadpool_limits(limits=2, user_api="blas"):
        before = blas_threads()
        with pytest.raises(error):
            with Workers(2) as workers:
                results = workers.each(lambda i: (begun.append(i), leave.wait(30)), range(100))
                while len(begun) < 2:
                    time.sleep(0.01)
                if error is ValueError:
                    threading.Timer(0.1, leave.set).start()
                raise error
        assert leave.is_set() == (error is ValueError) and blas_threads() == before
    leave.set()
    for thread in threading.enumerate():
        if thread.name.startswith("ThreadPoolExecutor"):
            thread.join()
    assert sorted(begun) == [0, 1] and results is not None
