"""The Hamming distance, and the index over packed codes: against bits compared one by one, and FAISS."""
import copy

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from scratchnet.backend import to_device, to_host
from scratchnet.errors import CheckpointError, InputError, SettingsError
from scratchnet.parallel import Workers
from scratchnet.retrieval import CODE_DISTANCES, DISTANCES, FlatIndex, hamming
from scratchnet.retrieval.distances import check_metric

SIZES = pytest.mark.parametrize("size", [1, 2, 6, 8, 9, 32, 40])  # bytes: below, at and above a word; beyond 255 bits


def codes(rng, n, size):
    return rng.integers(0, 256, (n, size), dtype=np.uint8)


def brute_force(q, b, k):
    """Bits compared one by one, then a sort by (distance, id)."""
    D = np.rint(cdist(np.unpackbits(q, axis=1), np.unpackbits(b, axis=1), "hamming") * 8 * q.shape[1]).astype(int)
    ids = np.array([np.lexsort((np.arange(len(b)), row))[:k] for row in D])
    return np.take_along_axis(D, ids, axis=1), ids


def test_it_stands_beside_the_distances_of_vectors():
    assert list(CODE_DISTANCES) == ["hamming"] and "hamming" not in DISTANCES
    assert check_metric("hamming") == CODE_DISTANCES["hamming"].name == "hamming"
    with pytest.raises(SettingsError, match="did you mean 'hamming'.*angular, hamming"):
        check_metric("haming")


@SIZES
def test_every_pair(backend, rng, size):
    q, b = codes(rng, 7, size), codes(rng, 30, size)
    D = hamming(to_device(q, backend), to_device(b, backend))
    assert D.dtype == np.int32
    ids = np.arange(30)
    expected, order = brute_force(q, b, 30)
    np.testing.assert_array_equal(np.take_along_axis(to_host(D), order, axis=1), expected)
    assert (to_host(hamming(to_device(b, backend), to_device(b, backend)))[ids, ids] == 0).all()


def test_all_bits_may_differ(backend):
    for size in (6, 31, 32, 33, 300):
        q, b = np.zeros((1, size), np.uint8), np.full((2, size), 255, np.uint8)
        b[1] = 0
        found, ids = FlatIndex("hamming").add(to_device(b, backend)).search(to_device(q, backend), 2)
        assert to_host(found).tolist() == [[0, 8 * size]] and to_host(ids).tolist() == [[1, 0]]


@SIZES
@pytest.mark.parametrize("k", [1, 10, 700, 1300])
def test_it_finds_what_brute_force_finds(backend, rng, size, k):
    q, b = codes(rng, 9, size), codes(rng, 1300, size)
    b[100:400], q[0] = b[100], b[100]  # 300 equal codes
    D, ids = FlatIndex("hamming", threads=2).add(to_device(b, backend)).search(to_device(q, backend), k)
    assert D.dtype == np.int32 and ids.dtype == np.int64
    for got, expected in zip((D, ids), brute_force(q, b, k)):
        np.testing.assert_array_equal(to_host(got), expected)


def test_faiss_agrees(rng):
    faiss = pytest.importorskip("faiss")
    q, b = codes(rng, 50, 6), codes(rng, 2000, 6)
    peer = faiss.IndexBinaryFlat(48)
    peer.add(b)
    D, _ = peer.search(q, 30)
    found, ids = FlatIndex("hamming").add(b).search(q, 30)
    np.testing.assert_array_equal(found, D)
    assert found.dtype == D.dtype and (hamming(q, b)[np.arange(50)[:, None], ids] == D).all()


def test_threads_portions_and_memory_change_nothing(rng):
    q, b = codes(rng, 23, 6), codes(rng, 900, 6)
    expected = brute_force(q, b, 12)
    for settings in ({"threads": 1}, {"threads": 2}, {"threads": 30}, {"memory_limit_bytes": 1}):
        index = FlatIndex("hamming", **settings).add(b[:1]).add(b[1:500])
        assert index.search(q, 1)[1].max() < 500
        index.add(b[500:])
        assert len(index) == 900 and index.d == 6
        for other in (index, copy.deepcopy(index)):
            for got, wanted in zip(other.search(q, 12), expected):
                np.testing.assert_array_equal(got, wanted)
    with Workers(2) as workers:
        for got, wanted in zip(index.search(q, 12, workers), expected):
            np.testing.assert_array_equal(got, wanted)
    for i in (0, 7):  # one query at a time
        np.testing.assert_array_equal(index.search(q[i:i + 1], 12)[1][0], expected[1][i])


def test_the_index_keeps_its_own_copy(rng):
    b = codes(rng, 50, 6)
    index, q = FlatIndex("hamming").add(b), b[3:4].copy()
    b[:] = 0
    assert index.search(q, 1)[1] == 3


def test_a_saved_index_searches_alike(rng, tmp_path):
    q, b = codes(rng, 5, 3), codes(rng, 60, 3)
    index = FlatIndex("hamming", source="abc").add(b)
    index.save(tmp_path / "codes.npz")
    loaded = FlatIndex.load(tmp_path / "codes.npz", expect="abc")
    assert loaded.metric == "hamming" and loaded.vectors.dtype == np.uint8
    for got, wanted in zip(loaded.search(q, 9), index.search(q, 9)):
        np.testing.assert_array_equal(got, wanted)


def test_a_file_whose_vectors_are_no_codes_is_refused(rng, tmp_path, monkeypatch):
    index = FlatIndex("euclidean").add(rng.standard_normal((4, 3)))
    index.metric = "hamming"
    index.save(tmp_path / "codes.npz")
    with pytest.raises(CheckpointError, match="vectors should be uint8"):
        FlatIndex.load(tmp_path / "codes.npz")


@pytest.mark.parametrize("change, message", [
    (lambda x: x.astype(np.float32), "must be binary codes, packed into an array of uint8, got float32.*pack_bits"),
    (lambda x: x.astype(np.int64), "got int64"), (lambda x: x.astype(bool), "got bool"),
    (lambda x: x.tolist(), "got list"),
    (lambda x: x[0], "shape"), (lambda x: x[:0], "shape"),
    (lambda x: x[:, :5], "codes of 6 bytes like the gallery, got 5")])
def test_what_is_no_code_of_that_length_is_refused(rng, change, message):
    b = codes(rng, 9, 6)
    index = FlatIndex("hamming").add(b)
    for call in (index.add, lambda x: index.search(x, 1), lambda x: hamming(x, b)):
        with pytest.raises(InputError, match=message) as caught:
            call(change(b))
        assert "\n" not in str(caught.value)


def test_codes_are_no_vectors(rng):
    with pytest.raises(InputError, match="vectors must be an array of float32 or float64, got uint8"):
        FlatIndex("euclidean").add(codes(rng, 9, 6))
