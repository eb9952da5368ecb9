"""Which layers run as one; what they compute is tested in gpu/test_pooling.py."""
import numpy as np
import pytest

from scratchnet.fusion import ConvPoolReLU, joined
from scratchnet.layers import Conv2D, Dense, Flatten, MaxPool2D, MeanPool2D, ReLU, Sigmoid
from scratchnet.network import Network


class OwnConv2D(Conv2D):
    """Somebody's own convolution, whose passes may do something else."""


def conv(kind=Conv2D):
    return kind(2, 3, 3, rng=np.random.default_rng(0))


def chain(*layers):
    return joined({f"layer{i}": layer for i, layer in enumerate(layers)})


def test_convolution_max_pooling_and_relu_in_a_row_are_one():
    first, pool, relu, last = conv(), MaxPool2D(2), ReLU(), Flatten()
    (start, end, layer), rest = chain(first, pool, relu, last)
    assert (start, end, type(layer)) == ("layer0", "layer2", ConvPoolReLU) and rest == ("layer3", "layer3", last)
    assert layer.conv is first and layer.pool is pool and layer.params is first.params


def test_each_row_of_three_is_one():
    found = chain(conv(), MaxPool2D(2), ReLU(), conv(), MaxPool2D(3, 2), ReLU(), conv())
    assert [(start, end) for start, end, _ in found] == [("layer0", "layer2"), ("layer3", "layer5"),
                                                         ("layer6", "layer6")]


@pytest.mark.parametrize("layers", [
    lambda: (conv(), ReLU(), MaxPool2D(2)), lambda: (conv(), MeanPool2D(2), ReLU()), lambda: (conv(), MaxPool2D(2)),
    lambda: (conv(), MaxPool2D(2), Sigmoid()), lambda: (MaxPool2D(2), ReLU()), lambda: (conv(OwnConv2D), MaxPool2D(2),
                                                                                        ReLU()),
    lambda: (Dense(2, 2, rng=np.random.default_rng(0)), MaxPool2D(2), ReLU()),
    lambda: (conv(), MaxPool2D(2), Flatten(), ReLU())],
    ids=["another order", "mean pooling", "no ReLU", "sigmoid", "no convolution", "a subclass", "dense",
         "something between"])
def test_other_rows_stay_apart(layers):
    layers = layers()
    assert chain(*layers) == [(f"layer{i}", f"layer{i}", layer) for i, layer in enumerate(layers)]


@pytest.mark.parametrize("size, one", [(15, True), (16, False)])
def test_a_window_has_as_many_places_as_a_byte_can_number(size, one):
    """255 of the 256 numbers are left: one says that the unit is off."""
    assert len(chain(conv(), MaxPool2D(size), ReLU())) == (1 if one else 3)


def test_without_kernels_nothing_is_joined():
    network = Network({"conv": conv(), "pool": MaxPool2D(2), "relu": ReLU()})
    assert set(network.forward(np.zeros((1, 6, 6, 2), np.float32))[1]) == {"conv", "pool", "relu"}
