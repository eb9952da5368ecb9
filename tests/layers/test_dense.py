"""The fully connected layer and Flatten."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError
from scratchnet.layers import Dense, Flatten, naive


def test_agrees_with_loops(backend, rng):
    layer = Dense(5, 3, rng=rng, dtype=np.float64)
    layer.params["b"][...] = rng.standard_normal(3)
    W, b = layer.params["W"].copy(), layer.params["b"].copy()
    x, dy = rng.standard_normal((4, 5)), rng.standard_normal((4, 3))
    y, cache = layer.to(backend).forward(to_device(x, backend))
    dx, grads = layer.backward(to_device(dy, backend), cache)
    np.testing.assert_allclose(to_host(y), naive.dense_forward(x, W, b), rtol=1e-12)
    for fast, slow in zip((dx, grads["W"], grads["b"]), naive.dense_backward(dy, x, W)):
        np.testing.assert_allclose(to_host(fast), slow, rtol=1e-12, atol=1e-14)


def test_refuses_images_and_names_the_remedy():
    with pytest.raises(InputError, match="Flatten"):
        Dense(12, 2, rng=np.random.default_rng(0)).forward(np.zeros((1, 2, 2, 3), np.float32))


def test_flatten_there_and_back(backend, rng):
    x = to_device(rng.standard_normal((2, 3, 4, 5)), backend)
    y, cache = Flatten().forward(x)
    assert y.shape == (2, 60) and Flatten().output_shape((3, 4, 5)) == (60,)
    assert (to_host(Flatten().backward(y, cache)[0]) == to_host(x)).all()


def test_a_shape_of_another_width_has_no_output_shape():
    assert Dense(12, 4).output_shape([12]) == (4,)
    for shape in ((13,), (2, 2, 3), (12, 1), ()):
        with pytest.raises(InputError, match="takes vectors of 12 numbers, got the shape"):
            Dense(12, 4).output_shape(shape)
