import copy
import pickle
import threading

import numpy as np
import pytest

from scratchnet import checkpoint
from scratchnet.backend import to_device, to_host
from scratchnet.errors import CheckpointError, InputError, OutputError, SettingsError
from scratchnet.parallel import Workers
from scratchnet.retrieval import DISTANCES, FlatIndex, index

metrics = pytest.mark.parametrize("metric", DISTANCES)


def brute_force(metric, q, b, k):
    """All distances by definition in float64, then a sort by (distance as float32, id)."""
    D = DISTANCES[metric](q.astype(np.float64), b.astype(np.float64)).astype(np.float32)
    order = np.array([np.lexsort((np.arange(len(b)), row))[:k] for row in D])
    return np.take_along_axis(D, order, axis=1), order


@metrics
@pytest.mark.parametrize("k", [1, 10, 700, 1300])  # a few hundred are in order by a lucky partition
@pytest.mark.parametrize("integers", [False, True], ids=["real", "integers-with-ties"])
def test_it_finds_what_brute_force_finds(backend, rng, metric, k, integers):
    q, b = rng.standard_normal((9, 6)), rng.standard_normal((1300, 6))
    if integers:
        q, b = np.round(q), np.round(b)
    q, b = q.astype(np.float32), b.astype(np.float32)
    D, ids = FlatIndex(metric).add(to_device(b, backend)).search(to_device(q, backend), k)
    expected_D, expected_ids = brute_force(metric, q, b, k)
    assert D.dtype == np.float32 and ids.dtype == np.int64
    np.testing.assert_array_equal(to_host(ids), expected_ids)
    np.testing.assert_array_equal(to_host(D), expected_D)


@metrics
@pytest.mark.parametrize("size", [2, 130])
def test_threads_find_the_same(rng, metric, size):
    q, b = rng.standard_normal((9, 6)).astype(np.float32), rng.standard_normal((size, 6)).astype(np.float32)
    alone = FlatIndex(metric, threads=1).add(b).search(q, 2)
    for threads in (2, 3):
        for one, other in zip(alone, FlatIndex(metric, threads=threads).add(b).search(q, 2)):
            np.testing.assert_array_equal(one, other)
        with Workers(threads) as workers:
            for one, other in zip(alone, FlatIndex(metric).add(b).search(q, 2, workers)):
                np.testing.assert_array_equal(one, other)


@metrics
def test_a_search_leaves_nothing_behind_that_could_not_be_copied(rng, metric):
    q, b = rng.standard_normal((9, 6)).astype(np.float32), rng.standard_normal((130, 6)).astype(np.float32)
    flat, threads = FlatIndex(metric, threads=2).add(b), threading.active_count()
    expected = flat.search(q, 2)
    assert threading.active_count() == threads
    for other in (pickle.loads(pickle.dumps(flat)), copy.deepcopy(flat)):
        for got, wanted in zip(other.search(q, 2), expected):
            np.testing.assert_array_equal(got, wanted)
        assert len(other.add(b)) == 260 and len(flat) == 130


@metrics
def test_a_device_takes_candidates_in_portions(backend, rng, metric):
    q, b = rng.standard_normal((20, 10)).astype(np.float32), rng.standard_normal((300, 10)).astype(np.float32)
    expected = brute_force(metric, q, b, 12)
    for limit in (1, 3 * 300 * index.BYTES_A_PAIR, 2**28):
        flat = FlatIndex(metric, memory_limit_bytes=limit).add(to_device(b, backend))
        for got, wanted in zip(flat.search(to_device(q, backend), 12), expected):
            np.testing.assert_array_equal(to_host(got), wanted)


def test_directions_too_small_for_float32_survive(backend, tmp_path):
    q = to_device(np.array([[1e-50, 0.0], [0.0, 3e-310]]), backend)
    flat = FlatIndex("angular").add(to_device(np.eye(2), backend))
    D, ids = flat.search(q, 2)
    np.testing.assert_array_equal(to_host(D), [[0, 0.5], [0, 0.5]])
    np.testing.assert_array_equal(to_host(ids), [[0, 1], [1, 0]])
    flat = FlatIndex("angular").add(to_device(np.array([[3e-60, 4e-60], [4e-60, -3e-60]]), backend))
    vectors = to_host(flat.vectors)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors / np.linalg.norm(vectors, axis=1)[:, None], [[0.6, 0.8], [0.8, -0.6]], rtol=1e-6)
    flat.save(tmp_path / "index.npz")
    for kept in (flat, FlatIndex.load(tmp_path / "index.npz")):
        D, ids = kept.search(to_device(np.array([[6.0, 8.0]]), backend) if kept is flat else np.array([[6.0, 8.0]]), 2)
        np.testing.assert_allclose(to_host(D), [[0, 0.5]], atol=1e-7)


@metrics
def test_duplicates_are_at_0_in_the_order_of_their_ids(backend, rng, metric):
    x = rng.standard_normal((1, 40)).astype(np.float32)
    b = rng.standard_normal((203, 40)).astype(np.float32)
    twins = np.arange(2, 203, 2)
    b[twins] = x
    D, ids = FlatIndex(metric).add(to_device(b, backend)).search(to_device(x, backend), 100)
    np.testing.assert_array_equal(to_host(ids)[0], twins[:100])
    assert (to_host(D) == 0).all()


@metrics
def test_rounding_in_the_scores_hides_nobody(rng, metric, monkeypatch):
    # Far from the origin float32 products know nothing of distances below 1: only the exact ones do.
    b = (rng.standard_normal((300, 8)) + 3e4).astype(np.float32)
    q = (rng.standard_normal((4, 8)) + 3e4).astype(np.float32)
    monkeypatch.setattr(index, "MARGIN", 1)
    D, ids = FlatIndex(metric).add(b).search(q, 5)
    expected_D, expected_ids = brute_force(metric, q, b, 5)
    np.testing.assert_array_equal(ids, expected_ids)
    np.testing.assert_array_equal(D, expected_D)


@metrics
def test_memory_limit_and_portions_change_nothing(rng, metric):
    q, b = rng.standard_normal((20, 10)), rng.standard_normal((300, 10))
    whole = FlatIndex(metric).add(b)
    portions = FlatIndex(metric, memory_limit_bytes=3 * 300 * index.BYTES_A_PAIR).add(b[:1]).add(b[1:200])
    assert portions.search(q, 1)[1].max() < 200
    portions.add(b[200:])
    assert len(portions) == len(whole) == 300 and portions.d == 10
    for got, expected in zip(portions.search(q, 12), whole.search(q, 12)):
        np.testing.assert_array_equal(got, expected)


def test_the_index_keeps_its_own_copy(rng):
    b = rng.standard_normal((5, 3)).astype(np.float32)
    flat = FlatIndex("euclidean").add(b)
    q = b[3:4].copy()
    b[:] = 0
    assert flat.search(q, 1)[1] == 3


@metrics
@pytest.mark.parametrize("m", [3, 40, 200])
def test_candidates_of_ones_own(backend, rng, metric, m, monkeypatch):
    """Whole numbers, of which many tie; with so small a margin, scores alone would decide wrongly."""
    monkeypatch.setattr(index, "MARGIN", 1)
    q, b = (np.round(rng.standard_normal((n, 3))).astype(np.float32) + 3e3 for n in (9, 300))
    ids = np.array([rng.permutation(300)[:m] for _ in range(9)])
    flat = FlatIndex(metric).add(to_device(b[:100], backend)).add(to_device(b[100:], backend))
    D, found = flat.search_among(to_device(q, backend), to_device(ids, backend), 3)
    assert D.dtype == np.float32 and found.dtype == np.int64
    for i in range(9):
        own = np.sort(ids[i])
        expected_D, expected = brute_force(metric, q[i:i + 1], b[own], 3)
        np.testing.assert_array_equal(to_host(found)[i], own[expected[0]])
        np.testing.assert_array_equal(to_host(D)[i], expected_D[0])


@pytest.mark.parametrize("ids, k, error, message", [
    (np.array([[0, 5]]), 1, InputError, "from 0 to 4"), (np.array([[-1, 2]]), 1, InputError, "from 0 to 4"),
    (np.array([[0.0, 2.0]]), 1, InputError, "row of ids"), (np.array([0, 2]), 1, InputError, "row of ids"),
    (np.array([[0, 2], [0, 2]]), 1, InputError, "each of 1 queries"),
    (np.array([[0, 2]]), 3, SettingsError, "at most 2"), (np.array([[0, 2]]), 0, SettingsError, "k must be")])
def test_candidates_that_cannot_be_are_refused(rng, ids, k, error, message):
    x = rng.standard_normal((5, 3))
    with pytest.raises(error, match=message):
        FlatIndex("euclidean").add(x).search_among(x[:1], ids, k)
    with pytest.raises(SettingsError, match="index of vectors, not of codes"):
        FlatIndex("hamming").add(np.zeros((5, 3), np.uint8)).search_among(x[:1], ids, k)


def test_bad_settings_are_refused():
    with pytest.raises(SettingsError, match="did you mean 'manhattan'"):
        FlatIndex("manhatan")
    with pytest.raises(SettingsError, match="memory_limit_bytes"):
        FlatIndex("angular", memory_limit_bytes=0)
    with pytest.raises(SettingsError, match="threads"):
        FlatIndex("angular", threads=0)


@pytest.mark.parametrize("k", [0, -1, 5, 2.0, None])
def test_a_k_that_cannot_be_is_refused(rng, k):
    flat = FlatIndex("euclidean").add(rng.standard_normal((4, 3)))
    with pytest.raises(SettingsError, match="from 1 to 4.*fewer neighbours") as caught:
        flat.search(rng.standard_normal((1, 3)), k)
    assert "\n" not in str(caught.value)


def test_an_empty_index_says_so(rng, tmp_path):
    with pytest.raises(InputError, match="empty"):
        FlatIndex("angular").search(rng.standard_normal((1, 3)), 1)
    with pytest.raises(InputError, match="empty"):
        FlatIndex("angular").save(tmp_path / "index.npz")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("bad, message", [
    (np.full((2, 3), np.nan), "finite"), (np.ones((2, 4)), "d = 3"), (np.ones(3), "shape"),
    (np.ones((2, 3), np.uint8), "uint8")])
def test_bad_vectors_are_refused_and_leave_the_index_as_it_was(rng, bad, message):
    flat = FlatIndex("euclidean").add(rng.standard_normal((4, 3)))
    with pytest.raises(InputError, match=message):
        flat.search(bad, 1)
    with pytest.raises(InputError, match=message):
        flat.add(bad)
    assert len(flat) == 4


@metrics
def test_save_and_load(backend, rng, tmp_path, metric):
    q, b = rng.standard_normal((3, 6)), rng.standard_normal((50, 6))
    path = tmp_path / "index.npz"
    saved = FlatIndex(metric, source="abc").add(to_device(b, backend))
    saved.save(path)
    loaded = FlatIndex.load(path, expect="abc")
    assert (loaded.metric, loaded.source, len(loaded)) == (metric, "abc", 50)
    for got, expected in zip(loaded.search(q, 7), saved.search(to_device(q, backend), 7)):
        np.testing.assert_array_equal(got, to_host(expected))
    assert [p.name for p in tmp_path.iterdir()] == ["index.npz"]


def test_an_index_of_other_weights_is_refused(rng, tmp_path):
    path = tmp_path / "index.npz"
    FlatIndex("euclidean", source="old").add(rng.standard_normal((4, 3))).save(path)
    with pytest.raises(InputError, match="'old'.*expected 'new'.*build the index again"):
        FlatIndex.load(path, expect="new")
    assert FlatIndex.load(path).source == "old"


def test_damaged_files_are_refused(rng, tmp_path):
    path = tmp_path / "index.npz"
    FlatIndex("euclidean").add(rng.standard_normal((40, 30))).save(path)
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 16
    for damaged in (b"", whole[:len(whole) // 2], whole[:-1], bytes(flipped), b"<html>"):
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="damaged"):
            FlatIndex.load(path)
    with pytest.raises(CheckpointError, match="there is no"):
        FlatIndex.load(tmp_path / "missing.npz")


@pytest.mark.parametrize("description", [{"network": "paper"}, "index", None])
def test_a_checkpoint_of_something_else_is_no_index(tmp_path, description):
    checkpoint.save(tmp_path / "weights.npz", {"W": np.ones(3)}, description)
    with pytest.raises(InputError, match="not an index"):
        FlatIndex.load(tmp_path / "weights.npz")


def test_a_place_that_cannot_be_written(rng, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        FlatIndex("euclidean").add(rng.standard_normal((4, 3))).save(tmp_path / "file" / "index.npz")


@metrics
@pytest.mark.parametrize("offset, size", [(1e8, 1), (1e10, 1), (0, 1e-46)])
def test_vectors_whose_distances_float32_would_lose_are_refused(backend, rng, metric, offset, size):
    b = to_device(rng.standard_normal((130, 6)) * size + offset, backend)
    if metric == "angular" and not offset:  # kept enlarged
        assert len(FlatIndex(metric).add(b)) == 130
        return
    flat = FlatIndex(metric)
    with pytest.raises(InputError, match="stores vectors in float32, .* subtract what all"):
        flat.add(b)
    assert len(flat) == 0
    flat.add(b.astype(np.float32))  # whoever rounds them himself has been told


@metrics
def test_vectors_that_float32_keeps_are_taken(rng, metric):
    b = rng.standard_normal((130, 6))
    equal, one, large = np.full((7, 6), 0.1), b[:1] + 1e8, b * 1e12 + 1e12
    for kept in (b, b + 100, equal, one, large, np.zeros((3, 6))):
        FlatIndex(metric).add(kept)


@metrics
def test_float64_is_looked_at_in_part_only(rng, monkeypatch, metric):
    seen = []

    def paired(self, q, b):
        seen.append(len(q))
        return np.ones((len(q), 1))
    monkeypatch.setattr(type(DISTANCES[metric]), "paired", paired)
    FlatIndex(metric).add(rng.standard_normal((70_001, 2)))
    assert seen and max(seen) < 1000


@metrics
def test_a_k_of_few_bits_does_not_overflow(rng, metric):
    flat, q = FlatIndex(metric).add(rng.standard_normal((300, 4))), rng.standard_normal((3, 4))
    for found, expected in zip(flat.search(q, np.uint8(250)), flat.search(q, 250)):
        np.testing.assert_array_equal(found, expected)
