"""How many are at each distance, counted by plain loops."""
import numpy as np
import pytest

from scratchnet.backend import to_device
from scratchnet.metrics import average_precisions
from scratchnet.parallel import Workers
from scratchnet.retrieval import hamming, levels, ties


def counted(q, q_labels, b, b_labels, exclude_self):
    """Return (n, k, relevance in rank order) of each query."""
    rows = []
    for i, distances in enumerate(hamming(q, b)):
        others = [j for j in range(len(b)) if not (exclude_self and i == j)]
        order = sorted(others, key=lambda j: (distances[j], j))
        relevant = b_labels == q_labels[i]
        rows.append(([sum(distances[j] == d for j in others) for d in range(8 * b.shape[1] + 1)],
                     [sum(distances[j] == d and relevant[j] for j in others) for d in range(8 * b.shape[1] + 1)],
                     relevant[order]))
    return tuple(np.array(part) for part in zip(*rows))


@pytest.mark.parametrize("exclude_self", [False, True])
@pytest.mark.parametrize("size, nb", [(1, 40), (2, 64), (6, 65), (33, 30)])
def test_counts_and_order_by_plain_loops(backend, rng, monkeypatch, exclude_self, size, nb):
    monkeypatch.setattr(levels, "CHUNK", 7)
    b = rng.integers(0, 256, (nb, size), dtype=np.uint8)
    b[5:15] = b[4]
    labels = 100 * (np.arange(nb) % 3) - 7
    q, q_labels = b[:20], labels[:20] if exclude_self else labels[1:21]
    n, k, relevant = counted(q, q_labels, b, labels, exclude_self)
    done = []
    with Workers(2) as workers:
        found = levels.Levels(hamming, to_device(q, backend), to_device(b, backend), q_labels, labels, exclude_self,
                              (3, 9)).figures(workers, done.append)
    expected = {**ties.expected(n, k, (3, 9)), "map_by_id": average_precisions(relevant)}
    expected["map_optimistic"], expected["map_pessimistic"] = ties.bounds(n, k)
    assert sum(done) == 20 and set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("size, dtype", [(6, np.uint32), (8000, np.uint64)])
def test_keys_are_as_short_as_they_can_be(rng, size, dtype):
    """Distances of 64,000 bits beside 17 bits of id and relevance need more than 32."""
    b = np.repeat(rng.integers(0, 256, (2, size), dtype=np.uint8), [40_000, 1], axis=0)
    labels = np.arange(40_001) % 2
    found = levels.Levels(hamming, b[-1:], b, labels[-1:], labels, False, 1)
    assert found.dtype == dtype and int(found.behind) > int(found.begins[-2]) > int(found.ids[-1])
    with Workers(1) as workers:
        assert found.figures(workers)["map_at_1"] == [1.0]
