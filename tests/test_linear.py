"""The linear classifier: its objective and gradient, the minimum that others find too, and its bits."""
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from scratchnet import linear
from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, NonFiniteError, SettingsError
from scratchnet.gradcheck import check_function
from scratchnet.linear import LinearClassifier, Rows
from scratchnet.losses import SoftmaxCrossEntropy, SquaredError, SquaredHinge
from scratchnet.parallel import Workers

LOSSES = {"softmax": SoftmaxCrossEntropy(), "hinge": SquaredHinge()}


def problem(N=500, D=20, C=4, seed=1):
    """Overlapping classes of unequal size, so that the biases matter."""
    rng = np.random.default_rng(seed)
    labels = np.minimum(rng.integers(0, C + 2, N), C - 1)
    return rng.standard_normal((N, D)) + 0.7 * rng.standard_normal((C, D))[labels] + 0.5, labels


def cost_by_the_book(loss, decay, W, b, X, labels):
    """The formula of the docstring, one example at a time."""
    total = 0.0
    for x, label in zip(X, labels):
        s = [x @ w + c for w, c in zip(W.T, b)]
        if loss == "softmax":
            total -= s[label] - np.log(sum(np.exp(s)))
        else:
            total += sum(max(0, 1 - (1 if k == label else -1) * s[k])**2 for k in range(len(s)))
    return total / len(X) + decay / 2 * (W**2).sum()


@pytest.mark.parametrize("loss", LOSSES)
def test_cost_is_the_formula(loss, backend, rng):
    X, labels = problem(30, 5, 3)
    theta = rng.standard_normal(18)
    W, b = LinearClassifier.unpack(theta, 5)
    assert W.shape == (5, 3) and W[0].tolist() == theta[:3].tolist() and b.tolist() == theta[15:].tolist()
    cost, gradient = LinearClassifier(LOSSES[loss], 0.3).cost_and_gradient(
        to_device(theta, backend), to_device(X, backend), to_device(labels, backend))
    assert np.isclose(float(cost), cost_by_the_book(loss, 0.3, W, b, X, labels), rtol=1e-12)
    assert gradient.shape == (18,)


@pytest.mark.parametrize("decay", [0, 0.3])
@pytest.mark.parametrize("loss", LOSSES)
def test_gradient_over_several_blocks(loss, decay, rng, monkeypatch):
    monkeypatch.setattr(linear, "BLOCK", 7)
    X, labels = problem(30, 5, 3)
    classifier = LinearClassifier(LOSSES[loss], decay)

    def objective(theta):
        cost, gradient = classifier.cost_and_gradient(theta, X, labels)
        return cost, {"theta": gradient}
    assert check_function(objective, {"theta": rng.standard_normal(18)}, rng)["theta"] < 1e-7


def test_logistic_regression_is_that_of_scikit_learn():
    X, labels = problem()
    decay = 0.01
    ours = LinearClassifier(LOSSES["softmax"], decay)
    ours.fit(X, labels, 4, 1000)
    theirs = LogisticRegression(C=1 / (len(X) * decay), tol=1e-10, max_iter=10_000).fit(X, labels)
    scale = np.abs(theirs.coef_).max()
    np.testing.assert_allclose(ours.W, theirs.coef_.T, rtol=1e-3, atol=1e-3 * scale)
    # Softmax does not see what all biases have in common.
    np.testing.assert_allclose(ours.b - ours.b.mean(), theirs.intercept_ - theirs.intercept_.mean(), atol=1e-3 * scale)


def test_squared_hinge_is_the_support_vector_machine_of_liblinear():
    X, labels = problem()
    decay = 0.01
    ours = LinearClassifier(LOSSES["hinge"], decay)
    ours.fit(X, labels, 4, 1000)
    theirs = LinearSVC(loss="squared_hinge", dual=False, C=1 / (len(X) * decay), intercept_scaling=100, tol=1e-10,
                       max_iter=100_000).fit(X, labels)
    scale = np.abs(theirs.coef_).max()
    np.testing.assert_allclose(ours.W, theirs.coef_.T, rtol=1e-3, atol=1e-3 * scale)
    np.testing.assert_allclose(ours.b, theirs.intercept_, rtol=1e-3, atol=1e-3 * scale)


def test_squared_error_is_ridge_regression(rng):
    """Of centred features and targets, W = (XᵀX / N + decay I)⁻¹ XᵀT / N, and the biases are the targets' means."""
    X, T = rng.standard_normal((60, 4)), rng.standard_normal((60, 3))
    X -= X.mean(axis=0)
    ridge = LinearClassifier(SquaredError(), 0.2)
    ridge.fit(X, T, 3, 200)
    np.testing.assert_allclose(ridge.W, np.linalg.solve(X.T @ X / 60 + 0.2 * np.eye(4), X.T @ T / 60), atol=1e-4)
    np.testing.assert_allclose(ridge.b, T.mean(axis=0), atol=1e-4)


def test_biases_do_not_decay():
    """With weights that decay to nothing, the probabilities are how often each class occurs."""
    X, labels = problem()
    classifier = LinearClassifier(LOSSES["softmax"], 1e4)
    classifier.fit(X, labels, 4, 200)
    p = np.exp(classifier.b)
    np.testing.assert_allclose(p / p.sum(), np.bincount(labels) / len(labels), atol=1e-3)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_same_examples_twice_change_nothing(loss, rng):
    X, labels = problem(40, 5, 3)
    theta, classifier = rng.standard_normal(18), LinearClassifier(LOSSES[loss], 0.3)
    once = classifier.cost_and_gradient(theta, X, labels)
    twice = classifier.cost_and_gradient(theta, np.concatenate([X, X]), np.concatenate([labels, labels]))
    for a, b in zip(once, twice):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_threads_do_not_change_a_bit(loss, monkeypatch):
    X, labels = problem(1000, 100, 10)
    X = X.astype(np.float32)
    found = []
    monkeypatch.setattr(linear, "BLOCK", 64)
    for threads in (1, 2, 3):
        classifier = LinearClassifier(LOSSES[loss], 1e-3)
        with Workers(threads) as workers:
            costs = classifier.fit(X, labels, 10, 20, workers=workers)
        found.append((costs, classifier.W.tobytes(), classifier.b.tobytes()))
    assert classifier.W.dtype == np.float32 and found[0] == found[1] == found[2]


def test_blocks_change_rounding_only(rng, monkeypatch):
    X, labels = problem(100, 5, 3)
    theta, classifier = rng.standard_normal(18), LinearClassifier(LOSSES["softmax"], 0.1)
    whole = classifier.cost_and_gradient(theta, X, labels)
    monkeypatch.setattr(linear, "BLOCK", 9)
    for a, b in zip(classifier.cost_and_gradient(theta, X, labels), whole):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-14)


def test_scores_do_not_depend_on_the_company():
    X, labels = problem(100, 700, 10)
    X = X.astype(np.float32)
    classifier = LinearClassifier(LOSSES["softmax"], 1e-2)
    classifier.fit(X, labels, 10, 5)
    scores = classifier.scores(X)
    np.testing.assert_allclose(scores, X @ classifier.W + classifier.b, rtol=1e-4, atol=1e-4)
    for size in (1, 2, 7, 33):
        assert (np.concatenate([classifier.scores(X[i:i + size]) for i in range(0, 100, size)]) == scores).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_fit_tells_how_it_goes(loss, backend):
    X, labels = (to_device(array, backend) for array in problem(200, 6, 3))
    classifier, rows, top1 = LinearClassifier(LOSSES[loss], 0.05), [], []

    def callback(row):
        rows.append(row)
        top1.append(float((classifier.scores(X).argmax(axis=1) == labels).mean()))
    costs = classifier.fit(X, labels, 3, 15, callback)
    assert [row["epoch"] for row in rows] == list(range(1, len(costs) + 1)) and [row["cost"] for row in rows] == costs
    assert all(b <= a for a, b in zip(costs, costs[1:])) and [row["train_top1"] for row in rows] == top1
    for row in rows[-1:]:
        assert np.isclose(row["cost"] - row["loss"], 0.05 / 2 * float((classifier.W * classifier.W).sum()))


def test_backends_take_the_same_path(backend):
    X, labels = problem(100, 5, 3)
    here, there = (LinearClassifier(LOSSES["softmax"], 0.05) for _ in range(2))
    here.fit(to_device(X, backend), to_device(labels, backend), 3, 10)
    there.fit(X, labels, 3, 10)
    np.testing.assert_allclose(to_host(here.W), there.W, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(to_host(here.scores(to_device(X, backend))), there.scores(X), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("decay", [-1e-9, float("nan"), float("inf"), "0.1", None, True])
def test_a_decay_that_makes_no_sense_is_refused(decay):
    with pytest.raises(SettingsError, match="decay must be a finite number of at least 0"):
        LinearClassifier(LOSSES["softmax"], decay)


def test_refusals():
    X, labels = problem(10, 3, 2)
    for wrong in (X[0], X[:0], X.astype(int)):
        with pytest.raises(InputError, match=r"\(N, D\) with N ≥ 1"):
            LinearClassifier(LOSSES["softmax"]).fit(wrong, labels, 2, 1)
    with pytest.raises(InputError, match="between 0 and 1"):
        LinearClassifier(LOSSES["softmax"]).fit(X, labels + 1, 2, 1)
    with pytest.raises(InputError, match="look for NaN"):
        LinearClassifier(LOSSES["softmax"]).fit(np.full((10, 3), np.nan), labels, 2, 1)
    for settings in ({"classes": 0, "iterations": 1}, {"classes": 2, "iterations": 0}):
        with pytest.raises(SettingsError, match="at least 1"):
            LinearClassifier(LOSSES["softmax"]).fit(X, labels, **settings)
    with pytest.raises(NonFiniteError):
        LinearClassifier(SquaredError()).fit(X, np.full((10, 2), 1e200), 2, 1)


def stored(X, scale, xp=np):
    """Whole numbers and a scale a row, which together are features X."""
    return Rows(X.shape, lambda start, stop: X[start:stop], scale, np.float64, xp), X * scale[:, None]


@pytest.mark.parametrize("loss", LOSSES)
def test_rows_of_whole_numbers_with_a_scale_are_features_like_others(loss, backend, rng, monkeypatch):
    for name in ("BLOCK", "DEVICE_BLOCK", "COLUMNS"):
        monkeypatch.setattr(linear, name, 7)
    whole, labels = rng.integers(0, 64, (40, 16), dtype=np.uint8), np.arange(40) % 3
    rows, dense = stored(whole, rng.random(40) / 64, backend)
    theta = rng.standard_normal(51)
    ours, theirs = (LinearClassifier(LOSSES[loss], 0.05) for _ in range(2))
    found = ours.cost_and_gradient(to_device(theta, backend), rows, to_device(labels, backend))
    for a, b in zip(found, theirs.cost_and_gradient(theta, dense, labels)):
        np.testing.assert_allclose(to_host(a), b, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(ours.fit(rows, to_device(labels, backend), 3, 8), theirs.fit(dense, labels, 3, 8),
                               rtol=1e-9)
    np.testing.assert_allclose(to_host(ours.W), theirs.W, rtol=1e-6, atol=1e-8)


def test_a_memory_mapped_file_is_an_array(tmp_path):
    X, labels = problem(100, 6, 3)
    mapped = np.memmap(tmp_path / "features", X.dtype, "w+", shape=X.shape)
    mapped[...] = X
    here, there = (LinearClassifier(LOSSES["hinge"], 0.05) for _ in range(2))
    assert here.fit(X, labels, 3, 10) == there.fit(mapped, labels, 3, 10) and (here.W == there.W).all()


@pytest.mark.parametrize("biases", linear.BIASES)
def test_gradient_with_each_kind_of_biases(biases, rng, monkeypatch):
    monkeypatch.setattr(linear, "COLUMNS", 2)
    X, labels = problem(30, 5, 3)
    classifier, theta = LinearClassifier(LOSSES["hinge"], 0.3, biases), rng.standard_normal(18)
    if biases == "none":
        theta[15:] = 0

    def objective(theta):
        cost, gradient = classifier.cost_and_gradient(theta, X, labels)
        if biases == "none":  # which are no variables
            gradient = np.concatenate([gradient[:15], LinearClassifier(LOSSES["hinge"], 0.3).cost_and_gradient(
                theta, X, labels)[1][15:]])
        return cost, {"theta": gradient}
    assert check_function(objective, {"theta": theta}, rng)["theta"] < 1e-6


@pytest.mark.parametrize("biases", ["decayed", "none"])
def test_liblinear_with_its_own_biases_finds_the_same(biases):
    """C stands before the sum over the examples there: 1 / (N · decay). Its bias is the weight of a feature 1."""
    X, labels = problem()
    decay, ones = 0.002, np.ones((len(X), 1))
    ours = LinearClassifier(LOSSES["hinge"], decay, biases)
    ours.fit(X, labels, 4, 1000)
    theirs = LinearSVC(loss="squared_hinge", dual=False, C=1 / (len(X) * decay), fit_intercept=False, tol=1e-10,
                       max_iter=100_000).fit(np.hstack([X, ones]) if biases == "decayed" else X, labels)
    scale = np.abs(theirs.coef_).max()
    np.testing.assert_allclose(ours.W, theirs.coef_.T[:20], rtol=1e-3, atol=1e-3 * scale)
    if biases == "decayed":
        np.testing.assert_allclose(ours.b, theirs.coef_.T[20], rtol=1e-3, atol=1e-3 * scale)
    else:
        assert not ours.b.any()


def test_rows_that_cannot_be_are_refused():
    for shape, scale in (((3,), None), ((0, 3), None), ((3, 0), None), ((3, 2), np.ones(2))):
        with pytest.raises(InputError, match=r"rows \(N, D\)"):
            Rows(shape, None, scale)
    with pytest.raises(SettingsError, match="float32 or float64"):
        Rows((3, 2), None, dtype=int)
    with pytest.raises(InputError, match=r"rows 0 to 3 of features \(3, 2\) have shape \(2, 2\)"):
        LinearClassifier(LOSSES["hinge"]).fit(Rows((3, 2), lambda start, stop: np.ones((2, 2))), np.arange(3), 3, 1)
    with pytest.raises(SettingsError, match="no 'some' biases: choose one of free, decayed, none"):
        LinearClassifier(LOSSES["hinge"], biases="some")
