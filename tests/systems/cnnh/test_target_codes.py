import numpy as np
import pytest

from scratchnet.errors import InputError, SettingsError
from scratchnet.systems.cnnh.target_codes import check_order, codes_of_labels, codes_of_similarity

LABELS = np.tile(np.arange(10), 30)


def similarity(labels):
    return np.where(labels[:, None] == labels, 1.0, -1.0)


def hamming(H):
    return (H.shape[1] - H.astype(float) @ H.T) / 2


@pytest.mark.parametrize(("bits", "cost", "between"), [(12, 0.7283, 6.667), (24, 0.7207, 13.333), (32, 0.7183, 17.778),
                                                       (48, 0.7193, 26.667)])
def test_codes_of_ten_classes_are_a_near_simplex_code(bits, cost, between):
    H, costs = codes_of_labels(LABELS, bits, 10, np.random.default_rng(0))
    same = LABELS[:, None] == LABELS
    assert H.dtype == np.int8 and set(np.unique(H)) == {-1, 1}
    assert hamming(H)[same].mean() < 0.1
    assert hamming(H)[~same].mean() == pytest.approx(between, rel=0.005)  # q/2 · (1 + 1/9), at the optimum
    assert 0.9 * (8 / 9)**2 < costs[-1] < 1.02 * cost
    assert all(after <= before + 1e-12 for before, after in zip(costs, costs[1:]))


@pytest.mark.parametrize("n", [1, 2, 3, 50])
def test_sums_of_classes_do_what_the_whole_matrix_does(n):
    labels = np.random.default_rng(1).integers(0, 4, n)
    found, of_matrix = (function(argument, 12, 6, np.random.default_rng(2)) for function, argument in (
        (codes_of_labels, labels), (codes_of_similarity, similarity(labels))))
    np.testing.assert_array_equal(found[0], of_matrix[0])
    np.testing.assert_allclose(found[1], of_matrix[1], rtol=0, atol=1e-9)


def test_a_step_is_newtons_within_the_bounds():
    """The textbook form, with the matrix L = H Hᵀ − q S and its updates, as Xia et al. give it."""
    labels, bits, rng = LABELS[:25], 6, np.random.default_rng(5)
    q, S = bits, similarity(labels)
    H = rng.uniform(-1, 1, (25, bits))
    orders, rows = rng.random((25, bits)).argsort(axis=1), rng.permutation(25)
    for i in rows:
        for j in orders[i]:
            L = H @ H.T - q * S
            slope, curvature = 4 * L[i] @ H[:, j], 4 * (H[:, j] @ H[:, j] + H[i, j]**2 + L[i, i])
            H[i, j] += np.clip(-slope / curvature, -1 - H[i, j], 1 - H[i, j])
    found, costs = codes_of_labels(labels, bits, 1, np.random.default_rng(5))
    np.testing.assert_array_equal(found, np.where(H < 0, -1, 1))
    assert costs[0] == pytest.approx(((S - H @ H.T / q)**2).sum() / 25**2, rel=1e-9)


def test_images_with_several_labels():
    tags = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 1, 1, 0], [0, 0, 1, 1]])
    S = 2.0 * (tags @ tags.T > 0) - 1
    H, costs = codes_of_similarity(S, 16, 20, np.random.default_rng(0))
    assert hamming(H)[0, 1] == hamming(H)[2, 4] == 0
    assert hamming(H)[0, 2] > 8 > max(hamming(H)[3, 0], hamming(H)[3, 2])
    assert costs[-1] < costs[0]


def test_whoever_watches_sees_each_sweep():
    seen = []
    _, costs = codes_of_labels(LABELS, 12, 3, np.random.default_rng(0), lambda *row: seen.append(row))
    assert seen == list(zip((1, 2, 3), costs))


@pytest.mark.parametrize("labels", [np.array([0.5, 1]), np.array([[0], [1]]), np.array([-1, 1]), np.array([], int)])
def test_labels_that_are_none_are_refused(labels):
    with pytest.raises(InputError, match="whole numbers"):
        codes_of_labels(labels, 12, 1, np.random.default_rng(0))


@pytest.mark.parametrize("S", [np.ones((2, 3)), np.array([[1.0, 0.5], [0.4, 1]]), -np.ones((2, 2)), np.ones(4)])
def test_similarities_that_are_none_are_refused(S):
    with pytest.raises(InputError, match="symmetric"):
        codes_of_similarity(S, 12, 1, np.random.default_rng(0))


@pytest.mark.parametrize("sizes", [(0, 1), (12, 0), (1.5, 1)])
def test_sizes_that_make_no_sense_are_refused(sizes):
    with pytest.raises(SettingsError, match="at least 1"):
        codes_of_labels(LABELS, *sizes, np.random.default_rng(0))


def test_codes_of_a_shuffled_list_are_noticed():
    """The fault behind a well-known MAP of 0.134: a shuffled loader gave labels in one order, images in another."""
    shuffled = np.random.default_rng(1).permutation(len(LABELS))
    H, _ = codes_of_labels(LABELS[shuffled], 24, 5, np.random.default_rng(0))
    check_order(H, LABELS[shuffled])
    with pytest.raises(InputError, match="not in the order of the labels"):
        check_order(H, LABELS)


def test_one_image_of_each_class_is_in_order():
    check_order(np.array([[1, -1], [-1, 1]], np.int8), [0, 1])
