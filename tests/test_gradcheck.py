"""The gradient check passes what is right and catches what is wrong."""
import numpy as np
import pytest

from scratchnet.errors import InputError, SettingsError
from scratchnet.gradcheck import check_function, check_layer, numerical_gradient, relative_error, spaced
from scratchnet.layers import Conv2D, Dense, Dropout, MaxPool2D, MeanPool2D, ReLU, conv_im2col
from scratchnet.losses import softmax_cross_entropy
from scratchnet.unsupervised import SparseAutoencoder


def test_relative_error():
    assert relative_error([1.0, 2.0], [1.0, 2.0]) == 0 and relative_error([], []) == 0
    assert relative_error([0.0, 4.0], [0.0, 3.0]) == 0.25 and relative_error([0.0], [0.0]) == 0


def test_numerical_gradient_restores_its_input():
    x = np.array([1.0, 2.0])
    at, slope = numerical_gradient(lambda: ((x**3).sum(), ()), x)
    np.testing.assert_allclose(slope, [3, 12], rtol=1e-9)
    assert x.tolist() == [1, 2] and at.tolist() == [0, 1]


def test_a_step_across_a_kink_is_left_out():
    x = np.array([1e-7, 1.0])
    relu = ReLU()

    def loss():
        y, cache = relu.forward(x)
        return y.sum(), relu.branches(cache)
    assert numerical_gradient(loss, x)[0].tolist() == [1]
    with pytest.raises(ValueError, match="kink"):
        check_layer(relu, np.full(4, 1e-7), np.random.default_rng(0))


def test_spaced_numbers_are_spaced(rng):
    x = np.sort(spaced((4, 5), rng).ravel())
    assert np.diff(x).min() > 0.049 and np.abs(x).min() > 0.024


# ---- planted bugs: each is a classic; each must be caught by a wide margin ----

class MissingStride(Conv2D):
    def backward(self, dy, cache, need_dx=True):
        K = self.params["W"].shape[0]
        shape = cache[1].shape
        dcols = (dy.reshape(-1, dy.shape[3]) @ self.params["W"].reshape(-1, dy.shape[3]).T)
        wrong = conv_im2col.col2im(dcols.reshape(*dy.shape[:3], K, K, shape[3]), shape, 1, self.padding)
        return wrong, super().backward(dy, cache)[1]


class WrongCol2imOrder(Conv2D):
    def backward(self, dy, cache, need_dx=True):
        _, grads = super().backward(dy, cache)
        K, _, C, F = self.params["W"].shape
        dcols = (dy.reshape(-1, F) @ self.params["W"].reshape(-1, F).T).reshape(*dy.shape[:3], K, K, C)
        return conv_im2col.col2im(dcols.swapaxes(3, 4), cache[1].shape, self.stride, self.padding), grads


class ForgottenFlip(Conv2D):
    """dx as a convolution of dy with the kernels, without turning them by 180 degrees."""

    def backward(self, dy, cache, need_dx=True):
        turned = np.ascontiguousarray(self.params["W"].transpose(0, 1, 3, 2))
        return conv_im2col.forward(dy, turned, 1, self.padding)[0], super().backward(dy, cache)[1]


class ForgottenTranspose(Dense):
    def backward(self, dy, cache, need_dx=True):
        return dy @ self.params["W"], super().backward(dy, cache)[1]


class BiasSummedOverOneAxis(Conv2D):
    def backward(self, dy, cache, need_dx=True):
        dx, grads = super().backward(dy, cache)
        return dx, {**grads, "b": dy.sum(axis=(0, 1))[0]}


class ReLUGatedOnTheUpstream(ReLU):
    def backward(self, dy, cache, need_dx=True):
        return dy * (dy > 0), {}


class TiesCountedTwice(MaxPool2D):
    def forward(self, x, rng=None):
        y, _ = super().forward(x)
        return y, (x, y)

    def backward(self, dy, cache, need_dx=True):
        return np.repeat(np.repeat(dy, 2, axis=1), 2, axis=2) * (cache[0] == np.repeat(
            np.repeat(cache[1], 2, axis=1), 2, axis=2)), {}


class OverlapsOverwritten(MaxPool2D):
    def _send(self, dy, higher, axis, shape):
        dx = np.zeros(shape)
        first, *others = self._shifted(dx, axis, dy.shape[axis])
        for won, target in zip(reversed(higher), reversed(others)):
            target[won] = dy[won]
            dy = dy * ~won
        first[dy != 0] = dy[dy != 0]
        return dx


class MeanForgotten(MeanPool2D):
    def backward(self, dy, cache, need_dx=True):
        return super().backward(dy * self.size**2, cache)


class DropoutNotScaledBack(Dropout):
    def backward(self, dy, cache, need_dx=True):
        return dy * (cache[1] > 0), {}


class PutInAnotherPlace(ReLU):
    """The sum of the gradient is right: only an upstream gradient that is not the same everywhere sees it."""

    def forward(self, x, rng=None):
        return x, None

    def backward(self, dy, cache, need_dx=True):
        return dy[::-1], {}

    def branches(self, cache):
        return ()


F64 = {"dtype": np.float64}
IM2COL = {**F64, "algorithm": "im2col"}
PLANTED = {
    "missing stride": (lambda: MissingStride(2, 3, 3, stride=2, padding=1, **IM2COL), (2, 5, 5, 2)),
    "wrong col2im order": (lambda: WrongCol2imOrder(2, 3, 3, **IM2COL), (2, 5, 5, 2)),
    "forgotten flip": (lambda: ForgottenFlip(2, 2, 3, padding=1, **IM2COL), (2, 5, 5, 2)),
    "forgotten transpose": (lambda: ForgottenTranspose(4, 4, **F64), (3, 4)),
    "bias summed over one axis": (lambda: BiasSummedOverOneAxis(2, 3, 3, **IM2COL), (2, 5, 5, 2)),
    "ReLU gated on the wrong array": (ReLUGatedOnTheUpstream, (3, 4)),
    "overlapping windows overwritten": (lambda: OverlapsOverwritten(3, 1), (1, 5, 5, 2)),
    "mean not divided": (lambda: MeanForgotten(2), (2, 4, 4, 2)),
    "values put in another place": (PutInAnotherPlace, (3, 4)),
    "dropout not scaled back": (lambda: DropoutNotScaledBack(0.5), (6, 5)),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_planted_bugs_are_caught(bug, rng):
    make, shape = PLANTED[bug]
    errors = check_layer(make(), spaced(shape, rng), rng, training_seed=5)
    assert max(errors.values()) > 1e-2, f"the check did not see: {bug}"


def test_overwriting_is_right_where_nothing_overlaps(rng):
    errors = check_layer(OverlapsOverwritten(2), spaced((1, 4, 4, 2), rng), rng)
    assert max(errors.values()) < 1e-6


def test_a_gradient_of_another_shape_is_wrong(rng):
    class BiasKeepsItsAxis(Dense):
        def backward(self, dy, cache, need_dx=True):
            dx, grads = super().backward(dy, cache, need_dx)
            return dx, {**grads, "b": grads["b"][None]}
    errors = check_layer(BiasKeepsItsAxis(3, 2, dtype=np.float64), rng.standard_normal((4, 3)), rng)
    assert errors["b"] == np.inf and errors["W"] < 1e-7


def test_planted_ties_counted_twice(rng):
    """Ties are kinks, where a difference quotient says nothing: the sum of the gradient gives the bug away."""
    x, dy = np.zeros((1, 4, 4, 1)), rng.standard_normal((1, 2, 2, 1))
    sums = []
    for kind in (MaxPool2D, TiesCountedTwice):
        layer = kind(2)
        sums.append(layer.backward(dy, layer.forward(x)[1])[0].sum() / dy.sum())
    assert np.isclose(sums[0], 1) and np.isclose(sums[1], 4)
    # Two equal values that move together are no kink along that direction, and there the check sees it too.
    shared = rng.permutation(np.arange(8.0)).reshape(1, 2, 4, 1)

    def pooled(values, kind=MaxPool2D):
        layer = kind(2)
        y, cache = layer.forward(np.repeat(values, 2, axis=1))
        dx, _ = layer.backward(np.ones_like(y), cache)
        return y.sum(), {"values": dx[:, ::2] + dx[:, 1::2]}
    assert check_function(pooled, {"values": shared.copy()}, rng)["values"] < 1e-7
    wrong = check_function(lambda values: pooled(values, TiesCountedTwice), {"values": shared.copy()}, rng)
    assert wrong["values"] > 0.1


def test_planted_sum_instead_of_mean_in_the_loss(rng):
    labels = rng.integers(0, 3, 5)

    def loss(scores):
        value, dscores = softmax_cross_entropy(scores, labels)
        return value, {"scores": dscores * len(labels)}
    assert check_function(loss, {"scores": rng.standard_normal((5, 3))}, rng)["scores"] > 0.5


@pytest.mark.parametrize("factor", ["sparsity_weight", "sparsity", "weight_decay"])
def test_planted_missing_factor_in_the_auto_encoder(factor, rng):
    right = SparseAutoencoder(4, 3, rng=rng)
    wrong = SparseAutoencoder(4, 3)
    setattr(wrong, factor, 0.5)
    X = rng.standard_normal((10, 4))

    def objective(theta):
        return right.cost_and_gradient(theta, X)[0], {"theta": wrong.cost_and_gradient(theta, X)[1]}
    assert check_function(objective, {"theta": right.theta.copy()}, rng)["theta"] > 1e-3


@pytest.mark.parametrize("a, b", [([np.nan, 1], [1, 1]), ([1, 1], [1, np.nan]), ([np.inf, 1], [np.inf, 1]),
                                  ([-np.inf, 1], [1, 1]), ([1.0], [1.0, 1.0]), ([[1.0]], [1.0])])
def test_what_is_not_finite_or_of_another_shape_is_infinitely_wrong(a, b):
    """NaN is neither above a tolerance nor below; `max` of several errors would pass over it."""
    assert relative_error(a, b) == relative_error(b, a) == np.inf


class NotANumberInOnePlace(Dense):
    def backward(self, dy, cache, need_dx=True):
        dx, grads = super().backward(dy, cache, need_dx)
        grads["W"][1, 1] = np.nan
        return dx, grads


class NotANumberForward(Dense):
    def forward(self, x, rng=None):
        y, cache = super().forward(x)
        y[0, 0] = np.nan
        return y, cache


def test_nan_is_seen_forward_and_backward(rng):
    x = rng.standard_normal((4, 3))
    errors = check_layer(NotANumberInOnePlace(3, 2, dtype=np.float64), x, rng)
    assert errors["W"] == np.inf and max(errors["x"], errors["b"]) < 1e-7
    assert set(check_layer(NotANumberForward(3, 2, dtype=np.float64), x, rng).values()) == {np.inf}
    assert check_function(lambda v: ((v**2).sum(), {"v": np.array([2 * v[0], np.nan])}), {"v": np.ones(2)},
                          rng)["v"] == np.inf


def test_float32_is_refused(rng):
    """Its rounding makes errors of a thousandth, which look like those of a wrong gradient."""
    layer, x = Dense(3, 2, rng=rng), rng.standard_normal((4, 3))
    with pytest.raises(InputError, match="need float64, and W is float32: build layers with dtype=np.float64"):
        check_layer(layer, x, rng)
    for wrong in (x.astype(np.float32), np.ones((4, 3), int)):
        with pytest.raises(InputError, match=f"need float64, and x is {wrong.dtype}.*x.astype"):
            check_layer(ReLU(), wrong, rng)
        with pytest.raises(InputError, match="need float64, and v is"):
            check_function(lambda v: ((v**2).sum(), {"v": 2 * v}), {"v": wrong}, rng)
        with pytest.raises(InputError, match="need float64"):
            numerical_gradient(lambda: (0.0, ()), wrong)


def test_no_samples_are_no_check(rng):
    for samples in (0, -1, 0.5):
        with pytest.raises(SettingsError, match="samples"):
            check_layer(ReLU(), spaced((3, 4), rng), rng, samples=samples)
