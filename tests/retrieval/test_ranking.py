import numpy as np

from scratchnet.backend import to_device, to_host
from scratchnet.retrieval.ranking import pack, unpack


def test_keys_sort_by_distance_then_number(backend):
    distances = np.array([2.5, 0.0, -0.0, 1e-40, 0.0, np.inf, 2.5], np.float32)
    keys = pack(to_device(distances, backend), to_device(np.arange(7, dtype=np.uint64), backend))
    D, numbers = unpack(backend.sort(keys))
    np.testing.assert_array_equal(to_host(numbers), [1, 2, 4, 3, 0, 6, 5])
    np.testing.assert_array_equal(to_host(D), distances[[1, 2, 4, 3, 0, 6, 5]])
    assert D.dtype == np.float32 and numbers.dtype == np.int64
