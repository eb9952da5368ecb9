"""Deep binary codes: where they start, that classes pass through them, and what is refused."""
import numpy as np
import pytest

from scratchnet import data, systems
from scratchnet.errors import CheckpointError, SettingsError
from scratchnet.retrieval.codes import unpack_bits
from scratchnet.systems.deep_codes import TRAINED_ON, DeepCodes
from scratchnet.systems.kuo2016 import Kuo2016
from scratchnet.trained import load_pretrained

SMALL = {"start": "nothing", "recipe": "paper", "method": "cnn_rgb", "epochs": 1, "bits": 12}


@pytest.fixture(scope="module")
def mini():
    return data.load("mini")


@pytest.fixture(scope="module")
def fitted(mini):
    few = mini.train_images[:64]
    return DeepCodes(bits=12, epochs=1).fit(few, mini.train_labels[:64], classes=10, progress=False)


def test_it_starts_from_the_bundled_weights(fitted):
    start = load_pretrained("cifar10")
    assert fitted.standardizer.mean.tolist() == start.standardizer.mean.tolist()
    for name in ("conv1.W", "conv3.W", "fc.W", "fc.b"):  # one step of 64 images changed little
        was, now = start.network.params[name], fitted.network.params[name]
        assert 0 < np.abs(now - was).max() < 0.1 * np.abs(was).max()


def test_codes_are_the_units_above_one_half(fitted, mini):
    images = mini.test_images[:20]
    outputs, layers = fitted.outputs(images), fitted.network.layers
    latent = layers["sigmoid"].forward(layers["latent"].forward(outputs["descriptor"])[0])[0]
    np.testing.assert_array_equal(unpack_bits(outputs["codes"], 12), latent > 0.5)
    np.testing.assert_allclose(outputs["scores"], layers["classifier"].forward(latent)[0], rtol=1e-4, atol=1e-5)
    mirrored = fitted.outputs(np.ascontiguousarray(images[:, :, ::-1]))
    np.testing.assert_array_equal(mirrored["codes"], outputs["codes"])


def test_it_may_start_from_a_file_or_from_nothing(mini, tmp_path):
    images, labels = mini.train_images[:64], mini.train_labels[:64]
    Kuo2016("cnn_rgb", recipe="paper", epochs=1, seed=1).fit(images, labels, classes=10, progress=False).save(
        tmp_path / "start.npz")
    settings = {**SMALL, "start": str(tmp_path / "start.npz")}
    system = DeepCodes(**settings).fit(images, labels, classes=10, progress=False)
    wanted = systems.load(tmp_path / "start.npz").network.params["conv1.W"]
    assert np.abs(system.network.params["conv1.W"] - wanted).max() < 0.1 * np.abs(wanted).max()
    fresh = DeepCodes(**SMALL).fit(images, labels, classes=10, progress=False)
    assert np.abs(fresh.network.params["conv1.W"] - wanted).max() > 0.1 * np.abs(wanted).max()
    fresh.save(tmp_path / "codes.npz")
    with pytest.raises(CheckpointError, match="holds deep_codes: deep_codes starts from a fitted kuo2016"):
        DeepCodes(**{**SMALL, "start": str(tmp_path / "codes.npz")}).fit(images, labels, classes=10, progress=False)


@pytest.mark.parametrize("settings", [{"method": "cnn_rgb"}, {"recipe": "best"}])
def test_a_start_that_does_not_fit_is_refused(mini, settings):
    with pytest.raises(SettingsError, match="cannot start .*: choose method=pretrain_cnn_rgb_da and a recipe without"):
        DeepCodes(**settings).fit(mini.train_images[:8], mini.train_labels[:8], classes=10, progress=False)


def test_a_start_that_is_not_there_is_refused(mini):
    with pytest.raises(CheckpointError, match="there is no checkpoint nowhere"):
        DeepCodes(start="nowhere").fit(mini.train_images[:8], mini.train_labels[:8], classes=10, progress=False)


def test_names_and_recipes():
    assert DeepCodes().label == "deep_codes_48-trained-on" and DeepCodes().recipe is TRAINED_ON
    assert DeepCodes(start="nothing").recipe.name == "best"
    assert DeepCodes.create("quick").label == "deep_codes_48-paper"
    with pytest.raises(SettingsError, match="bits must be a whole number"):
        DeepCodes(bits=1.5)
