"""What holds for every system: on raw pixels, and on a toy of a few lines."""
import json

import numpy as np
import pytest
from strict import strict

from scratchnet import checkpoint, systems
from scratchnet.backend import to_device, to_host
from scratchnet.errors import CheckpointError, InputError, OutputError, SettingsError
from scratchnet.parallel import Workers, shards
from scratchnet.systems import System, registry
from scratchnet.systems.kuo2016 import RECIPES


class Toy(System):
    """An image is its mean colour, less that of the training images; it does not classify."""

    name, title, paper = "toy", "Mean colour", "nobody 2016"
    presets = {"quick": {}, "cpu": {"scale": 2.0}, "paper": {"scale": 4.0}}

    def __init__(self, preset="cpu", seed=0, scale=1.0, epochs=1):
        super().__init__(preset, seed)
        self.scale, self.epochs, self.centre, self.fitting = scale, epochs, None, None

    def _fit(self, images, labels, fitting):
        self.fitting = fitting
        means = fitting.workers.each(lambda part: images[part].mean(), shards(np, len(images)))
        self.centre = np.array(list(means)).mean(keepdims=True)
        self.history.append({"epoch": 1, "loss": 0.0})
        self.seconds["train"] = 0.25
        fitting.say("done")

    def _outputs(self, images):
        colour = images.astype(np.float32).mean(axis=(1, 2)) - float(self.centre[0])
        return {"descriptor": (self.scale * colour).astype(np.float32), "raw": colour}

    def _settings(self):
        return {"scale": self.scale, "epochs": self.epochs}

    def _state(self):
        return {"centre": self.centre}

    def _restore(self, arrays, path):
        self.centre = arrays["centre"]


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """Make the toy known by name."""
    known = registry.system_class
    monkeypatch.setattr(registry, "system_class", lambda name: Toy if name == "toy" else known(name))


QUICK = {  # as a test wants it
    "kuo2016": {"epochs": 1, "recipe": RECIPES["paper"].changed(["patch_count=300", "pretrain_iterations=2"])},
    "coates2011": {"count": 10, "patches": 500, "iterations": 2, "epochs": 3},
    "pcanet": {"banks": "3x3", "bits": 3, "filter_images": 20, "epochs": 3, "components": 12},
    "rbm_backprop": {"whitened": 20, "hidden": 30, "rbm_epochs": 2, "epochs": 3, "components": 12},
    "conv_dbn": {"maps1": 4, "maps2": 6, "global_units": 3, "rbm_epochs": 2, "epochs": 3, "components": 12}}


@pytest.fixture(params=["toy", *systems.names()])
def kind(request, monkeypatch):
    """A toy, and every system there is: what holds for one must hold for all."""
    found = registry.system_class(request.param)
    if request.param in QUICK:
        monkeypatch.setitem(found.presets, "quick", QUICK[request.param])
    return found


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (230, 32, 32, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def labels():
    return np.random.default_rng(1).integers(0, 4, 230)


@pytest.fixture
def fitted(kind, images, labels):
    return kind.create("quick", epochs=2).fit(images, labels, progress=False)


def test_fit_returns_the_system(kind, images, labels):
    system = kind.create("quick", epochs=1)
    assert system.history == [] and system.seconds == {} and system.classes is None
    assert system.fit(images, labels, progress=False) is system
    assert system.classes == 4 and len(system.history) == 1 and system.seconds["train"] > 0


def test_a_second_fit_forgets_the_first(images, labels):
    system = Toy.create().fit(images, labels)
    system.seconds["before"] = 1.0
    system.fit(images, labels)
    assert len(system.history) == 1 and system.seconds == {"train": 0.25}


def test_outputs(fitted, images):
    outputs = fitted.outputs(images)
    d = outputs["descriptor"]
    assert d.dtype == np.float32 and d.shape == (230, d.shape[1]) and (fitted.descriptors(images) == d).all()
    if "scores" in outputs:
        assert outputs["scores"].shape == (230, 4) and (fitted.scores(images) == outputs["scores"]).all()
    else:
        assert fitted.scores(images) is None
    shared = []
    for threads in (1, 2, 3):
        with Workers(threads) as workers:
            shared.append(fitted.outputs(images, workers))
    for key, value in outputs.items():  # BLAS, which has one thread in a pool, may round otherwise
        assert all((each[key] == shared[0][key]).all() for each in shared)
        np.testing.assert_allclose(shared[0][key], value, rtol=0, atol=1e-5 * np.abs(value).max())


def test_no_images_have_no_descriptors(fitted, images):
    some, none = fitted.outputs(images[:3]), fitted.outputs(images[:0])
    assert set(none) == set(some)
    for key, value in none.items():
        assert value.shape == (0, *some[key].shape[1:]) and value.dtype == some[key].dtype


@pytest.mark.parametrize("wrong", [
    lambda images: images / 255, lambda images: (images / 255).astype(np.float32),
    lambda images: images.astype(np.int16), lambda images: images.astype(np.int8), lambda images: images.astype(object),
    lambda images: images.astype(str), lambda images: images.transpose(0, 3, 1, 2), lambda images: images[..., :1],
    lambda images: images[0], list,
    lambda images: np.ma.masked_array(images, images > 200)],
    ids=["/ 255", "/ 255 float32", "int16", "int8", "objects", "text", "channels first", "gray", "one image", "list",
         "masked"])
def test_images_of_another_kind_are_refused_wherever_they_are_given(kind, fitted, images, labels, wrong):
    """`images / 255.` would be taken for nearly black ones, and a quarter of the answers be right."""
    wrong, fresh = wrong(images[:8]), kind.create("quick", epochs=1)
    for door in (fitted.outputs, fitted.descriptors, fitted.scores, lambda images: fresh.fit(images, labels[:8])):
        with pytest.raises(InputError):
            door(wrong)
    assert fresh.classes is None


def test_outputs_are_where_the_images_are(fitted, images):
    host = fitted.outputs(images[:5])
    fitted.to(strict)
    assert fitted.workers(8).threads == 1
    there = fitted.outputs(to_device(images[:5], strict))
    for key, value in fitted.outputs(images[:5]).items():
        assert isinstance(value, np.ndarray) and not isinstance(there[key], np.ndarray)
        np.testing.assert_allclose(value, host[key], rtol=1e-5, atol=1e-4)
        np.testing.assert_array_equal(to_host(there[key]), value)


def test_there_and_back(fitted, images, tmp_path):
    fitted.save(tmp_path / "system.npz", {"seed of the data": 5})
    again = systems.load(tmp_path / "system.npz")
    assert type(again) is type(fitted) and again.describe() == fitted.describe() and again.label == fitted.label
    assert (again.history, again.seconds, again.classes) == (fitted.history, fitted.seconds, 4)
    for key, value in fitted.outputs(images).items():
        assert (again.outputs(images)[key] == value).all()
    assert checkpoint.load(tmp_path / "system.npz")[1]["run"] == {"seed of the data": 5}


def test_describe_is_ready_for_json(fitted):
    about = fitted.describe()
    assert json.loads(json.dumps(about)) == about and about["system"] == fitted.name
    assert fitted.method.startswith(fitted.name) or fitted.method == about["settings"]["method"]
    assert about["preset"] == "quick" and about["classes"] == 4 and about["settings"]["epochs"] == 2


def test_a_label_names_what_differs_from_the_preset():
    assert Toy.create("paper").label == "toy-paper" and Toy.create("paper", scale=4.0).label == "toy-paper"
    assert Toy.create("paper", scale=1.0, epochs=3).label == "toy-paper+scale=1.0+epochs=3"
    assert len({Toy.create(preset, scale=scale).label for preset in Toy.presets for scale in (7.0, 8.0)}) == 6


def test_presets_set_what_settings_override():
    assert [Toy.create(preset).scale for preset in ("quick", "cpu", "paper")] == [1.0, 2.0, 4.0]
    assert Toy.create("paper", scale=9.0).scale == 9.0


def test_fit_hands_on_what_it_was_told(images, labels, tmp_path):
    system, said = Toy.create(), []
    validate = dict
    with Workers(3) as workers:
        system.fit(images, labels, classes=9, epochs=5, workers=workers, path=str(tmp_path / "c.npz"), say=said.append,
                   about={"a": 1}, validate=validate, progress=True, checkpoint_seconds=7.0)
        assert system.fitting.workers is workers and list(workers.each(len, [])) == []  # the caller's pool stays open
    told = system.fitting
    assert (told.path, told.about, told.progress, told.checkpoint_seconds, told.validate) == (
        tmp_path / "c.npz", {"a": 1}, True, 7.0, validate)
    assert said == ["done"] and system.classes == 9 and system.epochs == 5


def test_two_classes_at_least(images):
    assert Toy.create().fit(images[:2], np.zeros(2, int)).classes == 2


@pytest.mark.parametrize("wrong, words", [
    (np.zeros((2, 32, 32, 3)), "float64 of shape"), (np.zeros((2, 3, 32, 32), np.uint8), "channels last"),
    (np.zeros((32, 32, 3), np.uint8), "32 x 32"), ([1, 2], "got list"), (np.zeros((2, 32, 32), np.uint8), "uint8"),
])
def test_other_images_are_refused(wrong, words, kind, fitted):
    for use in (fitted.outputs, fitted.descriptors, fitted.scores, lambda x: kind.create().fit(x, np.zeros(2, int))):
        with pytest.raises(InputError, match=words):
            use(wrong)


@pytest.mark.parametrize("wrong", [
    np.zeros(3, int), np.zeros((2, 1), int), np.zeros(2), np.array([0, -1]), np.array(["a", "b"])])
def test_other_labels_are_refused(wrong, kind, images):
    with pytest.raises(InputError, match="as many labels as images"):
        kind.create().fit(images[:2], wrong)


def test_no_images_to_learn_from_are_refused(kind, images):
    with pytest.raises(InputError, match="at least one"):
        kind.create().fit(images[:0], np.zeros(0, int))


def test_more_labels_than_classes_are_refused(kind, images):
    with pytest.raises(InputError, match="labels go up to 4, but there are to be 3 classes"):
        kind.create().fit(images[:2], np.array([0, 4]), classes=3)


def test_an_unknown_preset_is_refused(kind):
    with pytest.raises(SettingsError, match=rf"{kind.name} has no preset 'papers' \(did you mean 'paper'\?\)"):
        kind.create("papers")


def test_an_unknown_setting_is_refused(kind):
    with pytest.raises(SettingsError, match=rf"{kind.name} has no setting 'epoch' \(did you mean 'epochs'\?\); it has"):
        kind.create(epoch=3)


@pytest.mark.parametrize("settings", [{"seed": -1}, {"seed": 1.5}, {"seed": None}])
def test_a_seed_that_makes_no_sense_is_refused(settings, kind):
    with pytest.raises(SettingsError, match="seed must be"):
        kind.create(**settings)


@pytest.mark.parametrize("epochs", [0, -1, 1.5])
def test_epochs_that_make_no_sense_are_refused(epochs, kind, images, labels):
    with pytest.raises(SettingsError, match="epochs must be"):
        kind.create().fit(images, labels, epochs=epochs)


def test_an_earlier_run_is_not_overwritten(kind, images, labels, tmp_path):
    path = tmp_path / "run.npz"
    path.write_bytes(b"earlier")
    with pytest.raises(OutputError, match="holds an earlier run: resume it, or choose another path"):
        kind.create(epochs=1).fit(images, labels, path=path, progress=False)
    assert path.read_bytes() == b"earlier"


def test_a_description_without_its_settings_is_refused(fitted, tmp_path):
    fitted.save(tmp_path / "a.npz")
    arrays, description = checkpoint.load(tmp_path / "a.npz")
    del description["about"]["settings"]
    checkpoint.save(tmp_path / "a.npz", arrays, description)
    with pytest.raises(CheckpointError, match="about lacks 'settings'"):
        systems.load(tmp_path / "a.npz")


@pytest.mark.parametrize("use", [lambda system: system.outputs(np.zeros((1, 32, 32, 3), np.uint8)),
                                 lambda system: system.save("nowhere.npz")])
def test_who_has_learnt_nothing_says_so(use, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="pixels has not been fitted: fit it first"):
        use(systems.create("pixels"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("use", [
    lambda system, images: system.fit(images, np.zeros(len(images), int)),
    lambda system, images: system._outputs(images), lambda system, images: system._state(),
    lambda system, images: system._restore({}, "nowhere.npz")])
def test_the_base_class_only_says_what_is_missing(use, images, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TypeError, match="System does not say"):
        use(System(), images)
    assert list(tmp_path.iterdir()) == []
