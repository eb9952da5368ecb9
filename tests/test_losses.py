"""Softmax cross-entropy: value, stability, refusals."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, SettingsError
from scratchnet.losses import CodesAndClasses, SoftmaxCrossEntropy, SquaredError, SquaredHinge, softmax_cross_entropy


def test_worked_example(backend):
    """Equal scores over four classes: loss log 4, gradient (1/4 − onehot) / N."""
    loss, dscores = softmax_cross_entropy(to_device(np.zeros((2, 4)), backend), to_device(np.array([1, 3]), backend))
    assert np.isclose(float(loss), np.log(4))
    assert to_host(dscores).tolist() == [[0.125, -0.375, 0.125, 0.125], [0.125, 0.125, 0.125, -0.375]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_stable_for_huge_scores(dtype, backend):
    scores = to_device(np.array([[1e4, -1e4], [1e4, -1e4]], dtype), backend)
    loss, dscores = softmax_cross_entropy(scores, to_device(np.array([0, 1]), backend))
    assert float(loss) == 1e4 and to_host(dscores).tolist() == [[0, 0], [0.5, -0.5]] and dscores.dtype == dtype


def test_smoothing_by_hand(backend):
    """p = (3/4, 1/4); the target (1 − ε) onehot + ε/2 with ε = 0.2 is (0.9, 0.1)."""
    scores = to_device(np.log([[3.0, 1.0]]), backend)
    loss, dscores = softmax_cross_entropy(scores, to_device(np.array([0]), backend), smoothing=0.2)
    assert np.isclose(float(loss), -0.9 * np.log(0.75) - 0.1 * np.log(0.25))
    np.testing.assert_allclose(to_host(dscores), [[0.75 - 0.9, 0.25 - 0.1]], rtol=1e-12)


def test_gradient_of_each_row_sums_to_zero(rng):
    _, dscores = softmax_cross_entropy(rng.standard_normal((6, 5)), rng.integers(0, 5, 6))
    np.testing.assert_allclose(dscores.sum(axis=1), 0, atol=1e-15)


@pytest.mark.parametrize("scores, labels, words", [
    (np.zeros((2, 3)), np.array([0, 3]), "between 0 and 2"),
    (np.zeros((2, 3)), np.array([-1, 0]), "between 0 and 2"),
    (np.zeros((2, 3)), np.array([0.0, 1.0]), "whole numbers"),
    (np.zeros((2, 3)), np.array([0]), "2 whole numbers"),
    (np.zeros((2, 3), int), np.array([0, 1]), "floating point"),
    (np.zeros(3), np.array([0]), "floating point"),
    (np.zeros((0, 3)), np.zeros(0, int), "N ≥ 1"),
])
def test_refusals(scores, labels, words):
    with pytest.raises(InputError, match=words):
        softmax_cross_entropy(scores, labels)


def test_smoothing_out_of_range_is_refused():
    for wrong in (lambda: softmax_cross_entropy(np.zeros((1, 2)), np.array([0]), 1.0), lambda: SoftmaxCrossEntropy(-1)):
        with pytest.raises(SettingsError, match="smoothing must be"):
            wrong()


def test_squared_hinge_by_hand(backend):
    """Scores (2, 0) and (−1, ½) of images of class 0: margins max(0, 1 ∓ s) are (0, 1) and (2, 3/2)."""
    scores, labels = to_device(np.array([[2.0, 0.0], [-1.0, 0.5]]), backend), to_device(np.array([0, 0]), backend)
    loss, dscores = SquaredHinge()(scores, labels)
    assert np.isclose(float(loss), (1 + 4 + 2.25) / 2)
    np.testing.assert_allclose(to_host(dscores), [[0, 1], [-2, 1.5]], atol=1e-15)
    assert int(SquaredHinge().right(scores, labels)) == 1


@pytest.mark.parametrize("loss", [SoftmaxCrossEntropy(), SquaredHinge()])
def test_right_is_who_has_the_highest_score_in_its_class(loss, backend):
    scores = to_device(np.array([[3.0, 1, 2], [1, 2, 3], [0, 5, 1], [9, 0, 8]]), backend)
    assert int(loss.right(scores, to_device(np.array([0, 2, 1, 2]), backend))) == 3
    assert int(loss.right(scores, to_device(np.array([1, 0, 0, 1]), backend))) == 0  # the lowest ones


def test_squared_error_by_hand(backend):
    scores, targets = (to_device(np.array(values), backend) for values in ([[1.0, 2.0], [0.0, 0.0]], [[0.0, 4.0]] * 2))
    loss, dscores = SquaredError()(scores, targets)
    assert float(loss) == (1 + 4 + 16) / 4 and to_host(dscores).tolist() == [[0.5, -1], [0, -2]]


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_codes_and_classes_are_two_losses_in_one(backend, rng, smoothing):
    scores, bits, labels = rng.standard_normal((5, 7)) * 3, rng.integers(0, 2, (5, 4)), rng.integers(0, 3, 5)
    given, targets = to_device(scores, backend), to_device(np.column_stack([bits, labels]), backend)
    loss, dscores = CodesAndClasses(4, smoothing)(given, targets)
    p = 1 / (1 + np.exp(-scores[:, :4]))
    of_bits = -np.where(bits, np.log(p), np.log(1 - p)).mean()
    of_classes, dclasses = softmax_cross_entropy(scores[:, 4:], labels, smoothing)
    assert float(loss) == pytest.approx(of_bits + of_classes)
    np.testing.assert_allclose(to_host(dscores), np.column_stack([(p - bits) / 20, dclasses]), atol=1e-12)
    right = CodesAndClasses(4).right(given, targets)
    assert int(right) == (scores[:, 4:].argmax(axis=1) == labels).sum()
    alone, dalone = CodesAndClasses(4)(given[:, :4], targets)
    assert float(alone) == pytest.approx(of_bits) and dalone.shape == (5, 4)
    assert CodesAndClasses(4).right(given[:, :4], targets) == 0


@pytest.mark.parametrize("score", [-1e4, 1e4])
def test_codes_are_stable_where_a_sigmoid_is_0_or_1(score, backend):
    scores = to_device(np.array([[score, score]], np.float32), backend)
    loss, dscores = CodesAndClasses(2)(scores, to_device(np.array([[0, 1, 0]], np.int32), backend))
    assert float(loss) == 5e3 and loss.dtype == dscores.dtype == np.float32
    assert to_host(dscores).tolist() == ([[0.5, 0]] if score > 0 else [[0, -0.5]])


def test_a_loss_object_is_its_function(rng):
    scores, labels = rng.standard_normal((4, 3)), rng.integers(0, 3, 4)
    for found, expected in zip(SoftmaxCrossEntropy(0.1)(scores, labels), softmax_cross_entropy(scores, labels, 0.1)):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("loss, targets, words", [
    (SoftmaxCrossEntropy(), np.array([0, 3]), "between 0 and 2"), (SquaredHinge(), np.array([0, 3]), "between 0 and 2"),
    (SquaredError(), np.array([0, 1]), "floating point numbers"), (SquaredError(), np.zeros((2, 2)), "floating point"),
    (CodesAndClasses(2), np.array([[0, 1, 1], [1, 0, 0]]), "between 0 and 0"),
    (CodesAndClasses(3), np.array([[0, 1, 2, 0]] * 2), "must be 0 or 1"),
    (CodesAndClasses(4), np.zeros((2, 5), int), "for at least 4 scores"),
    (CodesAndClasses(2), np.zeros((2, 2), int), r"whole numbers \(2, 3\)"),
    (CodesAndClasses(2), np.zeros((2, 3)), "got float64"),
])
def test_a_loss_refuses_targets_that_are_not_its_own(loss, targets, words):
    with pytest.raises(InputError, match=words):
        loss(np.zeros((2, 3)), targets)


def test_a_class_that_is_ruled_out_costs_nothing(backend):
    """A score of −∞ is a probability of 0: the loss is that of the other two classes, log(1 + e)."""
    scores, labels = to_device(np.array([[0.0, -np.inf, 1.0]]), backend), to_device(np.array([0]), backend)
    loss, dscores = softmax_cross_entropy(scores, labels)
    assert np.isclose(float(loss), np.log(1 + np.e)) and to_host(dscores)[0, 1] == 0
    assert float(softmax_cross_entropy(scores, labels, smoothing=0.1)[0]) == np.inf


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_a_margin_is_taken_from_the_right_class_and_right_is_without(backend, rng, smoothing):
    scores, labels = rng.standard_normal((6, 4)), rng.integers(0, 4, 6)
    lowered = scores - 0.7 * np.eye(4)[labels]
    there = to_device(scores, backend)
    loss, dscores = SoftmaxCrossEntropy(smoothing, 0.7)(there, to_device(labels, backend))
    expected, dexpected = softmax_cross_entropy(lowered, labels, smoothing)
    assert np.isclose(float(loss), expected) and (to_host(there) == scores).all()
    np.testing.assert_allclose(to_host(dscores), dexpected)
    right = SoftmaxCrossEntropy(0.0, 9.0).right(there, to_device(labels, backend))
    assert int(right) == (scores.argmax(axis=1) == labels).sum()
    with pytest.raises(SettingsError, match="margin must be"):
        SoftmaxCrossEntropy(0.0, -1)
    with pytest.raises(InputError, match="labels must lie between 0 and 3"):
        SoftmaxCrossEntropy(0.0, 0.7)(scores, labels + 4)


@pytest.mark.parametrize("smoothing", [np.nan, np.inf, -0.1, 1])
def test_a_smoothing_that_is_no_share_is_refused(smoothing):
    with pytest.raises(SettingsError, match="smoothing must be"):
        SoftmaxCrossEntropy(smoothing)
    with pytest.raises(SettingsError, match="smoothing must be"):
        softmax_cross_entropy(np.zeros((1, 2)), np.array([0]), smoothing)


@pytest.mark.parametrize("loss", [SoftmaxCrossEntropy(), SquaredHinge()])
@pytest.mark.parametrize("labels", [
    np.array([True, False]), np.array([0, None]), np.array(["0", "1"]), np.array([[0], [1]]),
    np.ma.masked_array([0, 1], [True, False]), np.array([0.0, 1.0]), np.array([0, 2**40]),
    np.array([255, 0], np.uint8)], ids=repr)
def test_labels_that_are_no_classes_are_refused(loss, labels):
    for function in (lambda: loss(np.zeros((2, 3)), labels), lambda: loss.check(labels, 2, 3)):
        with pytest.raises(InputError):
            function()


@pytest.mark.parametrize("loss", [SoftmaxCrossEntropy(0.1), SquaredHinge()])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64, ">i4"])
def test_labels_of_any_whole_numbers_are_the_same_classes(loss, dtype, rng):
    scores, labels = rng.standard_normal((9, 200)), rng.integers(0, 128, 9)
    for found, expected in zip(loss(scores, labels.astype(dtype)), loss(scores, labels)):
        np.testing.assert_array_equal(found, expected)
