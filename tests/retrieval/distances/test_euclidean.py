import numpy as np
import pytest
from scipy.spatial.distance import cdist

from scratchnet.backend import to_device, to_host
from scratchnet.retrieval import euclidean


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-12), (np.float32, 1e-6)])
@pytest.mark.parametrize("nq, nb, d", [(1, 1, 1), (3, 5, 2), (37, 23, 50)])
def test_scipy_agrees(backend, rng, nq, nb, d, dtype, tolerance):
    q, b = rng.standard_normal((nq, d)).astype(dtype), rng.standard_normal((nb, d)).astype(dtype)
    got = to_host(euclidean(to_device(q, backend), to_device(b, backend)))
    np.testing.assert_allclose(got, cdist(q, b), rtol=tolerance)


def test_what_all_vectors_have_in_common_is_no_part_of_a_ranking(backend, rng):
    b = rng.standard_normal((200, 6)) + 1e8
    b[11] = b[3]
    q = b[:9]
    gallery = euclidean.prepare(to_device(b, backend), ranks=True)
    scores = to_host(euclidean.score(to_device(q, backend), gallery))
    np.testing.assert_allclose(scores, euclidean(q, b) ** 2, rtol=1e-6)
    assert scores[3, 3] == scores[3, 11] == 0


def test_float32_scores_alone_do_not_find_the_nearest(rng):
    b = (rng.standard_normal((300, 8)) + 3e4).astype(np.float32)
    q = (rng.standard_normal((4, 8)) + 3e4).astype(np.float32)
    by_score = np.argsort(euclidean.score(q, euclidean.prepare(b)), axis=1, kind="stable")
    by_distance = np.argsort(euclidean(q.astype(np.float64), b.astype(np.float64)), axis=1, kind="stable")
    assert (by_score[:, :5] != by_distance[:, :5]).any()
