"""Codes, descriptors and classes meet the same images under each protocol."""
import numpy as np
import pytest

from scratchnet.data import Dataset
from scratchnet.experiments.hashing import DEPTHS, Described
from scratchnet.parallel import Workers
from scratchnet.retrieval import evaluate_retrieval
from scratchnet.retrieval.codes import pack_bits, unpack_bits
from scratchnet.retrieval.floor import class_floor
from scratchnet.retrieval.protocols import protocols

LABELS, TESTS, CLASSES = np.tile(np.arange(5), 100), 200, 5
LEARNT = np.arange(0, 300, 3)


class Known:
    """A system that knows images by the number in their first pixels, and what each has for outputs."""

    xp, seed = np, 0

    def __init__(self, **outputs):
        self.found = outputs

    def outputs(self, images, workers=None):
        rows = images[:, 0, 0, 0] * 256 + images[:, 0, 0, 1]
        return {key: values[rows] for key, values in self.found.items()}


@pytest.fixture(scope="module")
def dataset():
    images = np.zeros((500, 1, 1, 3), int)
    images[:, 0, 0, 0], images[:, 0, 0, 1] = np.divmod(np.arange(500), 256)
    return Dataset(name="toy", train_images=images[TESTS:], train_labels=LABELS[TESTS:], test_images=images[:TESTS],
                   test_labels=LABELS[:TESTS], class_names=tuple("abcde"))


@pytest.fixture(scope="module")
def outputs():
    rng = np.random.default_rng(1)
    bits = rng.random((500, 16)) < 0.3 + 0.4 * (LABELS[:, None] == np.arange(16) % 5)
    predicted = np.where(rng.random(500) < 0.7, LABELS, rng.integers(0, 5, 500))
    return {"codes": pack_bits(bits), "descriptor": bits + rng.normal(0, 0.1, (500, 16)),
            "scores": np.eye(5)[predicted]}


def without_times(figures):
    return {key: value for key, value in figures.items() if key != "seconds_per_query"}


def test_codes_descriptors_and_classes_meet_the_same_images(dataset, outputs):
    with Workers(2) as workers:
        described = Described(Known(**outputs), dataset, LEARNT, workers)
        found = described.hashing(described.all("codes"), 16)
    shares = unpack_bits(outputs["codes"], 16)[:TESTS].mean(axis=0)
    assert found["bits"] == 16 and found["balance"] == [*np.quantile(shares, [0, 0.5, 1])]
    rows, predicted = protocols(LABELS[:TESTS], LABELS[TESTS:], LEARNT), outputs["scores"].argmax(axis=1)
    assert list(found["protocols"]) == list(rows)
    for name, of in found["protocols"].items():
        q, g, own = rows[name].queries, rows[name].gallery, rows[name].own
        assert (of["queries"], of["gallery"]) == (len(q), len(g) - own)
        for key, metric in (("codes", "hamming"), ("descriptor", "angular")):
            vectors = outputs[key]
            wanted = evaluate_retrieval(vectors[q], LABELS[q], vectors[g], LABELS[g], metric, own, DEPTHS)
            assert without_times(of[key]) == pytest.approx(without_times(wanted))
        M, G = np.zeros((2, CLASSES, CLASSES), int)
        np.add.at(M, (LABELS[q], predicted[q]), 1)
        np.add.at(G, (LABELS[g], predicted[g]), 1)
        assert of["class_floor"] == pytest.approx(class_floor(M, None if own else G, DEPTHS))
        assert of["codes"]["map_pessimistic"] < of["codes"]["map"] < of["codes"]["map_optimistic"]


def test_without_classes_there_is_no_floor(dataset, outputs):
    with Workers(1) as workers:
        described = Described(Known(codes=outputs["codes"], descriptor=outputs["descriptor"]), dataset, None, workers)
        found = described.hashing(described.all("codes"), 16)["protocols"]
    assert {of["class_floor"] for of in found.values()} == {None}
    assert found["xia2014-all"]["gallery"] - found["xia2014-unseen"]["gallery"] == 300  # all are learnt from


def test_codes_are_made_from_the_images_learnt_from(dataset, outputs, monkeypatch):
    descriptors = outputs["descriptor"].astype(np.float32)
    descriptors[TESTS:][np.setdiff1d(np.arange(300), LEARNT)] += 100  # nobody must have looked at these
    with Workers(1) as workers:
        described = Described(Known(descriptor=descriptors), dataset, LEARNT, workers)
        kept = {}
        monkeypatch.setattr(described, "hashing", lambda codes, bits: kept.update(codes=codes, bits=bits))
        described.thresholded(8)
    learnt = unpack_bits(kept["codes"], 8)[TESTS + LEARNT]
    assert kept["bits"] == 8 and np.abs(learnt.mean(axis=0) - 0.5).max() < 0.2
