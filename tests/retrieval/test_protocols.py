"""Who searches what: each protocol's queries and gallery are what its publication has."""
import numpy as np

from scratchnet.retrieval.protocols import PROTOCOLS, protocols

TEST, TRAIN = np.repeat(np.arange(10), 300)[np.random.default_rng(0).permutation(3000)], np.tile(np.arange(10), 50)
LEARNT = np.arange(0, 500, 2)


def test_protocols():
    found = protocols(TEST, TRAIN, LEARNT)
    assert list(found) == list(PROTOCOLS)
    ours, lin, everything, unseen = found.values()
    assert ours.own and ours.queries.tolist() == ours.gallery.tolist() == list(range(3000))
    assert lin.queries.tolist() == list(range(3000)) and lin.gallery.tolist() == list(range(3000, 3500))
    assert np.bincount(TEST[everything.queries]).tolist() == [100] * 10
    assert not set(everything.queries) & set(everything.gallery)
    assert len(everything.gallery) == 3500 - 1000 and len(unseen.gallery) == 3500 - 1000 - 250
    assert not set(3000 + LEARNT) & set(unseen.gallery)
    assert (unseen.queries == everything.queries).all() and not any(rows.own for rows in (lin, everything, unseen))


def test_queries_are_the_first_of_each_class():
    few = protocols(TEST, TRAIN, LEARNT)["xia2014-all"].queries
    for c in range(10):
        assert sorted(few[TEST[few] == c]) == np.flatnonzero(TEST == c)[:100].tolist()


def test_of_few_test_images_half_are_queries():
    few = protocols(np.tile([0, 1], 7), np.array([0, 1]), np.array([0]))["xia2014-all"]
    assert len(few.queries) == 8 and len(few.gallery) == 14 - 8 + 2
