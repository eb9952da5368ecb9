import threading

import pytest

from scratchnet.parallel import Workers
from scratchnet.retrieval.pool import Pool


@pytest.mark.parametrize("kind", [Pool, Workers])
@pytest.mark.parametrize("threads, n", [(1, 1), (2, 2), (3, 5)])
def test_parts_come_back_in_order(kind, threads, n):
    with kind(threads) as workers:
        assert workers.threads == threads
        assert list(workers.each(lambda i: i * i, range(n))) == [i * i for i in range(n)]


def test_the_threads_end_with_the_block():
    before = threading.active_count()
    with Pool(3) as pool:
        pool.each(lambda part: part, range(3))
        assert threading.active_count() > before
    assert threading.active_count() == before


@pytest.mark.parametrize("error, waited", [(KeyboardInterrupt, False), (ValueError, True)])
def test_after_an_error_nothing_begins_and_after_an_interruption_nothing_is_waited_for(error, waited):
    begun, leave = [], threading.Event()

    def part(i):
        if i == 0:
            while not begun:
                pass
            if waited:
                threading.Timer(0.1, leave.set).start()
            raise error
        begun.append(i)
        leave.wait(30)
    with pytest.raises(error), Pool(2) as pool:
        pool.each(part, range(9))
    assert leave.is_set() == waited
    leave.set()
    for thread in threading.enumerate():
        if thread.name.startswith("ThreadPoolExecutor"):
            thread.join()
    assert begun == [1]
