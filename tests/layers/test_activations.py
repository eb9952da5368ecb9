"""Element-wise layers and dropout."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, SettingsError
from scratchnet.layers import Dropout, ReLU, Sigmoid, Tanh


def test_relu_is_equation_1(backend):
    x = to_device(np.array([-2.0, -0.0, 0.0, 3.0]), backend)
    y, cache = ReLU().forward(x)
    assert to_host(y).tolist() == [0, 0, 0, 3]
    assert to_host(ReLU().backward(x + 1, cache)[0]).tolist() == [0, 0, 0, 4]


@pytest.mark.parametrize("layer, function", [
    (Sigmoid(), lambda x: 1 / (1 + np.exp(-x))), (Tanh(), np.tanh)], ids=["sigmoid", "tanh"])
def test_values(layer, function, backend, rng):
    x = rng.standard_normal((3, 4))
    np.testing.assert_allclose(to_host(layer.forward(to_device(x, backend))[0]), function(x), rtol=1e-14)


def test_sigmoid_does_not_overflow():
    assert Sigmoid().forward(np.array([-1e4, 1e4], np.float32))[0].tolist() == [0, 1]


def test_dropout_keeps_the_expected_value(backend):
    x = to_device(np.ones((200, 300), np.float32), backend)
    y, cache = Dropout(0.3).forward(x, np.random.default_rng(0))
    values = to_host(y)
    assert set(np.unique(values)) == {0, np.float32(1 / 0.7)} and values.dtype == np.float32
    assert abs(values.mean() - 1) < 0.01
    assert (to_host(Dropout(0.3).backward(x, cache)[0]) == values).all()


def test_dropout_is_repeatable_and_off_without_a_generator(rng):
    x = rng.standard_normal((5, 6))
    first, second = (Dropout(0.5).forward(x, np.random.default_rng(7))[0] for _ in range(2))
    assert (first == second).all() and (first == 0).any()
    y, cache = Dropout(0.5).forward(x)
    assert y is x and Dropout(0.5).backward(x, cache)[0] is x


def test_refusals():
    for rate in (-0.1, 1.0):
        with pytest.raises(SettingsError, match="rate"):
            Dropout(rate)
    with pytest.raises(InputError, match="floating point"):
        ReLU().forward(np.arange(3))
