"""K-means: the clusters that scikit-learn finds, the same bits with any threads, and no cluster lost."""
import numpy as np
import pytest
from sklearn.cluster import KMeans as Theirs
from strict import strict

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, SettingsError
from scratchnet.parallel import Workers
from scratchnet.unsupervised import KMeans, initial_centroids, kmeans
from scratchnet.unsupervised.kmeans import assign


def clouds(rng, m=600, D=7, K=9):
    return rng.standard_normal((m, D)) + 2 * rng.standard_normal((K, D))[rng.integers(0, K, m)]


def lloyd_by_the_book(X, C, iterations):
    """The two steps in plain loops."""
    C = C.copy()
    for _ in range(iterations):
        nearest = [min(range(len(C)), key=lambda k: ((x - C[k])**2).sum()) for x in X]
        for k in range(len(C)):
            mine = [x for x, n in zip(X, nearest) if n == k]
            C[k] = np.mean(mine, axis=0) if mine else 0
    return C


def test_it_is_that_of_scikit_learn_from_equal_starts(rng):
    X = clouds(rng)
    start = X[:9].copy()
    ours = KMeans(start)
    costs, empty = ours.fit(X, 100)
    theirs = Theirs(9, init=start, n_init=1, algorithm="lloyd", max_iter=100, tol=0).fit(X)
    np.testing.assert_allclose(ours.centroids, theirs.cluster_centers_, rtol=1e-9)
    nearest, squared = assign(X, ours.centroids)
    assert (nearest == theirs.labels_).all() and empty == 0 and len(costs) < 100
    assert np.isclose(costs[-1], theirs.inertia_ / len(X)) and np.isclose(squared.mean(), costs[-1])


def test_it_is_the_book_and_an_empty_cluster_goes_to_zero(backend, rng, monkeypatch):
    X, start, told = clouds(rng, 50, 3, 4) + 5, rng.standard_normal((4, 3)) + 5, []
    start[2] = 1000.0
    monkeypatch.setattr(kmeans, "SHARD", 16)
    monkeypatch.setattr(kmeans, "BLOCK", 5)
    for iterations in (1, 3):
        ours = KMeans(to_device(start, backend))
        costs, empty = ours.fit(to_device(X, backend), iterations, lambda *row: told.append(row))
        np.testing.assert_allclose(to_host(ours.centroids), lloyd_by_the_book(X, start, iterations), rtol=1e-10)
    taken = {min(range(4), key=lambda k: ((x - start[k])**2).sum()) for x in X}
    assert [row[0] for row in told] == [1, 1, 2, 3] and told[0][2] == 4 - len(taken) > 0 and empty == told[-1][2]
    assert costs == [row[1] for row in told[1:]]
    assert np.isclose(costs[0], np.mean([min(((x - c)**2).sum() for c in start) for x in X]))


def test_the_cost_falls_and_the_end_is_noticed(rng):
    X = clouds(rng)
    costs, _ = KMeans(X[:9].copy()).fit(X, 200)
    assert len(costs) < 200 and all(b <= a + 1e-12 for a, b in zip(costs, costs[1:]))


def test_threads_do_not_change_a_bit_and_stopping_on_the_way_neither(rng):
    X = clouds(rng, 5000).astype(np.float32)
    start, found = initial_centroids(20, 7, np.random.default_rng(3)), []
    for threads in (1, 2, 3):
        model = KMeans(start)
        with Workers(threads) as workers:
            costs, _ = model.fit(X, 6, workers=workers)
        found.append((costs, model.centroids.tobytes()))
    assert found[0] == found[1] == found[2] and model.centroids.dtype == np.float32
    half = KMeans(start)
    half.fit(X, 2)
    half = KMeans(half.centroids)
    half.fit(X, 4)
    assert half.centroids.tobytes() == found[0][1]


def test_a_start_is_small_and_belongs_to_its_seed():
    start = initial_centroids(300, 40, np.random.default_rng(0))
    assert start.shape == (300, 40) and start.dtype == np.float32 and 0.098 < start.std() < 0.102
    assert (start == initial_centroids(300, 40, np.random.default_rng(0))).all()
    assert (start != initial_centroids(300, 40, np.random.default_rng(1))).any()


def test_equal_distances_go_to_the_lower_number_and_none_is_negative():
    nearest, squared = assign(np.array([[1.0, 0], [0, 0]]), np.array([[0.0, 1], [1, 0], [1, 0]]))
    assert nearest.tolist() == [1, 0] and squared.tolist() == [0, 1]
    x = np.full((1, 100), 1.1, np.float32)
    assert assign(x, x)[1][0] >= 0


def test_a_patch_on_its_centroid_is_at_no_negative_distance(rng):
    X = (1000 * rng.standard_normal((500, 40))).astype(np.float32)
    nearest, squared = assign(X, X)
    assert (nearest == np.arange(500)).all() and (squared >= 0).all()


def test_refusals(rng):
    X = rng.standard_normal((5, 3))
    for wrong in (X[0], X.astype(int), X[:, :0], X[:0]):
        with pytest.raises(InputError, match=r"\(K, D\)"):
            KMeans(wrong)
    for wrong in (X[:, :2], X[0], X.astype(int)):
        with pytest.raises(InputError, match=r"\(m, 3\)"):
            KMeans(X[:2]).fit(wrong)
    with pytest.raises(SettingsError, match="5 patches cannot make 6 clusters: take more patches, or at most 5"):
        KMeans(np.zeros((6, 3))).fit(X)
    with pytest.raises(InputError, match="look for NaN"):
        KMeans(X[:2]).fit(X * np.nan)
    for settings in ({"K": 0, "D": 3}, {"K": 2, "D": 0}):
        with pytest.raises(SettingsError, match="at least 1"):
            initial_centroids(rng=rng, **settings)
    with pytest.raises(SettingsError, match="at least 1"):
        KMeans(X[:2]).fit(X, 0)
    with pytest.raises(TypeError, match="mixed"):
        KMeans(strict.asarray(X[:2])).fit(X)
