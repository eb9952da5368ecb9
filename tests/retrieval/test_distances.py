import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import cdist
from strict import strict

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, SettingsError
from scratchnet.retrieval import DISTANCES, angular, distances, euclidean, printed_cosine
from scratchnet.retrieval.ranking import pack, unpack
from scratchnet.retrieval.scores import Scorer


def scipy_distances(metric, q, b):
    """The same from SciPy, float64."""
    if metric == "angular":
        return np.arccos(np.clip(1 - cdist(q, b, "cosine"), -1, 1)) / np.pi
    return cdist(q, b, {"euclidean": "euclidean", "manhattan": "cityblock"}[metric])


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-12), (np.float32, 1e-6)])
@pytest.mark.parametrize("nq, nb, d", [(1, 1, 1), (3, 5, 2), (37, 23, 50)])
@pytest.mark.parametrize("metric", DISTANCES)
def test_scipy_agrees(backend, rng, metric, nq, nb, d, dtype, tolerance):
    q, b = rng.standard_normal((nq, d)).astype(dtype), rng.standard_normal((nb, d)).astype(dtype)
    got = DISTANCES[metric](to_device(q, backend), to_device(b, backend))
    assert got.dtype == dtype
    # d = 1: SciPy's cosine is 1 − 1e-16, whose arccosine is 1e-8
    np.testing.assert_allclose(to_host(got), scipy_distances(metric, q, b), rtol=tolerance, atol=1e-8)


@pytest.mark.parametrize("metric", DISTANCES)
def test_small_blocks_change_nothing(backend, rng, monkeypatch, metric):
    q, b = rng.standard_normal((2, 21, 7)).astype(np.float32)
    q, b = to_device(q, backend), to_device(np.concatenate([b, b[:4]]), backend)
    whole = to_host(DISTANCES[metric](q, b))
    monkeypatch.setattr(distances, "GROUP", 4)
    monkeypatch.setattr(distances, "CACHE_BYTES", 700)
    monkeypatch.setattr(distances, "DEVICE_BYTES", 700)
    np.testing.assert_array_equal(to_host(DISTANCES[metric](q, b)), whole)
    np.testing.assert_array_equal(whole[:, :4], whole[:, -4:])  # equal rows, wherever they stand


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("metric", DISTANCES)
def test_equal_vectors_are_at_exactly_0(rng, metric, dtype):
    x = (rng.standard_normal((50, 33)) * 10.0 ** rng.integers(-6, 6, (50, 1))).astype(dtype)
    assert (np.diag(DISTANCES[metric](x, x.copy())) == 0).all()


@given(hnp.arrays(np.float64, (3, 4), elements=st.floats(-1e6, 1e6).map(lambda v: round(v, 3))))
def test_a_distance_is_a_distance(x):
    for distance in DISTANCES.values():
        D = distance(x, x)
        assert (D >= 0).all()
        np.testing.assert_allclose(D, D.T, rtol=1e-12)
        assert D[0, 2] <= (D[0, 1] + D[1, 2]) * (1 + 1e-9)


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


def test_angles_of_huge_and_tiny_vectors():
    b = np.array([[3.0, 4.0]])
    for size in (1e-300, 1e14):
        assert angular(b * size, b)[0, 0] == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("make, message", [
    (lambda x: x.astype(int), "int64.*astype"),
    (lambda x: x.astype(np.float16), "float16"),
    (lambda x: x[0], "shape"),
    (lambda x: x[:0], "shape"),
    (lambda x: x[None], "shape"),
    (lambda x: x[:, :2], "d = "),
    (lambda x: np.where(x == x[0, 0], np.nan, x), "finite"),
    (lambda x: np.where(x == x[0, 0], -np.inf, x), "finite"),
    (lambda x: x * 1e20, "finite"),
    (lambda x: x.tolist(), "list")])
@pytest.mark.parametrize("function", [*DISTANCES.values(), printed_cosine])
def test_bad_vectors_are_refused(rng, function, make, message):
    x = rng.standard_normal((4, 3))
    for arguments in ((make(x), x), (x, make(x))):
        with pytest.raises(InputError, match=message) as caught:
            function(*arguments)
        assert "\n" not in str(caught.value)


def test_backends_do_not_mix():
    with pytest.raises(TypeError, match="different backends"):
        euclidean(strict.ones((1, 2)), np.ones((1, 2)))


def test_a_metric_that_does_not_exist_gets_a_suggestion():
    with pytest.raises(SettingsError, match="did you mean 'euclidean'"):
        distances.check_metric("euclidian")


@pytest.mark.parametrize("metric", DISTANCES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_sort_like_distances_up_to_their_bound(backend, rng, metric, dtype):
    b = rng.standard_normal((300, 20)).astype(np.float32)
    b[3], b[4] = 0, b[5]
    q = np.concatenate([rng.standard_normal((5, 20)).astype(np.float32), b[3:5], b[9:10] * np.float32(1 + 1e-6)])
    scorer = Scorer(metric, to_device(b, backend), dtype)
    scores = scorer(to_device(q, backend))
    assert scores.dtype == np.float32 and float(scores.min()) >= 0
    D = DISTANCES[metric](q.astype(np.float64), b.astype(np.float64))
    for row in range(0, len(b), 7):
        beyond = to_host(scorer.nearest_beyond(to_device(q, backend), scores[:, row]))
        farther = to_host(scores) >= to_host(scores)[:, row:row + 1]
        assert (np.where(farther, D, np.inf).min(axis=1) >= beyond * (1 - 1e-6)).all()
        np.testing.assert_allclose(beyond, D[:, row], rtol=1e-3, atol=3e-2)
    if dtype == np.float64:
        expected = [0, 0] if metric != "angular" else [2, 0]  # the zero vector, by itself, is at a right angle
        np.testing.assert_allclose(to_host(scores)[[5, 6], [3, 4]], expected, rtol=1e-6)


def test_keys_sort_by_distance_then_number(backend):
    distances = np.array([2.5, 0.0, -0.0, 1e-40, 0.0, np.inf, 2.5], np.float32)
    keys = pack(to_device(distances, backend), to_device(np.arange(7, dtype=np.uint64), backend))
    D, numbers = unpack(backend.sort(keys))
    np.testing.assert_array_equal(to_host(numbers), [1, 2, 4, 3, 0, 6, 5])
    np.testing.assert_array_equal(to_host(D), distances[[1, 2, 4, 3, 0, 6, 5]])
    assert D.dtype == np.float32 and numbers.dtype == np.int64
