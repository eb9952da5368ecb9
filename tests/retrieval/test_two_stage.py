"""Codes first, vectors afterwards: against plain loops, and against the exact search that it must be at its limits."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, SettingsError
from scratchnet.retrieval import DISTANCES, FlatIndex, hamming, two_stage
from scratchnet.retrieval.codes import pack_bits
from scratchnet.retrieval.two_stage import TwoStageIndex

BITS = 11
metrics = pytest.mark.parametrize("metric", DISTANCES)


def data(rng, n):
    x = rng.standard_normal((n, BITS)).astype(np.float32)
    return pack_bits(x > 0.3), x


@pytest.fixture
def gallery(rng):
    codes, x = data(rng, 300)
    x[50:60], codes[50:60] = x[50], codes[50]  # equal pictures
    return codes, x


def two(metric, codes, x, backend=np):
    return TwoStageIndex(FlatIndex("hamming").add(to_device(codes, backend)),
                         FlatIndex(metric).add(to_device(x, backend)))


def brute_force(metric, q_codes, q, codes, x, k, inside):
    """Rank by (distance, id) those whose Hamming distance is `inside`; too few of them: the k nearest codes."""
    found = []
    distances = DISTANCES[metric](q.astype(float), x.astype(float)).astype(np.float32)
    for bits, row in zip(hamming(q_codes, codes), distances):
        nearest = sorted(range(len(x)), key=lambda i: (bits[i], i))
        pool = inside(bits, nearest)
        pool = pool if len(pool) >= k else nearest[:k]
        found.append(sorted((row[i], i) for i in pool)[:k])
    D, ids = np.array(found).transpose(2, 0, 1)
    return D.astype(np.float32), ids.astype(int)


@metrics
@pytest.mark.parametrize("radius", [0, 1, 3, 6])
@pytest.mark.parametrize("k", [1, 12])
def test_a_radius(backend, rng, gallery, monkeypatch, metric, radius, k):
    monkeypatch.setattr(two_stage, "CHUNK", 7)
    q_codes, q = data(rng, 20)
    q_codes[0], q[0] = gallery[0][50], gallery[1][50]
    D, ids = two(metric, *gallery, backend).search(to_device(q_codes, backend), to_device(q, backend), k, radius=radius)
    expected = brute_force(metric, q_codes, q, *gallery, k,
                           lambda bits, _: [i for i in range(300) if bits[i] <= radius])
    assert D.dtype == np.float32 and ids.dtype == np.int64
    np.testing.assert_array_equal(to_host(ids), expected[1])
    np.testing.assert_array_equal(to_host(D), expected[0])


@metrics
@pytest.mark.parametrize("candidates", [1, 12, 100])
def test_a_number_of_candidates(backend, rng, gallery, metric, candidates):
    q_codes, q = data(rng, 20)
    D, ids = two(metric, *gallery, backend).search(to_device(q_codes, backend), to_device(q, backend), 12,
                                                   candidates=candidates)
    expected = brute_force(metric, q_codes, q, *gallery, 12, lambda _, nearest: nearest[:candidates])
    np.testing.assert_array_equal(to_host(ids), expected[1])
    np.testing.assert_array_equal(to_host(D), expected[0])


@metrics
@pytest.mark.parametrize("pool", [{"radius": BITS}, {"radius": BITS + 1}, {"candidates": 300}, {"candidates": 301}])
def test_a_pool_of_all_is_exact_search(rng, gallery, metric, pool):
    q_codes, q = data(rng, 20)
    index = two(metric, *gallery)
    for got, expected in zip(index.search(q_codes, q, 30, **pool), index.vectors.search(q, 30)):
        np.testing.assert_array_equal(got, expected)


def test_an_empty_pool_is_the_nearest_codes():
    codes = pack_bits(np.array([[1, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 1, 1]], bool))
    x = np.array([[9.0], [5.0], [1.0], [0.0]], np.float32)
    index, q = two("euclidean", codes, x), np.zeros((1, 1), np.float32)
    q_codes = pack_bits(np.zeros((1, 4), bool))
    D, ids = index.search(q_codes, q, 2, radius=0)  # the code next to it differs in two bits
    assert ids.tolist() == [[3, 1]] and D.tolist() == [[0, 5]]
    D, ids = index.search(q_codes, q, 3, radius=2)  # two are in the pool, three are asked for
    assert ids.tolist() == [[3, 1, 0]]
    assert index.search(q_codes, q, 1, radius=2)[1].tolist() == [[3]]


def test_what_does_not_belong_together_is_refused(rng, gallery):
    codes, x = gallery
    coded, vectors = FlatIndex("hamming").add(codes), FlatIndex("angular").add(x)
    with pytest.raises(SettingsError, match="got angular and hamming"):
        TwoStageIndex(vectors, coded)
    with pytest.raises(InputError, match="got 299 codes"):
        TwoStageIndex(FlatIndex("hamming").add(codes[1:]), vectors)
    with pytest.raises(InputError, match="source 'a' and 300 vectors of source ''"):
        TwoStageIndex(FlatIndex("hamming", source="a").add(codes), vectors)


@pytest.mark.parametrize("change, error, message", [
    ({}, SettingsError, "one of the two"), ({"radius": 1, "candidates": 9}, SettingsError, "one of the two"),
    ({"radius": -1}, SettingsError, "radius"), ({"candidates": 0}, SettingsError, "candidates"),
    ({"radius": 1, "k": 0}, SettingsError, "k must be"), ({"radius": 1, "k": 301}, SettingsError, "k must be"),
    ({"candidates": 5, "k": 0}, SettingsError, "k must be"), ({"candidates": 5, "k": None}, SettingsError, "k must be"),
    ({"radius": 1, "q": np.zeros((3, BITS), np.float32)}, InputError, "4 codes and 3 vectors"),
    ({"radius": 1, "q_codes": np.zeros((4, 3), np.uint8)}, InputError, "codes of 2 bytes"),
    ({"radius": 1, "q": np.zeros((4, 3))}, InputError, "d = 11")])
def test_bad_queries_are_refused(rng, gallery, change, error, message):
    q_codes, q = data(rng, 4)
    with pytest.raises(error, match=message) as caught:
        two("euclidean", *gallery).search(**{"q_codes": q_codes, "q": q, "k": 3, **change})
    assert "\n" not in str(caught.value)
