import numpy as np
import pytest
from scipy.spatial.distance import cdist

from scratchnet.backend import to_device, to_host
from scratchnet.retrieval import angular, printed_cosine


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-12), (np.float32, 1e-6)])
@pytest.mark.parametrize("nq, nb, d", [(1, 1, 1), (3, 5, 2), (37, 23, 50)])
def test_scipy_agrees(backend, rng, nq, nb, d, dtype, tolerance):
    q, b = rng.standard_normal((nq, d)).astype(dtype), rng.standard_normal((nb, d)).astype(dtype)
    got = to_host(angular(to_device(q, backend), to_device(b, backend)))
    expected = np.arccos(np.clip(1 - cdist(q, b, "cosine"), -1, 1)) / np.pi
    # d = 1: SciPy's cosine is 1 − 1e-16, whose arccosine is 1e-8
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=1e-8)


def test_angles_by_hand(backend):
    q = np.array([[2.0, 0.0]])
    b = np.array([[5.0, 0], [1, 1], [0, 3], [-1, 1], [-4, 0], [0, 0]])
    q, b = to_device(q, backend), to_device(b, backend)
    expected = np.array([[0, 1 / 4, 1 / 2, 3 / 4, 1, 1 / 2]])
    np.testing.assert_allclose(to_host(angular(q, b)), expected, rtol=1e-15)
    np.testing.assert_allclose(to_host(printed_cosine(q, b)), 1 - expected, rtol=1e-15)


def test_an_angle_too_small_for_an_arccosine():
    q, b = np.array([[1.0, 0.0]]), np.array([[1.0, 1e-9]])
    assert angular(q, b)[0, 0] == pytest.approx(1e-9 / np.pi, rel=1e-12)


def test_a_zero_vector_is_at_a_right_angle_to_everything(backend):
    zero, b = to_device(np.zeros((1, 3), np.float32), backend), to_device(np.eye(3, dtype=np.float32) - 1, backend)
    for D in (angular(zero, b), angular(b, zero), angular(zero, zero)):
        assert (to_host(D) == 0.5).all()
    for ranks in (False, True):
        scores = angular.score(zero, angular.prepare(backend.concatenate([b, zero]), ranks))
        np.testing.assert_allclose(to_host(scores), 2, rtol=1e-6)  # ‖u − v‖² at a right angle, also of zero to zero


def test_angles_of_huge_and_tiny_vectors():
    b = np.array([[3.0, 4.0]])
    for size in (1e-300, 1e14):
        assert angular(b * size, b)[0, 0] == pytest.approx(0, abs=1e-15)


def test_what_is_too_small_for_float32_keeps_its_direction(backend, rng):
    x = rng.standard_normal((50, 4)) * 10.0 ** rng.integers(-300, 10, (50, 1))
    x[7] = 0
    kept = to_host(angular.keep(to_device(x, backend)))
    assert kept.dtype == np.float32 and (kept[7] == 0).all()
    np.testing.assert_allclose(np.delete(np.diag(angular(kept.astype(np.float64), x)), 7), 0, atol=1e-7)
    large = np.abs(x).max(axis=1) > 1e-15
    np.testing.assert_array_equal(kept[large], x[large].astype(np.float32))  # the others are what they were


def test_float32_is_kept_as_it_is(rng):
    x = (rng.standard_normal((5, 4)) * 1e-40).astype(np.float32)
    kept = angular.keep(x)
    np.testing.assert_array_equal(kept, x)
    assert not np.shares_memory(kept, x)
