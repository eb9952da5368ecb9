import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.retrieval import DISTANCES
from scratchnet.retrieval.distances import pairs


def test_sums_by_hand(backend):
    q, b = (to_device(np.array(x), backend) for x in ([[1.0, 2.0]], [[3.0, 1.0], [0.0, 0.0]]))
    np.testing.assert_array_equal(to_host(pairs.add_differences(q, b, backend.square)), [[5, 5]])
    np.testing.assert_array_equal(to_host(pairs.add_pairs(q, b, backend.minimum)), [[2, 0]])


def test_a_query_may_have_vectors_of_its_own(backend, rng):
    q, b = rng.standard_normal((3, 4)), rng.standard_normal((3, 5, 4))
    got = pairs.add_differences(to_device(q, backend), to_device(b, backend), backend.abs)
    np.testing.assert_allclose(to_host(got), np.abs(q[:, None] - b).sum(axis=2), rtol=1e-14)


@pytest.mark.parametrize("metric", DISTANCES)
def test_small_blocks_change_nothing(backend, rng, monkeypatch, metric):
    q, b = rng.standard_normal((2, 21, 7)).astype(np.float32)
    q, b = to_device(q, backend), to_device(np.concatenate([b, b[:4]]), backend)
    whole = to_host(DISTANCES[metric](q, b))
    monkeypatch.setattr(pairs, "GROUP", 4)
    monkeypatch.setattr(pairs, "CACHE_BYTES", 700)
    monkeypatch.setattr(pairs, "DEVICE_BYTES", 700)
    np.testing.assert_array_equal(to_host(DISTANCES[metric](q, b)), whole)
    np.testing.assert_array_equal(whole[:, :4], whole[:, -4:])  # equal rows, wherever they stand
