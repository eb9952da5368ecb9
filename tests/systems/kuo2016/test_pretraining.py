"""From patches to the kernels with which the convolutions start."""
import numpy as np
import pytest

from scratchnet.data import Standardizer, add_channels
from scratchnet.data.channels import gray
from scratchnet.randomness import stream
from scratchnet.systems.kuo2016 import Kuo2016, Recipe, pretraining
from scratchnet.unsupervised import ZCA, SparseAutoencoder, sample_patches, to_kernels

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


def test_eigenpatches_whiten(rgb):
    """Their outputs on patches are uncorrelated, of variance λ / (λ + ε); the other half is the negative."""
    recipe = Recipe(kernels="eigenpatches", patch_count=3000, kernel_scale="learned")
    system = Kuo2016("pretrain_cnn_rgb_da", 10, recipe)
    rgb = (rgb.astype(float).cumsum(axis=1).cumsum(axis=2) / 100).clip(0, 255).astype(np.uint8)
    system.fit_standardizer(rgb)
    learnt = system.pretrain(rgb)
    patches, C = pretraining.image_patches(system.recipe, system.standardizer, rgb, system.images(rgb),
                                           stream("pre-training", system.seed))
    out = patches.astype(float) @ learnt["kernels"].reshape(125, 64) + learnt["biases"]
    values = np.linalg.eigvalsh(np.cov(patches.T, bias=True))[::-1][:32]
    np.testing.assert_allclose(out[:, :32].T @ out[:, :32] / len(out), np.diag(values / (values + 5e-4)), atol=2e-3)
    np.testing.assert_allclose(out[:, 32:], -out[:, :32], atol=1e-4)
    assert C == 5 and len(learnt["costs"]) == 0
    system.start_from(learnt)
    np.testing.assert_allclose(system.network.params["conv1.W"], learnt["kernels"], rtol=1e-5)
    np.testing.assert_allclose(system.network.params["conv1.b"], learnt["biases"], rtol=1e-5)
    said = []
    system.fit(rgb, np.arange(len(rgb)) % 10, epochs=1, say=said.append)
    assert any(line.startswith("eigenpatches: ") for line in said)


def test_gray_patches_have_the_statistics_of_gray_images(rgb):
    levels = gray(rgb)
    standardizer = Standardizer.fit(rgb)
    patches, C = pretraining.image_patches(Recipe(patches="gray", patch_count=300), standardizer, rgb, rgb,
                                           np.random.default_rng(2))
    assert patches.shape == (300, 25) and C == 1
    expected = sample_patches(levels[..., None], 300, 5, np.random.default_rng(2))
    np.testing.assert_allclose(patches * levels.std() + levels.mean(), expected, rtol=1e-4)


def test_patches_over_all_channels_are_those_that_the_network_sees(rgb):
    images = add_channels(rgb)
    standardizer = Standardizer.fit(images)
    patches, C = pretraining.image_patches(Recipe(patch_count=300), standardizer, rgb, images,
                                           np.random.default_rng(2))
    expected = sample_patches(standardizer(images), 300, 5, np.random.default_rng(2))
    assert C == 5
    np.testing.assert_allclose(patches, expected, atol=1e-5)


def test_kernels_are_those_of_an_auto_encoder_on_whitened_patches_with_the_recipes_settings(rng):
    recipe = Recipe(whitening_epsilon=0.5, sparsity=0.2, sparsity_weight=2.0, sparse_weight_decay=0.05,
                    pretrain_iterations=3)
    patches = rng.standard_normal((200, 25)).cumsum(axis=1)
    learnt = pretraining.learn_kernels(recipe, patches, 1, np.random.default_rng(3))
    whitening = ZCA(0.5).fit(patches)
    whitened = SparseAutoencoder(25, 64, 0.2, 2.0, 0.05, np.random.default_rng(3))
    costs = whitened.fit(whitening.transform(patches), 3)
    kernels, biases = to_kernels(whitened, whitening, 5, 1)
    np.testing.assert_allclose(learnt["costs"], costs)
    np.testing.assert_allclose(learnt["kernels"], kernels, rtol=1e-6)
    np.testing.assert_allclose(learnt["biases"], biases, rtol=1e-6)
    plain = SparseAutoencoder(25, 64, 0.2, 2.0, 10 * 0.05, np.random.default_rng(3))
    plain.fit(patches, 3)
    np.testing.assert_allclose(pretraining.unwhitened_kernels(recipe, patches, 1, np.random.default_rng(3)),
                               to_kernels(plain, None, 5, 1)[0], rtol=1e-6)


def test_deeper_kernels_answer_the_maps_as_they_are(rng, monkeypatch):
    """They are learnt from maps of unit variance, and divided by the scale of those below."""
    def learn(recipe, patches, C, rng, workers=None):
        assert patches.shape == (100, 1600) and C == 64 and abs(patches.std() - 1) < 0.05
        return {"kernels": np.full((5, 5, 64, 64), 6.0), "biases": np.arange(64)}
    monkeypatch.setattr(pretraining, "learn_kernels", learn)
    maps = 3 * np.sign(rng.standard_normal((20, 8, 8, 64)))
    kernels, biases = pretraining.learn_deeper_kernels(Recipe(patch_count=500), maps, rng, np)
    np.testing.assert_allclose(kernels, 2, rtol=1e-3)
    assert (biases == np.arange(64)).all()


def test_the_picture_without_whitening_is_of_the_same_patches(rgb):
    system = Kuo2016("pretrain_cnn_rgb_da", 10, Recipe(**SMALL))
    system.fit_standardizer(rgb)
    plain = system.unwhitened_kernels(rgb)
    assert plain.shape == (5, 5, 5, 64) and np.isfinite(plain).all() and (plain == system.unwhitened_kernels(rgb)).all()
