"""From patches to the kernels with which the convolutions start."""
import numpy as np
import pytest

from scratchnet.systems.kuo2016 import Kuo2016, Recipe

SMALL = {"patch_count": 500, "pretrain_iterations": 3}


@pytest.fixture(scope="module")
def rgb():
    return np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)


@pytest.mark.parametrize("patches", ["gray", "all"])
def test_pre_trained_kernels_arrive_in_conv1(patches, rgb):
    system = Kuo2016("pretrain_cnn_rgb_da", 10, Recipe(patches=patches, **SMALL))
    system.fit_standardizer(rgb)
    before = system.network.params["conv1.W"].copy()
    learnt = system.pretrain(rgb)
    system.start_from(learnt)
    W = system.network.params["conv1.W"]
    C = 1 if patches == "gray" else 5
    assert learnt["kernels"].shape == (5, 5, C, 64) and learnt["patches"].shape == (500, 25 * C)
    assert not np.allclose(W, before) and np.isclose(W.std(), np.sqrt(2 / 125), rtol=1e-3)
    a, b = W[:, :, :C], learnt["kernels"]
    assert (a * b).sum() > 0.999 * np.linalg.norm(a) * np.linalg.norm(b)
    again = Kuo2016("pretrain_cnn_rgb_da", 10, Recipe(patches=patches, **SMALL))
    again.fit_standardizer(rgb)
    assert (again.pretrain(rgb)["kernels"] == learnt["kernels"]).all()


def test_deeper_kernels_are_learnt_from_the_output_below(rgb):
    system = Kuo2016("pretrain_cnn_rgb", 10, Recipe(kernel_scale="learned", pretrained_layers=3, **SMALL))
    system.fit_standardizer(rgb)
    learnt = system.pretrain(rgb)
    system.start_from(learnt)
    for i in (2, 3):
        assert learnt[f"kernels{i}"].shape == (5, 5, 64, 64)
        np.testing.assert_allclose(system.network.params[f"conv{i}.W"], learnt[f"kernels{i}"], rtol=1e-6)
    maps = system.network.features(system.prepare(rgb), "conv2")
    assert np.isfinite(maps).all() and 0.01 < maps.std() < 100


def test_kernels_as_learned(rgb):
    system = Kuo2016("pretrain_cnn_rgb", 10, Recipe(kernel_scale="learned", patches="all", **SMALL))
    system.fit_standardizer(rgb)
    learnt = system.pretrain(rgb)
    system.start_from(learnt)
    np.testing.assert_allclose(system.network.params["conv1.W"], learnt["kernels"], rtol=1e-6)
    np.testing.assert_allclose(system.network.params["conv1.b"], learnt["biases"], rtol=1e-6)


def test_the_picture_without_whitening_is_of_the_same_patches(rgb):
    system = Kuo2016("pretrain_cnn_rgb_da", 10, Recipe(**SMALL))
    system.fit_standardizer(rgb)
    plain = system.unwhitened_kernels(rgb)
    assert plain.shape == (5, 5, 5, 64) and np.isfinite(plain).all() and (plain == system.unwhitened_kernels(rgb)).all()
