"""Batch normalisation: the definition, what it refuses, and the same network without it after folding."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, SettingsError
from scratchnet.folding import fold
from scratchnet.layers import BatchNorm, Conv2D, Dense, Flatten, MaxPool2D, MeanPool2D, ReLU
from scratchnet.network import Network


def test_zero_mean_unit_variance_then_the_bias(backend, rng):
    layer = BatchNorm(3)
    layer.params["b"][...] = [1, 2, 3]
    y, _ = layer.to(backend).forward(to_device(rng.normal(5, 2, (8, 4, 5, 3)).astype(np.float32), backend))
    np.testing.assert_allclose(to_host(y).mean(axis=(0, 1, 2)), [1, 2, 3], atol=1e-5)
    np.testing.assert_allclose(to_host(y).std(axis=(0, 1, 2)), 1, atol=1e-4)
    assert y.dtype == np.float32


def test_backward_by_hand(backend):
    """x = ±1 in one channel: x̂ = x but for ε; what dy has along (1, 1) and along x̂ is taken out: nothing is left."""
    layer = BatchNorm(1, epsilon=1e-12, dtype=np.float64).to(backend)
    _, cache = layer.forward(to_device(np.array([1.0, -1.0]).reshape(2, 1, 1, 1), backend))
    dx, grads = layer.backward(to_device(np.array([3.0, 5.0]).reshape(2, 1, 1, 1), backend), cache)
    np.testing.assert_allclose(to_host(dx), 0, atol=1e-9)
    assert to_host(grads["b"]).tolist() == [8]


def test_refusals(rng):
    with pytest.raises(InputError, match="C = 3"):
        BatchNorm(3).forward(rng.standard_normal((2, 4, 4, 5)))
    with pytest.raises(SettingsError, match="epsilon"):
        BatchNorm(3, epsilon=0)
    network = Network({"relu": ReLU(), "norm": BatchNorm(2)})
    with pytest.raises(SettingsError, match="norm does not stand above a convolution"):
        fold(network, [rng.standard_normal((2, 4, 4, 2))])


@pytest.mark.parametrize("pool", [MaxPool2D(2), MeanPool2D(2), None])
def test_folding_changes_nothing_for_the_images_whose_statistics_it_took(pool, backend, rng):
    f64 = {"rng": rng, "dtype": np.float64}
    layers = {"conv1": Conv2D(2, 4, 3, padding=1, **f64), "pool1": pool, "norm1": BatchNorm(4, dtype=np.float64),
              "relu1": ReLU(), "conv2": Conv2D(4, 5, 3, padding=1, **f64), "norm2": BatchNorm(5, dtype=np.float64),
              "relu2": ReLU(), "flatten": Flatten()}
    network = Network({name: layer for name, layer in layers.items() if layer})
    for name, p in network.params.items():
        if name.endswith(".b"):
            p[...] = rng.standard_normal(p.shape)
    x = to_device(rng.standard_normal((6, 8, 8, 2)), backend)
    before = {name: to_host(p).copy() for name, p in network.to(backend).params.items()}
    folded = fold(network, [x[:2], x[2:]])
    expected, found = (to_host(net.forward(x)[0]) for net in (network, folded))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)
    assert list(folded.layers) == [name for name in network.layers if not name.startswith("norm")]
    assert all((to_host(p) == before[name]).all() for name, p in network.params.items())


def test_a_network_without_it_stays(rng):
    network = Network({"fc": Dense(3, 2)})
    assert fold(network, []).layers == network.layers
