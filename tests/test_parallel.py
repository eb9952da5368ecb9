"""Worker threads: results in order, one BLAS thread for each."""
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from scratchnet.errors import SettingsError
from scratchnet.parallel import Workers


def test_map_keeps_the_order():
    with Workers(3, 2) as workers:
        parts = workers.map(lambda chunk: list(range(20))[chunk], 20)
        assert workers.each(lambda i: i * i, range(9)) == [i * i for i in range(9)]
    assert sum(parts, []) == list(range(20))


def test_refusals():
    for arguments in ((0, 4), (2, 0), (-1, 4)):
        with pytest.raises(SettingsError):
            Workers(*arguments)


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
