import numpy as np
import pytest
from scipy.spatial.distance import cdist

from scratchnet.backend import to_device, to_host
from scratchnet.parallel import Workers
from scratchnet.retrieval import manhattan
from scratchnet.retrieval.pool import Pool


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-12), (np.float32, 1e-6)])
@pytest.mark.parametrize("nq, nb, d", [(1, 1, 1), (3, 5, 2), (37, 23, 50)])
def test_scipy_agrees(backend, rng, nq, nb, d, dtype, tolerance):
    q, b = rng.standard_normal((nq, d)).astype(dtype), rng.standard_normal((nb, d)).astype(dtype)
    got = to_host(manhattan(to_device(q, backend), to_device(b, backend)))
    np.testing.assert_allclose(got, cdist(q, b, "cityblock"), rtol=tolerance)


def test_it_ranks_by_the_distance_itself(backend, rng):
    q, b = (to_device(rng.standard_normal((n, 6)), backend) for n in (4, 20))
    scores = manhattan.score(q, manhattan.prepare(b, ranks=True))
    np.testing.assert_array_equal(to_host(scores), to_host(manhattan(q, b)).astype(np.float32))


@pytest.mark.parametrize("kind", [Pool, Workers])
@pytest.mark.parametrize("threads, nb", [(2, 300), (3, 2)])
def test_workers_change_no_bit(rng, kind, threads, nb):
    q, b = rng.standard_normal((5, 7)).astype(np.float32), rng.standard_normal((nb, 7)).astype(np.float32)
    gallery = manhattan.prepare(b)
    alone = manhattan.score(q, gallery)
    with kind(threads) as workers:
        np.testing.assert_array_equal(manhattan.score(q, gallery, workers), alone)


@pytest.mark.parametrize("ranks", [False, True])
def test_what_is_surely_left_is_no_more_than_there_is(backend, rng, ranks):
    """Far from the origin, rounding moves a score by more than vectors differ."""
    q, b = (rng.standard_normal((n, 20)).astype(np.float32) + 1000 for n in (4, 300))
    gallery = manhattan.prepare(to_device(b, backend), ranks)
    scores = manhattan.score(to_device(q, backend), gallery)
    expected = np.abs(q[:, None].astype(np.float64) - b).sum(axis=2)
    for j in range(0, 300, 10):
        left = to_host(manhattan.nearest_beyond(to_device(q, backend), gallery, scores[:, j]))
        assert left.dtype == np.float64 and (left >= 0).all() and (left <= expected[:, j]).all()
