"""Pooling against loops, ties, and shapes that do not divide."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, SettingsError
from scratchnet.layers import MaxPool2D, MeanPool2D, naive

TWINS = {MaxPool2D: (naive.max_pool_forward, naive.max_pool_backward),
         MeanPool2D: (naive.mean_pool_forward, naive.mean_pool_backward)}


@pytest.mark.parametrize("kind", TWINS)
@pytest.mark.parametrize("size, stride", [(2, 2), (2, 1), (3, 2), (3, 3), (1, 1), (2, 3), (4, 2)])
def test_agrees_with_loops(kind, size, stride, backend, rng):
    x = rng.integers(0, 4, (2, 7, 6, 3)).astype(np.float64)  # few values: many ties
    forward, backward = TWINS[kind]
    y, cache = kind(size, stride).forward(to_device(x, backend))
    np.testing.assert_allclose(to_host(y), forward(x, size, stride))
    dy = rng.standard_normal(y.shape)
    dx, grads = kind(size, stride).backward(to_device(dy, backend), cache)
    np.testing.assert_allclose(to_host(dx), backward(dy, x, size, stride), rtol=1e-12, atol=1e-15)
    assert grads == {} and kind(size, stride).output_shape((7, 6, 3)) == y.shape[1:]


def test_a_tie_is_counted_once():
    y, cache = MaxPool2D(2).forward(np.ones((1, 2, 2, 1)))
    dx, _ = MaxPool2D(2).backward(np.full((1, 1, 1, 1), 5.0), cache)
    assert dx[0, :, :, 0].tolist() == [[5, 0], [0, 0]]


def test_max_does_not_hide_nan(backend):
    x = np.zeros((1, 2, 2, 1))
    x[0, 1, 1] = np.nan
    assert np.isnan(to_host(MaxPool2D(2).forward(to_device(x, backend))[0])).all()


def test_float32_stays_float32(backend):
    x = to_device(np.ones((1, 4, 4, 2), np.float32), backend)
    for layer in (MaxPool2D(2), MeanPool2D(2)):
        y, cache = layer.forward(x)
        assert y.dtype == np.float32 and layer.backward(y, cache)[0].dtype == np.float32


def test_stride_defaults_to_size():
    assert MaxPool2D(3).output_shape((9, 9, 1)) == (3, 3, 1)


def test_refuses_nonsense():
    with pytest.raises(SettingsError, match="size"):
        MaxPool2D(0)
    with pytest.raises(InputError, match="does not fit"):
        MaxPool2D(5).forward(np.zeros((1, 4, 4, 1)))
    with pytest.raises(InputError, match="floating point"):
        MeanPool2D(2).forward(np.zeros((1, 4, 4, 1), np.uint8))
