import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from strict import strict

from scratchnet.backend import array_module, to_device, to_host
from scratchnet.errors import InputError, SettingsError
from scratchnet.metrics import average_precision
from scratchnet.retrieval import DISTANCES, FlatIndex, euclidean, evaluate_retrieval
from scratchnet.retrieval.distances import Distance, check_metric

metrics = pytest.mark.parametrize("metric", DISTANCES)


class Chebyshev(Distance):
    """max_k |q_k − b_k|, with no more than a class must have, for the test that this is enough."""

    name = "chebyshev"

    def between(self, q, b):
        return array_module(q, b).abs(q[:, None] - b).max(axis=2)


def test_the_papers_distances_come_first():
    assert list(DISTANCES)[:3] == ["euclidean", "manhattan", "angular"]
    assert all(name == distance.name for name, distance in DISTANCES.items())


@metrics
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_result_has_the_inputs_dtype_and_one_entry_a_pair(backend, rng, metric, dtype):
    q, b = (to_device(rng.standard_normal((n, 4)).astype(dtype), backend) for n in (3, 5))
    got = DISTANCES[metric](q, b)
    assert got.dtype == dtype and got.shape == (3, 5)


@metrics
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
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


@metrics
def test_pairs_of_each_query_alone(backend, rng, metric):
    q, b = rng.standard_normal((3, 6)), rng.standard_normal((3, 5, 6))
    q[0] = b[1, 2] = b[0, 0] = 0
    got = to_host(DISTANCES[metric].paired(to_device(q, backend), to_device(b, backend)))
    for i in range(3):
        np.testing.assert_allclose(got[i], DISTANCES[metric](q[i:i + 1], b[i])[0], rtol=1e-12)


def test_backends_do_not_mix():
    with pytest.raises(TypeError, match="different backends"):
        euclidean(strict.ones((1, 2)), np.ones((1, 2)))


def test_a_metric_that_does_not_exist_gets_a_suggestion():
    with pytest.raises(SettingsError, match="there is no metric 'euclidian'.*did you mean 'euclidean'"):
        check_metric("euclidian")


@pytest.mark.parametrize("distance", [*DISTANCES.values(), Chebyshev()], ids=lambda distance: distance.name)
def test_some_of_a_gallery_are_scored_as_among_all(backend, rng, distance):
    q, b = (to_device(rng.standard_normal((n, 6)).astype(np.float32), backend) for n in (4, 50))
    ids = to_device(np.array([7, 3, 49]), backend)
    gallery = distance.prepare(b)
    some, scores = distance.take(gallery, ids), to_host(distance.score(q, gallery))
    np.testing.assert_allclose(to_host(distance.score(q, some)), scores[:, to_host(ids)], rtol=1e-4, atol=1e-5)
    bound = distance.nearest_beyond(q, some, to_device(scores[:, 3], backend))
    assert (to_host(bound) <= to_host(distance(q, b))[:, 3]).all()


@pytest.mark.parametrize("distance", [*DISTANCES.values(), Chebyshev()], ids=lambda distance: distance.name)
@pytest.mark.parametrize("ranks", [False, True])
def test_scores_sort_like_distances_up_to_their_bound(backend, rng, distance, ranks):
    b = rng.standard_normal((300, 20)).astype(np.float32)
    b[3], b[4] = 0, b[5]
    q = np.concatenate([rng.standard_normal((5, 20)).astype(np.float32), b[3:5], b[9:10] * np.float32(1 + 1e-6)])
    gallery = distance.prepare(to_device(b, backend), ranks)
    scores = distance.score(to_device(q, backend), gallery)
    assert scores.dtype == np.float32 and float(scores.min()) >= 0
    D = distance(q.astype(np.float64), b.astype(np.float64))
    for row in range(0, len(b), 7):
        beyond = to_host(distance.nearest_beyond(to_device(q, backend), gallery, scores[:, row]))
        assert beyond.dtype == np.float64
        farther = to_host(scores) >= to_host(scores)[:, row:row + 1]
        assert (np.where(farther, D, np.inf).min(axis=1) >= beyond * (1 - 1e-6)).all()
        np.testing.assert_allclose(beyond, D[:, row], rtol=1e-3, atol=3e-2)
    if ranks:
        assert to_host(scores)[6, 4] == to_host(scores)[6, 5] == 0  # equal vectors


def test_a_default_score_keeps_the_digits_of_float64(backend):
    """In float32, nothing but steps of 8 would be left of these."""
    q, b = np.array([[1e8 + 1.0, 0]]), np.array([[1e8 + 2.5, 0], [1e8 - 3.0, 0]])
    distance = Chebyshev()
    scores = distance.score(to_device(q, backend), distance.prepare(to_device(b, backend)))
    assert to_host(scores).tolist() == [[1.5, 4]]


@metrics
def test_distances_hold_no_data(rng, metric):
    x = rng.standard_normal((20, 3))
    distance = DISTANCES[metric]
    distance.score(x, distance.prepare(x))
    assert not vars(distance)
    pickle.loads(pickle.dumps(distance))


@pytest.mark.parametrize("integers", [False, True], ids=["real", "integers-with-ties"])
def test_a_new_distance_is_right_before_it_is_fast(backend, rng, monkeypatch, integers):
    monkeypatch.setitem(DISTANCES, "chebyshev", Chebyshev())
    q, b = rng.standard_normal((70, 6)), rng.standard_normal((130, 6))
    q, b = (np.round(x) if integers else x for x in (q, b))
    q, b = q.astype(np.float32), b.astype(np.float32)
    q_labels, b_labels = rng.integers(0, 4, len(q)), np.arange(len(b)) % 4
    D = np.abs(q[:, None].astype(np.float64) - b).max(axis=2).astype(np.float32)
    order = np.argsort(D, axis=1, kind="stable")

    found, ids = FlatIndex("chebyshev").add(to_device(b, backend)).search(to_device(q, backend), 10)
    np.testing.assert_array_equal(to_host(ids), order[:, :10])
    np.testing.assert_array_equal(to_host(found), np.take_along_axis(D, order[:, :10], axis=1))

    each = {}
    evaluate_retrieval(to_device(q, backend), q_labels, to_device(b, backend), b_labels, "chebyshev", threads=2,
                       each=each)
    np.testing.assert_allclose(each["map"], [average_precision(b_labels[row] == label)
                                             for row, label in zip(order, q_labels)], rtol=1e-12)


@metrics
@pytest.mark.parametrize("size", [1e-40, 1e-25, 1e12])
def test_float32_vectors_of_any_size_have_distances(rng, metric, size):
    """Squares of 1e-25 are 0 in float32."""
    q, b = ((rng.standard_normal((n, 5)) * size).astype(np.float32) for n in (3, 4))
    expected = DISTANCES[metric](q.astype(np.float64), b.astype(np.float64))
    np.testing.assert_allclose(DISTANCES[metric](q, b), expected, rtol=1e-6, atol=1e-45)
    assert (expected > 0).all()


@metrics
def test_vectors_whose_squares_vanish_in_float64_are_refused(rng, metric):
    q = rng.standard_normal((3, 5))
    if metric == "angular":
        np.testing.assert_allclose(DISTANCES[metric](q, q * 1e-200), DISTANCES[metric](q, q), atol=1e-12)
    else:
        with pytest.raises(InputError, match="gallery must have a number above 1e-150"):
            DISTANCES[metric](q, q * 1e-200)
