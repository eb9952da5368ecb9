"""The paper's network and what goes in and out of it."""
import numpy as np
import pytest

from scratchnet import checkpoint, systems
from scratchnet.errors import CheckpointError, OutputError, SettingsError
from scratchnet.folding import calibrate
from scratchnet.systems.kuo2016 import METHODS, RECIPES, Kuo2016, Recipe, build_network, pretraining
from scratchnet.training.trainer import parameter_hash


@pytest.fixture(scope="module")
def rgb():
    return np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)


SMALL = {"patch_count": 500, "pretrain_iterations": 3}


@pytest.mark.parametrize("method", METHODS)
def test_methods_differ_in_channels_and_pre_training(method, rgb):
    system = Kuo2016(method, 10, Recipe(**SMALL))
    images = system.images(rgb)
    assert images.shape[3] == (5 if method.endswith("_da") else 3) and images.dtype == np.uint8
    system.fit_standardizer(images)
    x = system.prepare(images)
    np.testing.assert_allclose(x.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(axis=(0, 1, 2)), 1, atol=1e-4)
    assert system.pretrains == method.startswith("pretrain") and x.dtype == np.float32


@pytest.fixture(scope="module")
def fitted(rgb):
    labels = np.arange(len(rgb)) % 10
    recipe = RECIPES["best"].changed(["batch=16"])
    return systems.create("kuo2016", method="cnn_rgb", recipe=recipe, epochs=1, seed=4).fit(rgb, labels, threads=1)


def test_what_comes_back_from_a_file_is_the_same_to_the_bit(fitted, rgb, tmp_path):
    fitted.save(tmp_path / "system.npz")
    twin = systems.load(tmp_path / "system.npz")
    assert twin.describe() == fitted.describe() and repr(twin.network) == repr(fitted.network)
    for key, value in fitted.outputs(rgb).items():
        np.testing.assert_array_equal(twin.outputs(rgb)[key], value)
    assert twin.history == fitted.history and "norm1" not in twin.network.layers


@pytest.mark.parametrize("change, words", [
    ({"system": "resnet"}, "no system 'resnet'"), ({"preset": 3}, "about.preset should be text"),
    ({"preset": "fast"}, "how its system is built .*no preset 'fast'"), ({"seed": -1}, "about.seed should be"),
    ({"classes": 0}, "about.classes should be"),
    ({"classes": 10**9}, r"classifier.b should be float32 \(1000000000,\)"),
    ({"classes": 4}, "another architecture"), ({"settings": 3}, "about.settings should be an object"),
    ({"settings": {"method": "x"}}, "how its system is built .*no method 'x'"),
    ({"settings": {"method": "cnn_rgb_da"}}, "another architecture"),
    ({"settings": {"colour": 1}}, "it has 'colour'"),
    ({"settings": {"epochs": "3"}}, "epochs should be a whole number"),
    ({"settings": {"recipe": "paper"}}, "recipe should be an object"),
    ({"settings": {"recipe": {"rate": None}}}, "recipe.rate should be a finite number"),
    ({"settings": {"recipe": {"rate": -1.0}}}, "how its system is built .*learning rate"),
    ({"settings": {"recipe": {"colour": 1}}}, "recipe has 'colour'")])
def test_a_description_of_another_system_is_refused(change, words, fitted, tmp_path):
    fitted.save(tmp_path / "system.npz")
    arrays, description = checkpoint.load(tmp_path / "system.npz")
    about = description["about"]
    if isinstance(change.get("settings"), dict):
        change = {"settings": {**about["settings"], **change["settings"]}}
    checkpoint.save(tmp_path / "other.npz", arrays, {**description, "about": {**about, **change}})
    with pytest.raises((CheckpointError, SettingsError), match=words) as error:
        systems.load(tmp_path / "other.npz")
    assert str(error.value).isprintable()


@pytest.mark.parametrize("change", [{"kind": "index"}, {"kind": None}])
def test_a_file_of_another_kind_is_refused(change, fitted, tmp_path):
    fitted.save(tmp_path / "system.npz")
    arrays, description = checkpoint.load(tmp_path / "system.npz")
    for other in ({**description, **change}, 3, None, [description], "text"):
        checkpoint.save(tmp_path / "other.npz", arrays, other)
        with pytest.raises(CheckpointError, match="no fitted system"):
            systems.load(tmp_path / "other.npz")


@pytest.mark.parametrize("name, array", [
    ("mean", None), ("mean", np.zeros(2)), ("std", np.full(3, np.nan)), ("param/fc.W", np.zeros((3, 3), np.float32)),
    ("param/more", np.zeros(1)), ("more", np.zeros(1)), ("param/conv1.b", None), ("param/classifier.b", None)])
def test_other_arrays_are_refused(name, array, fitted, tmp_path):
    fitted.save(tmp_path / "system.npz")
    arrays, description = checkpoint.load(tmp_path / "system.npz")
    arrays = {key: value for key, value in {**arrays, name: array}.items() if value is not None}
    checkpoint.save(tmp_path / "other.npz", arrays, description)
    with pytest.raises(CheckpointError, match=f"{name} (should be|is not finite)"):
        systems.load(tmp_path / "other.npz")


def test_what_was_learnt_before_is_checked_as_it_is_read(tmp_path, rng):
    system = Kuo2016("pretrain_cnn_rgb", recipe=RECIPES["paper"].changed(["pretrained_layers=2"]))
    shapes = {name: [7 if size is None else size for size in shape] for name, (shape, _) in
              pretraining.shapes(system.recipe, 3).items()}
    assert shapes["kernels2"] == [5, 5, 64, 64] and shapes["patches"] == [7, 75]
    arrays = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    description, path = {"kind": "pretraining", "about": {"dataset": "mini"}, "seconds": 1.5}, tmp_path / "a.npz"
    checkpoint.save(path, arrays, description)
    found, said = system.read_pretraining(path)
    assert said == description and all((found[name] == arrays[name]).all() for name in arrays)
    for change, words in (({"kernels": arrays["kernels2"]}, "kernels should be"), ({"biases2": None}, "has nothing"),
                          ({"costs": np.array([np.nan])}, "costs is not finite"),
                          ({"more": np.zeros(1)}, "more should be nothing")):
        checkpoint.save(path, {k: a for k, a in {**arrays, **change}.items() if a is not None}, description)
        with pytest.raises(CheckpointError, match=words):
            system.read_pretraining(path)
    for other in (3, None, {**description, "kind": "system"}, {**description, "seconds": "x"}, {"kind": "pretraining"}):
        checkpoint.save(path, arrays, other)
        with pytest.raises(CheckpointError, match="does not hold what it should"):
            system.read_pretraining(path)


def test_a_resumed_fit_ends_as_the_one_left_alone(rgb, tmp_path):
    """Cut off between the auto-encoder and the end of training: both stages go on from their files."""
    def system():
        return systems.create("kuo2016", recipe=Recipe(batch=8, **SMALL), epochs=2)

    class Stop(Exception):
        pass

    def stop(line):
        if line.startswith("epoch 1"):
            raise Stop
    labels, more = np.arange(len(rgb)) % 3, {"threads": 2, "path": tmp_path / "checkpoint.npz", "resume": True}
    alone = system().fit(rgb, labels, threads=2)
    with pytest.raises(Stop):
        system().fit(rgb, labels, say=stop, **more)
    found = system().fit(rgb, labels, **more)
    assert parameter_hash(found.network) == parameter_hash(alone.network)
    with pytest.raises(OutputError, match="resume"):
        system().fit(rgb, labels, path=tmp_path / "checkpoint.npz")


def test_settings_are_refused_before_anything_is_learnt():
    for settings, words in (({"method": "cnn_rbg"}, "did you mean 'cnn_rgb'"),
                            ({"recipe": "bets"}, "did you mean 'best'"), ({"epochs": 0}, "epochs"),
                            ({"filters": 3}, "no setting 'filters'")):
        with pytest.raises(SettingsError, match=words):
            systems.create("kuo2016", **settings)


def test_best_augments_only_while_training(rgb):
    system = Kuo2016("cnn_rgb_da", 10, RECIPES["best"])
    images = system.images(rgb)
    system.fit_standardizer(images)
    x, moved = system.prepare(images), system.prepare(images, np.random.default_rng(0))
    assert x.shape == moved.shape and (x != moved).any() and (system.prepare(images) == x).all()
    network = calibrate(system.network, [x])
    scores, _ = network.forward(x)
    assert (scores == network.forward(x)[0]).all() and "dropout" in network.layers
    assert (scores != network.forward(x, np.random.default_rng(0))[0]).any()


def test_test_flip_describes_an_image_as_the_mean_of_itself_and_its_mirror_image(rgb):
    one, both = (Kuo2016("cnn_rgb_da", 10, Recipe(test_flip=flip)) for flip in (False, True))
    for system in (one, both):
        system.fit_standardizer(system.images(rgb))
    mirrored = rgb[:, :, ::-1]
    before, after, scores = (both.outputs(rgb)[key] for key in ("before_relu", "descriptor", "scores"))
    mean = (one.outputs(rgb)["before_relu"] + one.outputs(mirrored)["before_relu"]) / 2
    np.testing.assert_allclose(before, mean, atol=1e-5)
    np.testing.assert_array_equal(after, np.maximum(before, 0))
    np.testing.assert_allclose(scores, both.network.layers["classifier"].forward(after)[0], atol=1e-5)
    np.testing.assert_allclose(both.descriptors(mirrored), after, atol=1e-5)
    np.testing.assert_allclose(both.scores(rgb), scores, atol=1e-5)
    assert np.abs(one.descriptors(mirrored) - one.descriptors(rgb)).max() > 0.1


def test_batch_normalisation_is_folded_away(rgb):
    system = Kuo2016("cnn_rgb", 10, Recipe(normalization="batch"))
    system.fit_standardizer(rgb)
    ready = system.folded(rgb)
    assert "norm3" in system.network.layers and list(ready.network.layers) == list(build_network(
        3, 10, Recipe(), np.random.default_rng(0)).layers)
    x = system.prepare(rgb)
    training, _ = system.network.forward(x, np.random.default_rng(0))
    np.testing.assert_allclose(ready.network.forward(x)[0], training, atol=1e-3)
    plain = Kuo2016("cnn_rgb", 10, Recipe())
    assert plain.folded(rgb) is plain
