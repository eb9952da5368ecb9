"""The same network without batch normalisation after folding, and an image that does not depend on its companions."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.errors import SettingsError
from scratchnet.folding import calibrate, fold
from scratchnet.layers import BatchNorm, Conv2D, Dense, Flatten, MaxPool2D, MeanPool2D, ReLU
from scratchnet.network import Network


def normalized(pool, rng, backend=np):
    f64 = {"rng": rng, "dtype": np.float64}
    layers = {"conv1": Conv2D(2, 4, 3, padding=1, **f64), "pool1": pool, "norm1": BatchNorm(4, dtype=np.float64),
              "relu1": ReLU(), "conv2": Conv2D(4, 5, 3, padding=1, **f64), "norm2": BatchNorm(5, dtype=np.float64),
              "relu2": ReLU(), "flatten": Flatten()}
    network = Network({name: layer for name, layer in layers.items() if layer})
    for name, p in network.params.items():
        if name.endswith(".b"):
            p[...] = rng.standard_normal(p.shape)
    return network.to(backend)


@pytest.mark.parametrize("pool", [MaxPool2D(2), MeanPool2D(2), None])
def test_folding_changes_nothing_for_the_images_whose_statistics_it_took(pool, backend, rng):
    network = normalized(pool, rng, backend)
    x = to_device(rng.standard_normal((6, 8, 8, 2)), backend)
    before = {name: to_host(p).copy() for name, p in network.params.items()}
    folded, calibrated = (change(network, [x[:2], x[2:]]) for change in (fold, calibrate))
    training = to_host(network.forward(x, np.random.default_rng(0))[0])
    for other in (folded, calibrated):
        np.testing.assert_allclose(to_host(other.forward(x)[0]), training, rtol=1e-9, atol=1e-11)
    assert list(folded.layers) == [name for name in network.layers if not name.startswith("norm")]
    assert list(calibrated.layers) == list(network.layers)
    assert all((to_host(p) == before[name]).all() for name, p in network.params.items())


def test_after_training_an_image_does_not_depend_on_its_companions(rng):
    network = normalized(MaxPool2D(2), rng)
    x = rng.standard_normal((6, 8, 8, 2))
    with pytest.raises(SettingsError, match="no statistics"):
        network.forward(x)
    for other in (calibrate(network, [x]), fold(network, [x])):
        alone = np.concatenate([other.forward(x[i:i + 1])[0] for i in range(6)])
        np.testing.assert_allclose(other.forward(x)[0], alone, rtol=1e-12, atol=1e-13)
    alone = np.concatenate([network.forward(x[i:i + 1], rng)[0] for i in range(6)])
    assert np.abs(network.forward(x, rng)[0] - alone).max() > 0.1


def test_what_cannot_be_folded_is_refused(rng):
    network = Network({"relu": ReLU(), "norm": BatchNorm(2)})
    with pytest.raises(SettingsError, match="norm does not follow a convolution"):
        fold(network, [rng.standard_normal((2, 4, 4, 2))])


def test_a_network_without_it_stays(rng):
    network = Network({"fc": Dense(3, 2, rng=rng)})
    assert fold(network, []).layers == network.layers


def test_statistics_of_a_channel_far_from_zero(rng):
    """Mean of squares less square of mean would leave nothing of a variance of 1e-8 beside a mean of 1e4."""
    network = Network({"conv": Conv2D(1, 1, 1, rng=rng, dtype=np.float64), "norm": BatchNorm(1, dtype=np.float64)})
    network.params["conv.W"][...], network.params["conv.b"][...] = 1e-4, 1e4
    x = rng.standard_normal((30, 4, 4, 1))
    mean, variance = calibrate(network, [x[:1], x[1:7], x[7:]]).layers["norm"].statistics
    y = network.layers["conv"].forward(x)[0]
    np.testing.assert_allclose(mean, y.mean(), rtol=1e-15)
    np.testing.assert_allclose(variance, y.var(), rtol=1e-6)


def test_images_may_come_from_a_generator(rng):
    """They are gone through once for each normalisation."""
    network, x = normalized(MaxPool2D(2), rng), rng.standard_normal((6, 8, 8, 2))
    expected = fold(network, [x[:2], x[2:]]).forward(x)[0]
    np.testing.assert_array_equal(fold(network, (part for part in (x[:2], x[2:]))).forward(x)[0], expected)
