"""Scores by angles."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, SettingsError
from scratchnet.gradcheck import check_layer
from scratchnet.layers import CosineDense


def test_scores_are_scaled_cosines_whatever_the_lengths(backend, rng):
    layer, x = CosineDense(5, 3, 7.0, rng=rng, dtype=np.float64), rng.standard_normal((4, 5))
    W = layer.params["W"]
    expected = [[7 * (a @ w) / np.sqrt((a @ a) * (w @ w)) for w in W.T] for a in x]
    layer.to(backend)
    np.testing.assert_allclose(to_host(layer.forward(to_device(x, backend))[0]), expected, rtol=1e-12)
    np.testing.assert_allclose(to_host(layer.forward(to_device(1e-9 * x, backend))[0]), expected, rtol=1e-9)


def test_the_gradient_is_that_of_differences(rng):
    layer = CosineDense(5, 3, 7.0, rng=rng, dtype=np.float64)
    assert max(check_layer(layer, rng.standard_normal((4, 5)), rng).values()) < 1e-7


def test_the_gradient_is_at_right_angles_to_what_it_changes(rng):
    layer, x = CosineDense(5, 3, 7.0, rng=rng, dtype=np.float64), rng.standard_normal((4, 5))
    y, cache = layer.forward(x)
    dx, grads = layer.backward(rng.standard_normal(y.shape), cache)
    assert abs((dx * x).sum(axis=1)).max() < 1e-12 and abs((grads["W"] * layer.params["W"]).sum(axis=0)).max() < 1e-12


def test_zeros_have_no_direction(backend):
    layer = CosineDense(5, 3, rng=np.random.default_rng(0), dtype=np.float32)
    layer.params["W"][:, 1] = 0
    layer.to(backend)
    x = np.ones((2, 5), np.float32)
    x[0] = 0
    y, cache = layer.forward(to_device(x, backend))
    dx, grads = layer.backward(y + 1, cache)
    assert not to_host(y)[0].any() and not to_host(y)[:, 1].any() and to_host(y)[1, 0]
    assert not to_host(dx)[0].any() and not to_host(grads["W"])[:, 1].any() and to_host(dx)[1].any()


def test_refusals(rng):
    layer = CosineDense(5, 3, rng=rng)
    assert "5 -> 3, scale=10" in repr(layer) and layer.output_shape((5,)) == (3,) and layer.multiply_adds((5,)) == 15
    with pytest.raises(InputError, match=r"vectors \(N, 5\)"):
        layer.forward(np.zeros((2, 4), np.float32))
    with pytest.raises(InputError, match="takes vectors of 5 numbers"):
        layer.output_shape((4,))
    with pytest.raises(SettingsError, match="scale of cosines must be above 0"):
        CosineDense(5, 3, 0)
