"""The paper's network and what goes in and out of it."""
import numpy as np
import pytest

from scratchnet import checkpoint, systems
from scratchnet.data.augment import shift_and_flip
from scratchnet.data.standardize import Standardizer
from scratchnet.errors import CheckpointError, OutputError, SettingsError
from scratchnet.folding import calibrate, fold
from scratchnet.losses import softmax_cross_entropy
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
    system.fit_standardizer(rgb)
    x = system.prepare(rgb)
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


@pytest.mark.parametrize("last", [{}, {"classifier": "cosine", "scale": 6.0, "margin": 0.3}], ids=["dense", "cosine"])
def test_a_step_of_training_by_hand(last, rgb):
    """One batch of all images: p ← p − rate · (1 + momentum) · (g + decay · p), as Nesterov's first step is."""
    labels = np.arange(len(rgb)) % 10
    recipe = Recipe(schedule="steps", rate=0.02, momentum=0.5, weight_decay=0.3, smoothing=0.2, batch=len(rgb), **last)
    fitted, start = (systems.create("kuo2016", method="cnn_rgb", recipe=recipe, epochs=1, seed=5) for _ in range(2))
    fitted.fit(rgb, labels)
    start.build(10)
    start.fit_standardizer(rgb)
    scores, caches = start.network.forward(start.prepare(rgb))
    if last:
        scores[np.arange(len(rgb)), labels] -= 6 * 0.3
    _, dscores = softmax_cross_entropy(scores, labels, smoothing=0.2)
    _, grads = start.network.backward(dscores, caches)
    for name, p in start.network.params.items():
        step = 0.02 * 1.5 * (grads[name] + (0.3 * p if name.endswith("W") else 0))
        np.testing.assert_allclose(fitted.network.params[name], p - step, rtol=0, atol=5e-3 * np.abs(step).max())


def test_a_classifier_by_angles_comes_back_from_a_file(rgb, tmp_path):
    recipe = Recipe(classifier="cosine", scale=6.0, margin=0.3)
    fitted = systems.create("kuo2016", method="cnn_rgb", recipe=recipe, epochs=1).fit(rgb, np.arange(len(rgb)) % 10)
    outputs = fitted.outputs(rgb[:7])
    z, W = outputs["descriptor"], fitted.network.params["classifier.W"]
    cosines = (z @ W) / np.linalg.norm(z, axis=1)[:, None] / np.linalg.norm(W, axis=0)
    np.testing.assert_allclose(outputs["scores"], 6 * cosines, rtol=1e-4, atol=1e-5)
    fitted.save(tmp_path / "a.npz")
    assert (systems.load(tmp_path / "a.npz").scores(rgb[:7]) == outputs["scores"]).all()
    fitted.classes = 7
    fitted.save(tmp_path / "b.npz")
    with pytest.raises(CheckpointError, match="classifier.W should be float32"):
        systems.load(tmp_path / "b.npz")
    for name in ("cnnh", "deep_codes"):
        with pytest.raises(SettingsError, match=f"{name} has last layers of its own: choose classifier=dense"):
            systems.create(name, recipe=recipe)


def test_a_seed_has_weights_an_order_and_a_size_of_batches_of_its_own(rgb, monkeypatch):
    shown, prepare = [], Kuo2016.prepare

    def spy(self, images, rng=None):
        shown.append([] if rng is None else images[:, 0, 0, 0].tolist())
        return prepare(self, images, rng)
    monkeypatch.setattr(Kuo2016, "prepare", spy)

    def fit(seed, batch):
        shown.clear()
        system = systems.create("kuo2016", method="cnn_rgb", recipe=Recipe(batch=batch), seed=seed, epochs=1)
        system.build(3)
        start = system.network.params["conv1.W"].copy()
        system.fit(rgb, np.arange(len(rgb)) % 3, threads=1)
        return start, [batch for batch in shown if batch]
    (start, one), (same, again), (another, other), (_, small) = fit(1, 20), fit(1, 20), fit(2, 20), fit(1, 8)
    assert (start == same).all() and (start != another).all() and one == again != other
    assert [len(batch) for batch in one] == [20, 20] and [len(batch) for batch in small] == [8] * 5


def test_training_images_are_mirrored_at_even_odds(rgb):
    system = Kuo2016("cnn_rgb", 10, Recipe(flip=True))
    system.fit_standardizer(rgb)
    x, seen = system.prepare(rgb), system.prepare(rgb, np.random.default_rng(0))
    mirrored = [(y == image[:, ::-1]).all() for image, y in zip(x, seen)]
    assert all(turned or (y == image).all() for turned, image, y in zip(mirrored, x, seen))
    assert 10 <= sum(mirrored) <= 30


def test_training_images_are_moved_by_as_much_as_the_recipe_says(rgb):
    system = Kuo2016("cnn_rgb", 10, Recipe(shift=2))
    system.fit_standardizer(rgb)
    x, seen = system.prepare(rgb), system.prepare(rgb, np.random.default_rng(0))
    moves = [[(i, j) for i in range(-2, 3) for j in range(-2, 3) if (y[4:-4, 4:-4] == image[
        4 + i:28 + i, 4 + j:28 + j]).all()] for image, y in zip(x, seen)]
    assert {len(found) for found in moves} == {1}
    assert {i for ((i, _),) in moves} == {j for ((_, j),) in moves} == {-2, -1, 0, 1, 2}


def test_the_descriptor_before_the_relu_is_not_the_one_after_it(rgb):
    system = Kuo2016("cnn_rgb", 10, Recipe())
    system.fit_standardizer(rgb)
    found, x = system.outputs(rgb), system.prepare(rgb)
    np.testing.assert_array_equal(found["before_relu"], system.network.features(x, "fc"))
    np.testing.assert_array_equal(found["descriptor"], system.network.features(x, "relu4"))
    assert found["before_relu"].min() < 0 == found["descriptor"].min()


def test_statistics_that_are_folded_in_are_of_all_images():
    images = np.random.default_rng(1).integers(0, 256, (120, 32, 32, 3), dtype=np.uint8)
    images[100:] //= 8  # darker than those before them
    system = Kuo2016("cnn_rgb", 10, Recipe(normalization="batch"))
    system.fit_standardizer(images)
    expected = fold(system.network, [system.prepare(images)])
    for name, p in system.folded(images).network.params.items():
        np.testing.assert_allclose(p, expected.params[name], rtol=1e-3, atol=1e-5)


def test_deeper_kernels_are_learnt_from_what_the_next_convolution_sees(rgb, monkeypatch):
    seen = {}

    def learn(recipe, maps, *arguments):
        seen[len(seen) + 2] = maps
        return np.zeros((5, 5, 64, 64)), np.zeros(64)
    monkeypatch.setattr(pretraining, "learn_deeper_kernels", learn)
    system = Kuo2016("pretrain_cnn_rgb", 10, Recipe(kernel_scale="learned", pretrained_layers=3, **SMALL))
    system.fit_standardizer(rgb)
    system.pretrain(rgb)
    assert {i: maps.shape for i, maps in seen.items()} == {2: (40, 16, 16, 64), 3: (40, 8, 8, 64)}
    assert all(maps.min() >= 0 for maps in seen.values()) and (seen[2] > 0).any()


def test_pre_trained_kernels_of_another_run_are_refused(rgb, tmp_path):
    path, labels = tmp_path / "checkpoint.npz", np.arange(len(rgb)) % 3

    def fit(**changes):
        system = systems.create("kuo2016", method="pretrain_cnn_rgb", recipe=Recipe(**{**SMALL, **changes}), epochs=1)
        return system.fit(rgb, labels, path=path, resume=True)
    fit()
    path.unlink()
    with pytest.raises(CheckpointError, match="pretraining.npz belongs to a run with another settings"):
        fit(sparsity=0.2)


def test_settings_are_refused_before_anything_is_learnt():
    for settings, words in (({"method": "cnn_rbg"}, "did you mean 'cnn_rgb'"),
                            ({"recipe": "bets"}, "did you mean 'best'"), ({"epochs": 0}, "epochs"),
                            ({"filters": 3}, "no setting 'filters'")):
        with pytest.raises(SettingsError, match=words):
            systems.create("kuo2016", **settings)


def test_best_augments_only_while_training(rgb):
    system = Kuo2016("cnn_rgb_da", 10, RECIPES["best"])
    system.fit_standardizer(rgb)
    x, moved = system.prepare(rgb), system.prepare(rgb, np.random.default_rng(0))
    assert x.shape == moved.shape and (x != moved).any() and (system.prepare(rgb) == x).all()
    network = calibrate(system.network, [x])
    scores, _ = network.forward(x)
    assert (scores == network.forward(x)[0]).all() and "dropout" in network.layers
    assert (scores != network.forward(x, np.random.default_rng(0))[0]).any()


def test_extra_channels_are_made_of_the_image_that_is_shown(rgb):
    """Moved with the image, the mirrored gray would say in training what it says of no image in use."""
    system = Kuo2016("cnn_rgb_da", 10, Recipe(shift=5, flip=True))
    system.fit_standardizer(rgb)
    shown = shift_and_flip(rgb, np.random.default_rng(0), 5, True, np.rint(system.standardizer.mean[:3]))
    assert (shown != rgb).any() and (np.abs(system.prepare(shown[:, :1, :1])[0, 0, 0]) < 9).all()
    np.testing.assert_array_equal(system.prepare(rgb, np.random.default_rng(0)), system.prepare(shown))


def test_an_image_moves_over_the_mean_colour():
    rgb = np.full((4, 32, 32, 3), 200, np.uint8)
    system = Kuo2016("cnn_rgb", 10, Recipe(shift=9))
    system.standardizer = Standardizer([10.4, 20.6, 30.2], [5, 5, 5])
    x = system.prepare(rgb, np.random.default_rng(0))
    edge = x[np.abs(x[..., 0]) < 1]
    assert len(edge) and (np.abs(edge) < 0.11).all()  # half a level of 5


def test_threads_change_no_bit_of_what_is_learnt(rgb):
    recipe = RECIPES["best"].changed(["batch=20", "shard=6"])
    hashes = {parameter_hash(systems.create("kuo2016", method="cnn_rgb", recipe=recipe, epochs=1).fit(
        rgb, np.arange(len(rgb)) % 10, threads=threads).network) for threads in (1, 2, 5)}
    assert len(hashes) == 1


def test_the_shard_is_that_of_the_statistics():
    network = build_network(3, 10, Recipe(normalization="batch", shard=6), np.random.default_rng(0))
    assert network.layers["norm2"].group == 6


def test_test_flip_describes_an_image_as_the_mean_of_itself_and_its_mirror_image(rgb):
    one, both = (Kuo2016("cnn_rgb_da", 10, Recipe(test_flip=flip)) for flip in (False, True))
    for system in (one, both):
        system.fit_standardizer(rgb)
    mirrored = rgb[:, :, ::-1]
    before, after, scores = (both.outputs(rgb)[key] for key in ("before_relu", "descriptor", "scores"))
    mean = (one.outputs(rgb)["before_relu"] + one.outputs(mirrored)["before_relu"]) / 2
    np.testing.assert_allclose(before, mean, atol=1e-5)
    np.testing.assert_array_equal(after, np.maximum(before, 0))
    np.testing.assert_allclose(scores, both.network.layers["classifier"].forward(after)[0], atol=1e-5)
    np.testing.assert_allclose(both.descriptors(mirrored), after, atol=1e-5)
    np.testing.assert_allclose(both.scores(rgb), scores, atol=1e-5)
    assert np.abs(one.descriptors(mirrored) - one.descriptors(rgb)).max() > 0.1


def test_further_views_are_moved_along_the_diagonal(rgb):
    one, both, six = (Kuo2016("cnn_rgb_da", 10, Recipe(test_flip=flip, test_shift=shift))
                      for flip, shift in ((False, 0), (True, 0), (True, 2)))
    for system in (one, both, six):
        system.fit_standardizer(rgb)
    wide = np.pad(rgb, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    views = [both.outputs(np.ascontiguousarray(wide[:, i:i + 32, i:i + 32]))["before_relu"] for i in (2, 0, 4)]
    found = six.outputs(rgb)
    np.testing.assert_allclose(found["before_relu"], views[0] / 2 + views[1] / 4 + views[2] / 4, atol=1e-5)
    np.testing.assert_array_equal(found["descriptor"], np.maximum(found["before_relu"], 0))


def test_a_mirrored_border_moves_in(rgb):
    system = Kuo2016("cnn_rgb", 10, Recipe(shift=3, flip=True, border="reflect"))
    system.fit_standardizer(rgb)
    expected = shift_and_flip(rgb, np.random.default_rng(4), 3, True, "reflect")
    np.testing.assert_array_equal(system.prepare(rgb, np.random.default_rng(4)), system.prepare(expected))


def test_batch_normalisation_is_folded_away(rgb):
    system = Kuo2016("cnn_rgb", 10, Recipe(normalization="batch", shard=len(rgb)))
    system.fit_standardizer(rgb)
    ready = system.folded(rgb)
    assert "norm3" in system.network.layers and list(ready.network.layers) == list(build_network(
        3, 10, Recipe(), np.random.default_rng(0)).layers)
    x = system.prepare(rgb)
    training, _ = system.network.forward(x, np.random.default_rng(0))
    np.testing.assert_allclose(ready.network.forward(x)[0], training, atol=1e-3)
    plain = Kuo2016("cnn_rgb", 10, Recipe())
    assert plain.folded(rgb) is plain
