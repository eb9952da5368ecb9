import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from scratchnet import metrics
from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, SettingsError

rankings = st.lists(st.booleans(), min_size=1, max_size=60).filter(any)


def test_a_worked_example():
    relevant = np.array([True, False, True, False, False, True])
    assert metrics.average_precision(relevant) == pytest.approx((1 / 1 + 2 / 3 + 3 / 6) / 3, rel=1e-15)
    assert metrics.average_precision(relevant, depth=3) == pytest.approx((1 + 2 / 3) / 2, rel=1e-15)
    assert metrics.average_precision(relevant[1:], depth=1) == 0.0


@given(rankings)
def test_it_lies_between_0_and_1_and_is_1_only_for_the_perfect_ranking(relevant):
    ap = metrics.average_precision(np.array(relevant))
    perfect = relevant == sorted(relevant, reverse=True)
    assert 0 < ap <= 1
    assert (ap == 1) == perfect


@given(rankings, st.integers(1, 70))
def test_a_depth_is_a_cut_of_the_ranking(relevant, depth):
    top = relevant[:depth]
    expected = metrics.average_precision(np.array(top)) if any(top) else 0.0
    assert metrics.average_precision(np.array(relevant), depth) == expected


def test_scikit_learn_agrees_without_ties(rng):
    for n in (1, 2, 17, 400):
        relevant = rng.random(n) < 0.3
        relevant[rng.integers(n)] = True
        scores = rng.permutation(n).astype(float)
        ranked = relevant[np.argsort(-scores)]
        assert metrics.average_precision(ranked) == pytest.approx(
            sklearn.metrics.average_precision_score(relevant, scores), rel=1e-12)


@pytest.mark.parametrize("depth", [None, 1, 7, 100])
def test_many_rankings_at_once_equal_one_by_one(backend, rng, depth):
    relevant = rng.random((20, 50)) < 0.1
    relevant[:, 40] = True
    each = [metrics.average_precision(row, depth) for row in relevant]
    together = metrics.average_precisions(to_device(relevant, backend), depth)
    np.testing.assert_allclose(to_host(together), each, rtol=1e-14)
    assert metrics.mean_average_precision(to_device(relevant, backend), depth) == pytest.approx(np.mean(each))


def test_one_ranking_on_every_backend(backend):
    assert metrics.average_precision(to_device(np.array([False, True]), backend)) == 0.5


def test_lists_and_zeros_and_ones_will_do():
    assert metrics.average_precision([0, 1, 1]) == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_the_rival_definitions_by_hand():
    relevant = np.zeros(12, bool)
    relevant[[1, 2, 8, 11]] = True  # precision 1/2, 2/3, 3/9, 4/12 at recall 1/4, 2/4, 3/4, 1
    variants = metrics.average_precision_variants(relevant, depth=5)
    found = 1 / 2 + 2 / 3
    assert variants == pytest.approx({
        "full": (found + 1 / 3 + 1 / 3) / 4,
        "depth_over_found": found / 2,
        "depth_over_possible": found / 4,
        "depth_over_all": found / 4,
        "interpolated_11_points": (6 * 2 / 3 + 5 * 1 / 3) / 11,  # recall 0 to 0.5, then 0.6 to 1
        "interpolated_all_points": (2 / 3 + 2 / 3 + 1 / 3 + 1 / 3) / 4}, rel=1e-14)
    assert metrics.average_precision_variants(relevant, 3)["depth_over_possible"] == pytest.approx(found / 3)


@given(rankings, st.integers(1, 70))
def test_the_rival_definitions_keep_their_order(relevant, depth):
    v = metrics.average_precision_variants(np.array(relevant), depth)
    assert all(0 <= value <= 1 for value in v.values())
    assert v["depth_over_all"] <= v["depth_over_possible"] <= v["depth_over_found"]
    assert v["depth_over_all"] <= v["full"] * (1 + 1e-12)
    assert v["full"] <= v["interpolated_all_points"] * (1 + 1e-12)


@pytest.mark.parametrize("relevant", [np.zeros(3, bool), np.zeros(0, bool)])
def test_a_query_with_no_relevant_image_is_refused(relevant):
    with pytest.raises(InputError, match="no relevant image"):
        metrics.average_precision(relevant)
    with pytest.raises(InputError, match="no relevant image"):
        metrics.average_precision_variants(relevant, 2)


def test_the_row_without_a_relevant_image_is_named():
    with pytest.raises(InputError, match="query 1 "):
        metrics.average_precisions(np.array([[True, False], [False, False]]))


@pytest.mark.parametrize("relevant", [np.ones((2, 2), bool), np.array([0.0, 1.0]), np.array([0, 2]),
                                      np.array(True), ["yes"]])
def test_what_is_no_ranking_is_refused(relevant):
    with pytest.raises(InputError, match="rank order"):
        metrics.average_precision(relevant)


@pytest.mark.parametrize("depth", [0, -1, 2.0, "3", True, np.nan])
def test_what_is_no_depth_is_refused(depth):
    with pytest.raises(SettingsError, match="depth"):
        metrics.average_precision(np.array([True]), depth)
    with pytest.raises(SettingsError, match="depth"):
        metrics.average_precisions(np.array([[True]]), depth)
    with pytest.raises(SettingsError, match="depth"):
        metrics.average_precision_variants(np.array([True]), depth)


def test_top_k_against_a_stable_sort(backend, rng):
    scores = rng.integers(0, 4, (200, 6)).astype(np.float32)  # many ties
    labels = rng.integers(0, 6, 200)
    order = np.argsort(-scores, axis=1, kind="stable")
    got = metrics.top_k_accuracy(to_device(scores, backend), to_device(labels, backend), ks=(1, 2, 3, 6, 9))
    assert got == {k: (order[:, :k] == labels[:, None]).any(axis=1).mean() for k in (1, 2, 3, 6, 9)}
    assert got[6] == got[9] == 1


def test_scikit_learn_agrees_on_top_k(rng):
    scores, labels = rng.standard_normal((50, 10)), rng.permutation(50) % 10
    for k, share in metrics.top_k_accuracy(scores, labels).items():
        assert share == pytest.approx(sklearn.metrics.top_k_accuracy_score(labels, scores, k=k))


def test_confusion_has_actual_classes_in_rows(backend):
    labels, predicted = (to_device(np.array(x), backend) for x in ([0, 0, 0, 2], [1, 1, 0, 2]))
    np.testing.assert_array_equal(to_host(metrics.confusion_matrix(labels, predicted, 3)),
                                  [[1, 2, 0], [0, 0, 0], [0, 0, 1]])


@pytest.mark.parametrize("scores, labels, message", [
    (np.zeros((2, 3), int), np.zeros(2, int), "floating"),
    (np.zeros(3), np.zeros(3, int), "scores"),
    (np.full((1, 2), np.nan), np.zeros(1, int), "NaN"),
    (np.zeros((2, 3)), np.zeros(3, int), "labels"),
    (np.zeros((2, 3)), np.zeros(2), "labels"),
    (np.zeros((1, 3)), np.array([3]), "between 0 and 2")])
def test_scores_and_labels_that_do_not_fit_are_refused(scores, labels, message):
    with pytest.raises(InputError, match=message):
        metrics.top_k_accuracy(scores, labels)


def test_confusion_refuses_what_does_not_fit():
    with pytest.raises(InputError, match="between 0 and 1"):
        metrics.confusion_matrix(np.array([0]), np.array([2]), 2)
    with pytest.raises(InputError, match="labels"):
        metrics.confusion_matrix(np.array([0]), np.array([1, 1]), 2)
    with pytest.raises(SettingsError, match="classes"):
        metrics.confusion_matrix(np.array([0]), np.array([0]), 0)
    with pytest.raises(SettingsError, match="k must"):
        metrics.top_k_accuracy(np.zeros((1, 3)), np.array([0]), ks=(0,))


def test_ks_may_come_from_a_generator(rng):
    """They are looked at twice, and the second time nothing was left of them."""
    scores, labels = rng.standard_normal((20, 4)), rng.integers(0, 4, 20)
    expected = metrics.top_k_accuracy(scores, labels, (1, 3))
    assert len(expected) == 2 and metrics.top_k_accuracy(scores, labels, (k for k in (1, 3))) == expected


@pytest.mark.parametrize("labels", [
    np.array([0.0, 1.0]), np.array([True, False]), np.array([-1, 0]), np.array([0, None]), np.array(["0", "1"]),
    np.ma.masked_array([0, 1], [True, False]), np.array([[0], [1]])], ids=repr)
def test_labels_that_are_no_classes_are_refused(labels):
    for function in (lambda: metrics.top_k_accuracy(np.zeros((2, 3)), labels),
                     lambda: metrics.confusion_matrix(labels, np.zeros(2, int), 3),
                     lambda: metrics.confusion_matrix(np.zeros(2, int), labels, 3)):
        with pytest.raises(InputError):
            function()


def test_the_mean_over_no_query_is_refused():
    for depth in (None, 3):
        assert len(metrics.average_precisions(np.zeros((0, 5), bool), depth)) == 0
        with pytest.raises(InputError, match="no mean average precision without a query"):
            metrics.mean_average_precision(np.zeros((0, 5), bool), depth)


def test_a_number_of_classes_of_few_bits_does_not_overflow(rng):
    labels, predicted = rng.integers(0, 20, (2, 99))
    np.testing.assert_array_equal(metrics.confusion_matrix(labels, predicted, np.uint8(20)),
                                  metrics.confusion_matrix(labels, predicted, 20))
