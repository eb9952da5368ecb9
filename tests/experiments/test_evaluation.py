"""What a fitted system is worth, on toys whose answers are known."""
import dataclasses

import numpy as np
import pytest
from toys import OneHot, dataset

from scratchnet.experiments.evaluation import KEPT, classification, evaluate, examples
from scratchnet.metrics import average_precision
from scratchnet.parallel import Workers
from scratchnet.retrieval import DISTANCES, evaluate_protocols
from scratchnet.retrieval.codes import pack_bits

METRICS = tuple(DISTANCES)
PROTOCOLS = ("test-vs-test", "test-vs-train")


def evaluated(images, progress=None, **settings):
    system = OneHot(**settings).fit(images.train_images, images.train_labels)
    with Workers(2) as workers:
        return *evaluate(system, images, images.train_images, images.train_labels, workers, progress), system


@pytest.fixture(scope="module")
def images():
    return dataset()


def test_who_knows_every_class_has_full_marks(images):
    figures, kept, _ = evaluated(images)
    assert figures["accuracy"] == {"top1": 1, "top2": 1, "top3": 1}
    assert figures["confusion"] == np.diag(np.bincount(images.test_labels)).tolist()
    assert (kept["predicted"] == images.test_labels).all() and kept["predicted"].dtype == np.uint8
    for key in ("retrieval", "retrieval_negative"):
        assert set(figures[key]) == set(PROTOCOLS)
        for found in figures[key].values():
            assert set(found) == set(METRICS)
            assert {(row["map"], row["map_at_30"]) for row in found.values()} == {(1.0, 1.0)}
            assert all(row["seconds_per_query"] > 0 for row in found.values())


def test_a_system_that_does_not_classify_has_no_accuracy(images):
    figures, kept, _ = evaluated(images, classifies=False)
    assert figures["accuracy"] is None and figures["confusion"] is None and "predicted" not in kept
    assert figures["retrieval"]["test-vs-test"]["angular"]["map"] == 1


def test_each_descriptor_is_evaluated_by_itself(images):
    class Two(OneHot):
        """Its second descriptor, what an image shows beside its class, knows nothing of that."""

        def _outputs(self, rgb):
            return {**super()._outputs(rgb), "useless": rgb[:, 3, :2, 0].astype(np.float32)}
    system = Two().fit(images.train_images, images.train_labels)
    with Workers(1) as workers:
        figures, _ = evaluate(system, images, images.train_images, images.train_labels, workers)
    test, train = (system.outputs(x)["useless"] for x in (images.test_images, images.train_images))
    for protocol, metrics in evaluate_protocols(test, images.test_labels, train, images.train_labels).items():
        for metric, row in metrics.items():
            assert figures["retrieval_useless"][protocol][metric]["map"] == row["map"] < 0.6
            assert figures["retrieval"][protocol][metric]["map"] == 1


def test_what_is_kept_of_each_query_agrees_with_the_figures(images):
    figures, kept, system = evaluated(images, blur=2.0)
    assert set(kept) == {"labels", "predicted", *(f"{metric}/{figure}" for metric, figure in KEPT)}
    assert (kept["labels"] == images.test_labels).all() and kept["labels"].dtype == np.uint8
    assert (kept["predicted"] == images.test_labels).mean() == figures["accuracy"]["top1"] < 1
    for metric, figure in KEPT:
        values = kept[f"{metric}/{figure}"]
        assert values.shape == (24,) and values.dtype == np.float16
        assert 0.3 < figures["retrieval"]["test-vs-test"][metric][figure] < 0.99
        assert values.mean(dtype=float) == pytest.approx(figures["retrieval"]["test-vs-test"][metric][figure], abs=1e-3)
    d = system.descriptors(images.test_images).astype(float)
    for i in (0, 7, 23):  # and each is its own query's, not a neighbour's
        others = np.delete(np.arange(24), i)
        order = others[np.abs(d[others] - d[i]).sum(axis=1).argsort(kind="stable")]
        expected = average_precision(images.test_labels[order] == images.test_labels[i])
        assert kept["manhattan/map"][i] == pytest.approx(expected, abs=1e-3)


def test_the_gallery_of_the_second_protocol_is_what_is_given(images):
    system = OneHot(blur=2.0).fit(images.train_images, images.train_labels)
    few, labels = images.train_images[:8], images.train_labels[:8]
    with Workers(1) as workers:
        some = evaluate(system, images, few, labels, workers)[0]["retrieval"]
        every = evaluate(system, images, images.train_images, images.train_labels, workers)[0]["retrieval"]
    maps = [{protocol: found[protocol]["angular"]["map"] for protocol in PROTOCOLS} for found in (some, every)]
    assert maps[0]["test-vs-test"] == maps[1]["test-vs-test"] and maps[0]["test-vs-train"] != maps[1]["test-vs-train"]


def test_it_says_what_it_does(images):
    lines = []
    evaluated(images, lines.append)
    assert lines == ["describing the test images", "describing the training images",
                     "ranking by the descriptor", "ranking by the descriptor negative"]


def test_classification_by_hand():
    scores = np.array([[3.0, 2, 1], [1, 2, 3], [2, 3, 1], [1, 3, 2]])
    found = classification(scores, np.array([0, 0, 0, 2]))
    assert found == {"accuracy": {"top1": 0.25, "top2": 0.75, "top3": 1.0},
                     "confusion": [[1, 1, 1], [0, 0, 0], [0, 1, 0]]}


def test_examples_are_those_of_the_papers_figures(images):
    d = OneHot(blur=2.0).fit(images.train_images, images.train_labels).descriptors(images.test_images)
    listed = examples(d, images, depth=5)
    assert [images.class_names[images.test_labels[row["query"]]] for row in listed] == ["dog", "automobile"]
    unit = d.astype(float) / np.linalg.norm(d.astype(float), axis=1, keepdims=True)
    for row in listed:
        query = row["query"]
        assert query == np.flatnonzero(images.test_labels == images.test_labels[query])[0]
        angle = np.arccos(np.clip(unit @ unit[query], -1, 1)) / np.pi
        expected = [i for i in angle.argsort(kind="stable") if i != query][:5]
        assert row["ids"] == expected and np.allclose(row["distances"], angle[expected], atol=1e-5)


def test_twins_never_push_a_query_into_its_own_list(images):
    """All descriptors are alike: at distance 0, the lower ids come first, and a query is far down its own list."""
    ordered = dataclasses.replace(images, test_labels=np.sort(images.test_labels))
    for depth in (5, 6, 12, 23, 100):
        listed = examples(np.ones((24, 4), np.float32), ordered, depth)
        assert [row["query"] for row in listed] == [12, 6]
        for row in listed:
            others = [i for i in range(24) if i != row["query"]]
            assert row["ids"] == others[:depth] and row["distances"] == [0.0] * len(row["ids"])


def test_other_classes_have_examples_too(images):
    other = dataclasses.replace(images, class_names=("a", "b", "c", "d"))
    listed = examples(np.eye(4, dtype=np.float32)[images.test_labels], other)
    assert [images.test_labels[row["query"]] for row in listed] == [0, 2]


def test_codes_are_evaluated_beside_descriptors_whatever_was_learnt_from(images):
    class Hashed(OneHot):
        """Its code is the class."""

        bits, hashes = 5, True

        def _outputs(self, rgb):
            found = super()._outputs(rgb)
            return {**found, "codes": pack_bits(found["descriptor"][:, :5] > 0.5)}
    learnt = np.arange(0, len(images.train_labels), 2)
    some = images.train_images[learnt], images.train_labels[learnt]
    system = Hashed().fit(*some)
    with Workers(1) as workers:
        figures, _ = evaluate(system, images, *some, workers, learnt=learnt)
    every, unseen = (figures["hashing"]["protocols"][name] for name in ("xia2014-all", "xia2014-unseen"))
    assert every["gallery"] - unseen["gallery"] == len(learnt)
    assert figures["gallery"]["test-vs-train"] == len(learnt)
    assert every["codes"]["map"] == every["descriptor"]["map"] == every["class_floor"]["map"] == 1
    assert "retrieval_codes" not in figures and figures["retrieval"]["test-vs-train"]["angular"]["map"] == 1
