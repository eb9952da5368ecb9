"""The paper's network and what goes in and out of it."""
import numpy as np
import pytest

from scratchnet.errors import CheckpointError
from scratchnet.layers import MeanPool2D
from scratchnet.systems.kuo2016 import METHODS, Kuo2016, build_network
from scratchnet.systems.recipe import RECIPES, Recipe


@pytest.fixture(scope="module")
def rgb():
    return np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)


SMALL = {"patch_count": 500, "pretrain_iterations": 3}


def test_parameters_and_shapes_are_those_of_the_brief():
    network = build_network(5, 10, Recipe(), np.random.default_rng(0))
    rows = {row["name"]: row for row in network.rows((32, 32, 5))}
    assert sum(row["parameters"] for row in rows.values()) == 627_002
    assert [rows[n]["parameters"] for n in ("conv1", "conv2", "conv3", "fc", "classifier")] == [
        8_064, 102_464, 102_464, 410_000, 4_010]
    assert rows["flatten"]["shape"] == (1024,) and rows["fc"]["shape"] == (400,)
    assert 40e6 < network.multiply_adds((32, 32, 5)) < 42e6


@pytest.mark.parametrize("pooling", ["max", "mean", "overlapping"])
def test_poolings_run(pooling):
    network = build_network(3, 7, Recipe(pooling=pooling), np.random.default_rng(0))
    y, cache = network.forward(np.ones((2, 32, 32, 3), np.float32))
    assert y.shape == (2, 7) and set(network.backward(y, cache)[1]) == set(network.params)
    assert (pooling == "mean") == isinstance(network.layers["pool1"], MeanPool2D)


@pytest.mark.parametrize("method", METHODS)
def test_methods_differ_in_channels_and_pre_training(method, rgb):
    system = Kuo2016(method, 10, Recipe(**SMALL))
    images = system.images(rgb)
    assert images.shape[3] == (5 if method.endswith("_da") else 3) and images.dtype == np.uint8
    system.fit_standardizer(images)
    x = system.prepare(images)
    np.testing.assert_allclose(x.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(axis=(0, 1, 2)), 1, atol=1e-4)
    assert system.pretrained == method.startswith("pretrain") and x.dtype == np.float32


@pytest.mark.parametrize("patches", ["gray", "all"])
def test_pre_trained_kernels_arrive_in_conv1(patches, rgb):
    system = Kuo2016("pretrain_cnn_rgb_da", 10, Recipe(patches=patches, **SMALL))
    images = system.images(rgb)
    system.fit_standardizer(images)
    before = system.network.params["conv1.W"].copy()
    learnt = system.pretrain(rgb, images)
    system.start_from(learnt)
    W = system.network.params["conv1.W"]
    C = 1 if patches == "gray" else 5
    assert learnt["kernels"].shape == (5, 5, C, 64) and learnt["patches"].shape == (500, 25 * C)
    assert not np.allclose(W, before) and np.isclose(W.std(), np.sqrt(2 / 125), rtol=1e-3)
    a, b = W[:, :, :C], learnt["kernels"]
    assert (a * b).sum() > 0.999 * np.linalg.norm(a) * np.linalg.norm(b)
    again = Kuo2016("pretrain_cnn_rgb_da", 10, Recipe(patches=patches, **SMALL))
    again.fit_standardizer(images)
    assert (again.pretrain(rgb, images)["kernels"] == learnt["kernels"]).all()


def test_deeper_kernels_are_learnt_from_the_output_below(rgb):
    system = Kuo2016("pretrain_cnn_rgb", 10, Recipe(kernel_scale="learned", pretrained_layers=3, **SMALL))
    system.fit_standardizer(rgb)
    learnt = system.pretrain(rgb, rgb)
    system.start_from(learnt)
    for i in (2, 3):
        assert learnt[f"kernels{i}"].shape == (5, 5, 64, 64)
        np.testing.assert_allclose(system.network.params[f"conv{i}.W"], learnt[f"kernels{i}"], rtol=1e-6)
    maps = system.network.features(system.prepare(rgb), "conv2")
    assert np.isfinite(maps).all() and 0.01 < maps.std() < 100


def test_kernels_as_learned(rgb):
    system = Kuo2016("pretrain_cnn_rgb", 10, Recipe(kernel_scale="learned", patches="all", **SMALL))
    system.fit_standardizer(rgb)
    learnt = system.pretrain(rgb, rgb)
    system.start_from(learnt)
    np.testing.assert_allclose(system.network.params["conv1.W"], learnt["kernels"], rtol=1e-6)
    np.testing.assert_allclose(system.network.params["conv1.b"], learnt["biases"], rtol=1e-6)


def test_description_rebuilds_the_system(rgb):
    system = Kuo2016("cnn_rgb", 10, Recipe(pooling="mean"), seed=4)
    system.fit_standardizer(rgb)
    twin = Kuo2016.from_description({**system.describe(), "seed": 4}, "a.npz")
    assert twin.recipe == system.recipe and repr(twin.network) == repr(system.network)
    assert (twin.prepare(rgb) == system.prepare(rgb)).all()
    with pytest.raises(CheckpointError, match="how its network is built"):
        Kuo2016.from_description({"system": "kuo2016"}, "a.npz")
    with pytest.raises(CheckpointError, match="another system"):
        Kuo2016.from_description({"system": "resnet"}, "a.npz")


def test_best_augments_only_while_training(rgb):
    system = Kuo2016("cnn_rgb_da", 10, RECIPES["best"])
    images = system.images(rgb)
    system.fit_standardizer(images)
    x, moved = system.prepare(images), system.prepare(images, np.random.default_rng(0))
    assert x.shape == moved.shape and (x != moved).any() and (system.prepare(images) == x).all()
    scores, _ = system.network.forward(x)
    assert (scores == system.network.forward(x)[0]).all() and "dropout" in system.network.layers
    assert (scores != system.network.forward(x, np.random.default_rng(0))[0]).any()


def test_test_flip_describes_an_image_as_the_mean_of_itself_and_its_mirror_image(rgb):
    one, both = (Kuo2016("cnn_rgb_da", 10, Recipe(test_flip=flip)) for flip in ("no", "yes"))
    for system in (one, both):
        system.fit_standardizer(system.images(rgb))
    mirrored = rgb[:, :, ::-1]
    before, after, scores = both.outputs(rgb)
    np.testing.assert_allclose(before, (one.outputs(rgb)[0] + one.outputs(mirrored)[0]) / 2, atol=1e-5)
    np.testing.assert_array_equal(after, np.maximum(before, 0))
    np.testing.assert_allclose(scores, both.network.layers["classifier"].forward(after)[0], atol=1e-5)
    np.testing.assert_allclose(both.descriptors(mirrored), after, atol=1e-5)
    np.testing.assert_allclose(both.scores(rgb), scores, atol=1e-5)
    assert np.abs(one.descriptors(mirrored) - one.descriptors(rgb)).max() > 0.1


def test_batch_normalisation_is_folded_away(rgb):
    system = Kuo2016("cnn_rgb", 10, Recipe(normalization="batch"))
    system.fit_standardizer(rgb)
    ready = system.folded(rgb, chunk=40)
    assert "norm3" in system.network.layers and list(ready.network.layers) == list(build_network(
        3, 10, Recipe(), np.random.default_rng(0)).layers)
    x = system.prepare(rgb)
    np.testing.assert_allclose(ready.network.forward(x)[0], system.network.forward(x)[0], atol=1e-3)
    plain = Kuo2016("cnn_rgb", 10, Recipe())
    assert plain.folded(rgb) is plain
