"""What all layers have in common: sizes, refusals, and the way to a backend."""
import numpy as np
import pytest

from scratchnet.backend import array_module
from scratchnet.errors import InputError
from scratchnet.layers import Conv2D, Dense, Layer, MaxPool2D, ReLU
from scratchnet.layers.base import window_count


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
