"""Batch normalisation: the definition, and what it refuses."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, SettingsError
from scratchnet.layers import BatchNorm


def test_zero_mean_unit_variance_then_the_bias(backend, rng):
    layer = BatchNorm(3)
    layer.params["b"][...] = [1, 2, 3]
    y, _ = layer.to(backend).forward(to_device(rng.normal(5, 2, (8, 4, 5, 3)).astype(np.float32), backend),
                                        np.random.default_rng(0))
    np.testing.assert_allclose(to_host(y).mean(axis=(0, 1, 2)), [1, 2, 3], atol=1e-5)
    np.testing.assert_allclose(to_host(y).std(axis=(0, 1, 2)), 1, atol=1e-4)
    assert y.dtype == np.float32


def test_forward_by_hand(backend):
    """x = 5, 3 and ε = 3: y = (x − 4) / √(1 + 3) + b; after training, by μ = 2, σ² = 6: y = (x − 2) / √(6 + 3) + b."""
    layer = BatchNorm(1, epsilon=3, dtype=np.float64)
    layer.params["b"][...] = 10
    layer.statistics = np.array([2.0]), np.array([6.0])
    x = to_device(np.array([5.0, 3.0]).reshape(2, 1, 1, 1), backend)
    layer.to(backend)
    assert to_host(layer.forward(x, np.random.default_rng(0))[0]).ravel().tolist() == [10.5, 9.5]
    np.testing.assert_allclose(to_host(layer.forward(x)[0]).ravel(), [11, 10 + 1 / 3], rtol=1e-15)


def test_backward_by_hand(backend):
    """x = ±1 in one channel: x̂ = x but for ε; what dy has along (1, 1) and along x̂ is taken out: nothing is left."""
    layer = BatchNorm(1, epsilon=1e-12, dtype=np.float64).to(backend)
    _, cache = layer.forward(to_device(np.array([1.0, -1.0]).reshape(2, 1, 1, 1), backend), np.random.default_rng(0))
    dx, grads = layer.backward(to_device(np.array([3.0, 5.0]).reshape(2, 1, 1, 1), backend), cache)
    np.testing.assert_allclose(to_host(dx), 0, atol=1e-9)
    assert to_host(grads["b"]).tolist() == [8]


def test_each_group_by_itself(backend, rng):
    """A batch of 7 in groups of 3 is what three batches of 3, 3 and 1 are: forward, backward, and for the bias."""
    layer, generator = BatchNorm(2, group=3, dtype=np.float64), np.random.default_rng(0)
    layer.params["b"][...] = [1, -1]
    layer.to(backend)
    x, dy = (to_device(rng.normal(3, 2, (7, 2, 5, 2)), backend) for _ in range(2))
    y, cache = layer.forward(x, generator)
    dx, grads = layer.backward(dy, cache)
    db = 0
    for some in (slice(0, 3), slice(3, 6), slice(6, 7)):
        own_y, own = layer.forward(x[some], generator)
        own_dx, own_grads = layer.backward(dy[some], own)
        np.testing.assert_allclose(to_host(y[some]), to_host(own_y), atol=1e-12)
        np.testing.assert_allclose(to_host(dx[some]), to_host(own_dx), atol=1e-12)
        db = db + to_host(own_grads["b"])
        np.testing.assert_allclose(to_host(own_y).mean(axis=(0, 1, 2)), [1, -1], atol=1e-12)
    np.testing.assert_allclose(to_host(grads["b"]), db)


def test_refusals(rng):
    with pytest.raises(InputError, match="C = 3"):
        BatchNorm(3).forward(rng.standard_normal((2, 4, 4, 5)))
    with pytest.raises(InputError, match=r"images of 3 channels, got the shape \(4, 4, 5\)"):
        BatchNorm(3).output_shape((4, 4, 5))
    for epsilon in (0, -1, np.inf, np.nan):
        with pytest.raises(SettingsError, match="epsilon"):
            BatchNorm(3, epsilon=epsilon)
    with pytest.raises(SettingsError, match="float32 or float64"):
        BatchNorm(3, dtype=np.int32)
    with pytest.raises(SettingsError, match="group"):
        BatchNorm(3, group=0)
    layer = BatchNorm(1)
    with pytest.raises(SettingsError, match="no statistics"):
        layer.forward(np.zeros((2, 1, 1, 1)))
    layer.statistics = np.zeros(1), np.ones(1)
    y, cache = layer.forward(np.ones((2, 1, 1, 1)))
    with pytest.raises(SettingsError, match="give forward one"):
        layer.backward(y, cache)
