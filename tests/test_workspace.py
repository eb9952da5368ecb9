"""Buffers are used again only when nobody refers to them."""
import threading

import numpy as np

from scratchnet.workspace import CACHE, empty, groups, keep_buffers


def in_a_thread(function):
    """Run `function` in a thread that keeps its buffers, and return what it returns."""
    found = []

    def run():
        keep_buffers()
        found.append(function())
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


def address(x):
    return x.__array_interface__["data"][0]


def test_a_dropped_array_leaves_its_memory_to_the_next():
    def twice():
        first = empty(np, (100, 7), np.float32)
        where = address(first)
        del first
        return where == address(empty(np, (7, 90), np.float32))
    assert in_a_thread(twice)


def test_memory_that_a_view_still_shows_is_left_alone():
    def hold():
        first = empty(np, (100, 8), np.float32)
        first[...] = 1
        view = np.lib.stride_tricks.as_strided(first.reshape(10, 10, 8)[2:].transpose(2, 0, 1), (3, 3), (4, 32))
        del first
        for _ in range(3):
            empty(np, (100, 8), np.float32)[...] = 2
        return view.copy()
    assert (in_a_thread(hold) == 1).all()


def test_two_arrays_at_once_do_not_overlap():
    def both():
        a, b = empty(np, (50,), np.float64), empty(np, (50,), np.float64)
        return np.shares_memory(a, b), a.shape, a.dtype
    assert in_a_thread(both) == (False, (50,), np.float64)


def test_outside_such_a_thread_memory_is_numpys_own():
    assert empty(np, (3,), np.float32).base is None


def test_nothing_is_an_array_too():
    assert in_a_thread(lambda: empty(np, (0, 5), np.float32).shape) == (0, 5)


def test_groups_cover_all_images_and_stay_in_cache(backend):
    found = groups(backend, 10, 10 * CACHE // 4)
    assert [i for group in found for i in range(10)[group]] == list(range(10))
    assert [group.stop - group.start for group in found] == ([4, 4, 2] if backend is np else [10])
    assert groups(np, 2, 10 * CACHE) == [slice(0, 1), slice(1, 2)] and groups(np, 0, 0) == []
