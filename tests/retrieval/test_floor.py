"""The figures that a random order and predicted classes alone give: every order counted, and simulated."""
from itertools import permutations

import numpy as np
import pytest

from scratchnet.errors import InputError
from scratchnet.metrics import confusion_matrix
from scratchnet.retrieval.figures import definitions, of_rankings
from scratchnet.retrieval.floor import chance, class_floor


def by_all_orders(labels, predicted, gallery_labels, gallery_predicted, own, depth):
    """The mean over every order that the ties allow."""
    rows = []
    for i, (label, guess) in enumerate(zip(labels, predicted)):
        others = [j for j in range(len(gallery_labels)) if not (own and j == i)]
        first = [j for j in others if gallery_predicted[j] == guess]
        rest = [j for j in others if gallery_predicted[j] != guess]
        orders = np.array([[*a, *b] for a in permutations(first) for b in permutations(rest)])
        rows.append([values.mean() for values in of_rankings(gallery_labels[orders] == label, depth).values()])
    return dict(zip(definitions(depth), np.mean(rows, axis=0)))


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 6, 30])
def test_the_formula_is_the_mean_over_all_orders(rng, depth):
    labels, predicted = np.array([0, 0, 0, 1, 1, 2, 2]), np.array([0, 0, 1, 1, 1, 2, 0])
    M = confusion_matrix(labels, predicted, 3)
    assert class_floor(M, depth=depth) == pytest.approx(
        by_all_orders(labels, predicted, labels, predicted, True, depth), rel=1e-9)
    gallery, guessed = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 1, 1, 1, 0])  # none is predicted to be of class 2
    assert class_floor(M, confusion_matrix(gallery, guessed, 3), depth) == pytest.approx(
        by_all_orders(labels, predicted, gallery, guessed, False, depth), rel=1e-9)
    nothing, in_gallery = np.zeros(7, int), np.zeros(6, int)
    assert chance(np.bincount(labels), depth=depth) == pytest.approx(
        by_all_orders(labels, nothing, labels, nothing, True, depth), rel=1e-9)
    assert chance(np.bincount(labels), np.bincount(gallery), depth) == pytest.approx(
        by_all_orders(labels, nothing, gallery, in_gallery, False, depth), rel=1e-9)


def test_the_formula_is_what_a_simulation_finds(rng):
    labels = rng.integers(0, 4, 150)
    predicted = np.where(rng.random(150) < 0.6, labels, rng.integers(0, 4, 150))
    predicted[predicted == 3] = np.where(rng.random((predicted == 3).sum()) < 0.2, 3, 0)  # a class of less than 30
    means = []
    for _ in range(60):
        keys = (predicted[:, None] != predicted) + rng.random((150, 150))
        np.fill_diagonal(keys, np.inf)
        relevant = (labels[:, None] == labels[keys.argsort(axis=1)])[:, :-1]
        means.append([values.mean() for values in of_rankings(relevant).values()])
    means = np.array(means)
    expected = np.array(list(class_floor(confusion_matrix(labels, predicted, 4)).values()))
    assert (np.abs(means.mean(axis=0) - expected) < 4 * means.std(axis=0, ddof=1) / np.sqrt(60) + 1e-12).all()


@pytest.mark.parametrize("classes, right, expected", [(10, 0.8762, 0.7085), (10, 0.90, 0.7588), (100, 0.597, 0.2243),
                                                      (100, 0.65, 0.2857)])
def test_errors_spread_evenly_over_a_large_gallery(classes, right, expected):
    """What an accuracy alone is worth. Errors of a real network gather in like classes, and its floor is higher."""
    each = 200_000
    wrong = round(each * (1 - right) / (classes - 1))
    M = np.full((classes, classes), wrong)
    np.fill_diagonal(M, each - wrong * (classes - 1))
    assert class_floor(M)["map"] == pytest.approx(expected, abs=3e-4)
    gathered = np.diag(np.full(classes, each - wrong * (classes - 1)))
    gathered += np.roll(np.diag(np.full(classes, wrong * (classes - 1))), 1, axis=1)
    assert class_floor(gathered)["map"] > expected + 1e-3


def test_who_knows_every_class_is_right_and_who_knows_none_is_at_chance():
    M = np.diag([40, 40, 50])
    assert class_floor(M) == pytest.approx({"map": 1, "map_at_30": 1, "map_at_30_possible": 1, "precision_at_30": 1,
                                            "map_at_30_all": (40 * 30 / 39 + 40 * 30 / 39 + 50 * 30 / 49) / 130})
    assert class_floor(np.array([[40, 0], [60, 0]])) == pytest.approx(chance([40, 60]))
    assert chance([40, 60])["precision_at_30"] == pytest.approx((40 * 39 + 60 * 59) / 100 / 99)


def test_a_query_without_a_relevant_image_is_named():
    with pytest.raises(InputError, match="class 1 has no relevant image"):
        class_floor(np.diag([5, 1, 5]))
    with pytest.raises(InputError, match="class 2 has no relevant image"):
        class_floor(np.diag([5, 1, 5]), np.diag([5, 1, 0]))
