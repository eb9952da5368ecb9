"""What only a GPU can show: the same numbers as NumPy's, and the same twice.

That a training step fetches nothing from the device is counted on the strict double, in training/test_trainer.py.
"""
import numpy as np
import pytest

from scratchnet import backend as backends
from scratchnet.backend import to_device, to_host
from scratchnet.errors import BackendError
from scratchnet.layers import Conv2D, Dense, MaxPool2D, MeanPool2D, ReLU
from scratchnet.losses import SoftmaxCrossEntropy
from scratchnet.parallel import Workers
from scratchnet.systems.kuo2016 import Recipe, build_network
from scratchnet.training.gradients import batch_gradients
from scratchnet.training.optimizers import SGD
from scratchnet.training.trainer import parameter_hash

pytestmark = pytest.mark.gpu


def seeded():
    """The generator of a layer's weights: NumPy's layer and the GPU's start from the same numbers."""
    return np.random.default_rng(0)


LAYERS = {
    "winograd": (lambda: Conv2D(64, 64, 5, padding=2, rng=seeded()), (16, 16, 64)),
    "winograd, odd": (lambda: Conv2D(16, 8, 3, padding=1, rng=seeded()), (7, 9, 16)),
    "im2col": (lambda: Conv2D(5, 64, 5, padding=2, rng=seeded()), (32, 32, 5)),
    "max": (lambda: MaxPool2D(2), (32, 32, 64)), "overlapping": (lambda: MaxPool2D(3, 2), (9, 9, 4)),
    "mean": (lambda: MeanPool2D(2), (8, 8, 4)), "relu": (ReLU, (8, 8, 4)),
    "dense": (lambda: Dense(1024, 400, rng=seeded()), (1024,)),
}


@pytest.fixture
def cupy():
    try:
        return backends.select("cupy")
    except BackendError as error:
        pytest.skip(str(error))


def images(rng, n=64):
    return rng.standard_normal((n, 32, 32, 5)).astype(np.float32), rng.integers(0, 10, n)


def train(xp, x, labels, steps=10, dtype=np.float32):
    """Return the losses of some training steps, and the network."""
    network = build_network(5, 10, Recipe(), np.random.default_rng(0), dtype).to(xp)
    optimizer, losses = SGD(weight_decay=5e-4), []
    x, labels = to_device(x.astype(dtype), xp), to_device(labels, xp)
    with Workers(1) as workers:
        for step in range(steps):
            loss, _, grads = batch_gradients(workers, network, SoftmaxCrossEntropy(), x, labels,
                                             lambda batch, rng: batch, (0, step))
            optimizer.step(network, grads, 0.01)
            losses.append(loss)
    return [float(loss) for loss in losses], network


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_computes_what_it_does_on_numpy(name, cupy, rng):
    make, shape = LAYERS[name]
    x = rng.standard_normal((8, *shape)).astype(np.float32)
    dy = rng.standard_normal((8, *make().output_shape(shape))).astype(np.float32)

    def both(xp):
        layer = make().to(xp)
        y, cache = layer.forward(to_device(x, xp))
        dx, grads = layer.backward(to_device(dy, xp), cache)
        return {"y": to_host(y), "dx": to_host(dx), **{key: to_host(value) for key, value in grads.items()}}
    expected = both(np)
    for key, value in both(cupy).items():
        np.testing.assert_allclose(value, expected[key], rtol=0, atol=3e-5 * np.abs(expected[key]).max(), err_msg=key)


def test_ten_steps_have_numpys_losses(cupy, rng):
    """In float64: these steps are so large that in float32 one rounding grows to a third of the loss."""
    batch = images(rng)
    expected, _ = train(np, *batch, dtype=np.float64)
    found, _ = train(cupy, *batch, dtype=np.float64)
    np.testing.assert_allclose(found, expected, rtol=1e-9)  # seen from one rounding to the next: 4e-14


def test_two_runs_end_alike(cupy, rng):
    batch = images(rng)
    assert parameter_hash(train(cupy, *batch)[1]) == parameter_hash(train(cupy, *batch)[1])

