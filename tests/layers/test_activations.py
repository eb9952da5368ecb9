"""Element-wise layers."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, SettingsError
from scratchnet.layers import CappedReLU, ReLU, Sigmoid, Tanh


def test_relu_is_equation_1(backend):
    x = to_device(np.array([-2.0, -0.0, 0.0, 3.0]), backend)
    y, cache = ReLU().forward(x)
    assert to_host(y).tolist() == [0, 0, 0, 3]
    assert to_host(ReLU().backward(x + 1, cache)[0]).tolist() == [0, 0, 0, 4]


def test_capped_relu_has_no_slope_beyond_its_cap(backend):
    x = to_device(np.array([-2.0, 0.0, 3.0, 6.0, 7.0]), backend)
    y, cache = CappedReLU().forward(x)
    assert to_host(y).tolist() == [0, 0, 3, 6, 6]
    assert to_host(CappedReLU().backward(x + 1, cache)[0]).tolist() == [0, 0, 4, 0, 0]
    assert to_host(CappedReLU(1.5).forward(x)[0]).tolist() == [0, 0, 1.5, 1.5, 1.5] and "1.5" in repr(CappedReLU(1.5))
    with pytest.raises(SettingsError, match="cap must be"):
        CappedReLU(-1)


@pytest.mark.parametrize("layer, function", [
    (Sigmoid(), lambda x: 1 / (1 + np.exp(-x))), (Tanh(), np.tanh)], ids=["sigmoid", "tanh"])
def test_values(layer, function, backend, rng):
    x = rng.standard_normal((3, 4))
    np.testing.assert_allclose(to_host(layer.forward(to_device(x, backend))[0]), function(x), rtol=1e-14)


def test_sigmoid_does_not_overflow():
    assert Sigmoid().forward(np.array([-1e4, 1e4], np.float32))[0].tolist() == [0, 1]


def test_refusals():
    with pytest.raises(InputError, match="floating point"):
        ReLU().forward(np.arange(3))
