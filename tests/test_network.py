"""The chain of layers."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, SettingsError
from scratchnet.layers import Conv2D, Dense, Dropout, Flatten, MaxPool2D, ReLU
from scratchnet.network import Network


def small(rng, dtype=np.float64):
    return Network({"conv": Conv2D(2, 3, 3, padding=1, rng=rng, dtype=dtype), "pool": MaxPool2D(2), "relu": ReLU(),
                    "flatten": Flatten(), "fc": Dense(12, 4, rng=rng, dtype=dtype)})


def test_forward_is_the_layers_one_after_the_other(backend, rng):
    network = small(rng).to(backend)
    x = y = to_device(rng.standard_normal((3, 4, 5, 2)), backend)
    for name, layer in network.layers.items():
        y, _ = layer.forward(y)
        assert (to_host(network.features(x, name)) == to_host(y)).all()
    assert (to_host(network.forward(x)[0]) == to_host(y)).all()


def test_decay_generator_and_costs_are_the_layers_own(rng):
    network = Network({**small(rng).layers, "dropout": Dropout(0.5)})
    assert network.decayed == ("conv.W", "fc.W")
    assert network.multiply_adds((4, 5, 2)) == 1080 + 48  # 4·5·54; 12·4
    x = rng.standard_normal((50, 4, 5, 2))
    dropped = (network.forward(x, np.random.default_rng(0))[0] == 0).mean()
    assert 0.3 < dropped < 0.7 and (network.forward(x)[0] != 0).all()


def test_backward_without_dx_gives_the_same_gradients(rng):
    network = small(rng)
    y, cache = network.forward(rng.standard_normal((3, 4, 5, 2)))
    dx, grads = network.backward(y, cache)
    none, same = network.backward(y, cache, need_dx=False)
    assert none is None and dx.shape == (3, 4, 5, 2) and set(grads) == set(network.params) == set(same)
    assert all((grads[name] == same[name]).all() for name in grads)


def test_summary_counts(rng):
    text = small(rng).summary((4, 5, 2))
    conv = next(line for line in text.splitlines() if line.startswith("conv"))
    assert "4 x 5 x 3" in conv and " 57 " in conv and " 1,080 " in conv  # 3·3·2·3 + 3; 4·5·54
    assert "109" in text.splitlines()[-1]  # 57 + 12·4 + 4


def test_parameters_are_the_layers_own(rng):
    network = small(rng)
    network.params["fc.b"][...] = 7
    assert (network.layers["fc"].params["b"] == 7).all()


def test_refusals(rng):
    with pytest.raises(SettingsError, match="conv, pool"):
        small(rng).features(np.zeros((1, 4, 5, 2)), "fc7")
    with pytest.raises(SettingsError, match="at least one"):
        Network({})


def test_a_gradient_of_another_shape_is_refused(rng):
    network = small(rng)
    y, caches = network.forward(rng.standard_normal((3, 4, 5, 2)))
    for dy in (y[:1], y[:, :1], y.T, y[0], y.tolist(), y.astype(int), np.concatenate([y, y])):
        with pytest.raises(InputError, match=r"Dense\(12 -> 4\) expected a gradient"):
            network.backward(dy, caches)


def test_shapes_that_do_not_fit_have_no_summary(rng):
    for function in (small(rng).output_shape, small(rng).multiply_adds, small(rng).summary):
        with pytest.raises(InputError, match="images of 2 channels"):
            function((4, 5, 3))
        with pytest.raises(InputError, match="vectors of 12 numbers"):
            function((8, 8, 2))
