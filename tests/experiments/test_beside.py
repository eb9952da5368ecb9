"""What stands beside the figures: class floor, chance, and the same without near-duplicates."""
import dataclasses

import numpy as np
import pytest
from toys import OneHot, dataset

from scratchnet.experiments import beside
from scratchnet.experiments.beside import METRIC, references, without_near_duplicates
from scratchnet.metrics import confusion_matrix
from scratchnet.parallel import Workers
from scratchnet.retrieval import evaluate_protocols, evaluate_retrieval
from scratchnet.retrieval.floor import chance, class_floor

TEST, TRAIN = "test-vs-test", "test-vs-train"


def test_references_are_those_of_both_galleries(rng):
    labels, gallery = np.arange(30) % 3, np.arange(80) % 4
    predicted, gallery_predicted = rng.integers(0, 4, 30), rng.integers(0, 4, 80)
    found = references(labels, predicted, gallery, gallery_predicted, 4)
    M, G = confusion_matrix(labels, predicted, 4), confusion_matrix(gallery, gallery_predicted, 4)
    assert found["class_floor"] == {TEST: class_floor(M), TRAIN: class_floor(M, G)}
    assert found["chance"] == {TEST: chance([10, 10, 10]), TRAIN: chance([10, 10, 10, 0], [20] * 4)}
    assert found["class_floor"][TEST] != found["class_floor"][TRAIN]
    bare = references(labels, None, gallery, None, 4)
    assert bare["class_floor"] is None and bare["chance"] == found["chance"]


@pytest.fixture
def images(monkeypatch):
    """A toy with near-duplicates: of four test images among the training images, of two more within the test set."""
    seen, within = np.zeros((2, 24), bool)
    seen[[0, 5, 9, 20]] = within[[5, 7, 11]] = True
    monkeypatch.setattr(beside, "twins", lambda name:
                        {"train": seen, "anywhere": seen | within} if name == "toy" else None)
    return dataset()


def found_in(images, **settings):
    system = OneHot(blur=2.0, **settings).fit(images.train_images, images.train_labels)
    test, train = system.outputs(images.test_images), system.outputs(images.train_images)
    each = {}
    with Workers(1) as workers:
        evaluate_protocols(test["descriptor"], images.test_labels, train["descriptor"], images.train_labels, each=each)
        return test, train, without_near_duplicates(images, test.get("scores"), test["descriptor"], each, np, workers)


def test_images_with_a_near_duplicate_are_neither_queries_nor_gallery(images):
    test, train, found = found_in(images)
    known = np.setdiff1d(np.arange(24), [0, 5, 9, 20])
    left = np.setdiff1d(known, [7, 11])
    assert (found["images"], found["queries"]) == (20, 18)
    right = test["scores"].argmax(axis=1) == images.test_labels
    assert found["accuracy"]["top1"] == pytest.approx(right[known].mean()) != right.mean()
    assert set(found["accuracy"]) == {"top1", "top2", "top3"}
    q, labels = test["descriptor"][left], images.test_labels[left]
    for protocol, gallery, gallery_labels, own in ((TEST, q, labels, True),
                                                   (TRAIN, train["descriptor"], images.train_labels, False)):
        expected = evaluate_retrieval(q, labels, gallery, gallery_labels, METRIC, own)
        del expected["seconds_per_query"]
        assert found["retrieval"][protocol] == {METRIC: pytest.approx(expected)}


def test_who_does_not_classify_has_retrieval_alone(images):
    *_, found = found_in(images, classifies=False)
    assert found["accuracy"] is None and 0 < found["retrieval"][TEST][METRIC]["map"] < 1


def test_where_nobody_has_looked_there_is_nothing(images):
    assert found_in(dataclasses.replace(images, name="mini"))[2] is None
