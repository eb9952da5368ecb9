"""Codes, descriptors and classes meet the same images under each protocol."""
import numpy as np
import pytest

from scratchnet.experiments.hashing import DEPTHS, hashing
from scratchnet.parallel import Workers
from scratchnet.retrieval import evaluate_retrieval
from scratchnet.retrieval.codes import pack_bits
from scratchnet.retrieval.floor import class_floor
from scratchnet.retrieval.protocols import protocols


def test_codes_descriptors_and_classes_meet_the_same_images():
    rng = np.random.default_rng(1)
    labels = np.tile(np.arange(5), 100)
    bits = rng.random((500, 16)) < 0.3 + 0.4 * (labels[:, None] == np.arange(16) % 5)
    codes, descriptors = pack_bits(bits), bits + rng.normal(0, 0.1, (500, 16))
    predicted = np.where(rng.random(500) < 0.7, labels, rng.integers(0, 5, 500))
    learnt, said = np.arange(0, 300, 3), []
    with Workers(2) as workers:
        found = hashing(codes, 16, descriptors, predicted, labels, 200, learnt, 5, np, workers, said.append)
    assert found["bits"] == 16 and len(said) == 4
    assert found["balance"] == [*np.quantile(bits[:200].mean(axis=0), [0, 0.5, 1])]
    rows = protocols(labels[:200], labels[200:], learnt)
    for name, of in found["protocols"].items():
        q, g = rows[name].queries, rows[name].gallery
        assert (of["queries"], of["gallery"]) == (len(q), len(g) - rows[name].own)
        for key, vectors, metric in (("codes", codes, "hamming"), ("descriptor", descriptors, "angular")):
            wanted = evaluate_retrieval(vectors[q], labels[q], vectors[g], labels[g], metric, rows[name].own, DEPTHS)
            assert {k: v for k, v in of[key].items() if k != "seconds_per_query"} == pytest.approx(
                {k: v for k, v in wanted.items() if k != "seconds_per_query"})
        M, G = np.zeros((2, 5, 5), int)
        np.add.at(M, (labels[q], predicted[q]), 1)
        np.add.at(G, (labels[g], predicted[g]), 1)
        assert of["class_floor"] == pytest.approx(class_floor(M, None if rows[name].own else G, DEPTHS))
        assert of["codes"]["map_pessimistic"] < of["codes"]["map"] < of["codes"]["map_optimistic"]
    with Workers(1) as workers:
        assert hashing(codes, 16, descriptors, None, labels, 200, learnt, 5, np, workers)["protocols"]["lin2015"][
            "class_floor"] is None
