"""What all layers have in common: sizes, refusals, and the way to a backend."""
import numpy as np
import pytest

from scratchnet.backend import array_module, to_device, to_host
from scratchnet.errors import InputError
from scratchnet.layers import (
    LAYERS,
    BatchNorm,
    CappedReLU,
    Conv2D,
    CosineDense,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool2D,
    MeanPool2D,
    ReLU,
    Sigmoid,
    Tanh,
)
from scratchnet.layers.base import window_count

MAP = (3, 8, 8, 2)


def batch_norm():
    """Return a `BatchNorm` that has statistics to work with after training."""
    layer = BatchNorm(2, group=2)
    layer.statistics = np.zeros(2), np.ones(2)
    return layer


EVERY = {  # name: (how to make it with random numbers `rng`, the shape of its input)
    **{f"Conv2D {algorithm}": (lambda rng, a=algorithm: Conv2D(2, 4, 3, padding=1, rng=rng, algorithm=a), MAP)
       for algorithm in ("naive", "im2col", "winograd")},
    "MaxPool2D": (lambda rng: MaxPool2D(2), MAP), "MeanPool2D": (lambda rng: MeanPool2D(2), MAP),
    "MaxPool2D overlapping": (lambda rng: MaxPool2D(3, 2), MAP),
    "MeanPool2D overlapping": (lambda rng: MeanPool2D(3, 2), MAP),
    "CosineDense": (lambda rng: CosineDense(5, 5, rng=rng), (3, 5)),
    "Dense": (lambda rng: Dense(5, 5, rng=rng), (3, 5)), "Flatten": (lambda rng: Flatten(), MAP),
    "ReLU": (lambda rng: ReLU(), MAP), "CappedReLU": (lambda rng: CappedReLU(0.8), MAP),
    "Sigmoid": (lambda rng: Sigmoid(), MAP), "Tanh": (lambda rng: Tanh(), MAP),
    "Dropout": (lambda rng: Dropout(0.5), MAP), "BatchNorm": (lambda rng: batch_norm(), MAP),
}
TRAINED = {"BatchNorm"}  # which learn only from what a forward pass with a generator kept
every = pytest.mark.parametrize("name", EVERY)


def test_every_layer_is_in_the_table():
    assert set(LAYERS) == {name.split()[0] for name in EVERY}


@pytest.mark.parametrize("length, size, stride", [(32, 5, 1), (7, 3, 2), (8, 3, 2), (9, 4, 3), (5, 5, 1), (5, 5, 9),
                                                  (6, 1, 4)])
def test_windows_are_counted_as_one_would_lay_them(length, size, stride):
    laid = [start for start in range(0, length, stride) if start + size <= length]
    assert window_count(ReLU(), length, size, stride) == len(laid)


def test_a_window_that_does_not_fit_names_its_layer():
    with pytest.raises(InputError, match=r"MaxPool2D\(3.*\): a window of 3 does not fit into 2 pixels: use a smaller"):
        window_count(MaxPool2D(3), 2, 3, 1)


@pytest.mark.parametrize("x, words", [
    (np.zeros((2, 4, 4, 3), np.uint8), r"expected floating point numbers, got uint8 of shape \(2, 4, 4, 3\): convert"),
    (np.zeros((4, 4, 3), np.float32), r"expected images \(N, H, W, C\), got float32 of shape \(4, 4, 3\): a single"),
    (np.zeros((2, 3, 4, 4), np.float32), r"with C = 3, got .*: x.transpose\(0, 2, 3, 1\) turns"),
    (np.zeros((2, 4, 4, 1), np.float32), "with C = 3, got .*: build the layer with in_channels of the images")])
def test_what_is_no_image_is_refused_with_its_remedy(x, words):
    with pytest.raises(InputError, match=words) as error:
        ReLU()._check_images(x, channels=3)
    assert str(error.value).startswith("ReLU() expected") and "\n" not in str(error.value)


def test_images_of_any_channels_pass_where_none_are_asked_for():
    ReLU()._check_images(np.zeros((2, 4, 4, 7), np.float64))


def test_a_layer_that_says_nothing_says_so():
    class Silent(Layer):
        pass
    with pytest.raises(TypeError, match="Silent does not say how to go forward"):
        Silent().forward(np.zeros(2))
    with pytest.raises(TypeError, match="Silent does not say how to go backward"):
        Silent().backward(np.zeros(2), None)


def test_a_layer_without_parameters_costs_and_changes_nothing():
    layer = Layer()
    assert layer.output_shape([4, 5, 6]) == (4, 5, 6) and layer.multiply_adds((4, 5, 6)) == 0
    assert layer.params == {} and layer.decayed == () and layer.algorithm_used() == "" and layer.branches(None) == ()
    assert repr(layer) == "Layer()"


def test_to_moves_every_parameter_and_returns_the_layer(backend):
    for layer in (Conv2D(2, 3, 3, rng=np.random.default_rng(0)), Dense(4, 2, rng=np.random.default_rng(0))):
        assert layer.to(backend) is layer and set(layer.params) == {"W", "b"}
        assert all(array_module(p) is backend for p in layer.params.values())


WRONG = {  # a gradient dy (N, ...) of the right shape, made wrong
    "one for all images": lambda dy: dy[:1], "one for all channels": lambda dy: dy[..., :1],
    "of one image": lambda dy: dy[0], "of twice the batch": lambda dy: np.concatenate([dy, dy]),
    "of no image": lambda dy: dy[:0], "with one more axis": lambda dy: dy[None], "turned": lambda dy: dy.T,
    "a sum": lambda dy: dy.sum(), "a list": lambda dy: dy.tolist(), "a float": lambda dy: 1.0,
    "nothing": lambda dy: None,
    "whole numbers": lambda dy: dy.astype(int), "objects": lambda dy: dy.astype(object),
    "text": lambda dy: dy.astype(str), "true or false": lambda dy: dy > 0,
    "masked": lambda dy: np.ma.masked_array(dy, dy > 0),
}


@every
@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("training", [False, True])
def test_a_gradient_of_another_shape_or_kind_is_refused(name, wrong, training, rng):
    """It would be broadcast, cast or cut, and end in a gradient that looks like one."""
    make, shape = EVERY[name]
    layer, x = make(rng), rng.standard_normal(shape).astype(np.float32)
    training = training or name in TRAINED
    y, cache = layer.forward(x, np.random.default_rng(0) if training else None)
    dy = rng.standard_normal(y.shape).astype(np.float32)
    layer.backward(dy, cache)
    if (wrong, name) == ("turned", "Dense"):
        dy = dy[:2]  # 3 x 5 and 5 x 3 would be told apart without a look at the number of images
        y, cache = layer.forward(x[:2], np.random.default_rng(0) if training else None)
    with pytest.raises(InputError):
        layer.backward(WRONG[wrong](dy), cache)


@every
def test_inputs_that_are_no_plain_floats_are_refused(name, rng):
    make, shape = EVERY[name]
    layer, x = make(rng), rng.standard_normal(shape).astype(np.float32)
    for wrong in (x.tolist(), x.astype(int), x.astype(object), x.astype(str), x > 0, np.ma.masked_array(x, x > 0),
                  None):
        with pytest.raises(InputError):
            layer.forward(wrong)


@every
def test_no_images_go_through_and_come_back(name, backend, rng):
    make, shape = EVERY[name]
    layer = make(rng).to(backend)
    for generator in [None] * (name not in TRAINED) + [np.random.default_rng(0)]:
        y, cache = layer.forward(to_device(np.zeros((0, *shape[1:]), np.float32), backend), generator)
        assert tuple(y.shape) == (0, *layer.output_shape(shape[1:])) and y.dtype == np.float32
        dx, grads = layer.backward(y, cache)
        assert tuple(dx.shape) == (0, *shape[1:])
        assert {key: g.shape for key, g in grads.items()} == {key: p.shape for key, p in layer.params.items()}
        assert not any(to_host(g).any() for g in grads.values())


@pytest.mark.parametrize("make, sizes", [
    (lambda *sizes: Conv2D(*sizes, rng=np.random.default_rng(0)), (64, 8, 5, 1, 200)),  # 5 · 5 · 64 is 64 in 8 bits
    (lambda *sizes: Dense(*sizes, rng=np.random.default_rng(0)), (200, 100)), (MeanPool2D, (16, 3))])
def test_sizes_of_few_bits_do_not_overflow(make, sizes):
    layer, narrow = make(*sizes), make(*map(np.uint8, sizes))
    assert repr(layer) == repr(narrow)
    for name, p in layer.params.items():
        np.testing.assert_array_equal(narrow.params[name], p)
    if not isinstance(layer, Dense):
        x = np.ones((1, 34, 34, 64 if layer.params else 2), np.float32)
        np.testing.assert_array_equal(narrow.forward(x)[0], layer.forward(x)[0])
