"""The RBM and its network: each step against the formulas, the same end after a kill, and what it refuses."""
import numpy as np
import pytest
from strict import strict

from scratchnet import data, systems
from scratchnet.backend import to_host
from scratchnet.data.augment import shift_and_flip
from scratchnet.errors import CapacityError, CheckpointError, SettingsError
from scratchnet.plotting import tiles_figure
from scratchnet.randomness import stream
from scratchnet.systems import energy, rbm_backprop
from scratchnet.systems.rbm_backprop import RBMBackprop
from scratchnet.unsupervised import RBM, ContrastiveDivergence, PCAWhitening, normalize_contrast

TINY = {"whitened": 15, "hidden": 20, "rbm_epochs": 3, "epochs": 3, "batch": 32, "components": 6}


@pytest.fixture(scope="module")
def mini():
    found = data.load("mini")
    return found.train_images[:120], found.train_labels[:120], found.test_images[:30]


def fitted(mini, path=None, **settings):
    system = RBMBackprop(**{**TINY, **settings})
    return system.fit(mini[0], mini[1], classes=10, progress=False, path=path, resume=True, threads=2,
                      checkpoint_seconds=0.0)


@pytest.fixture(scope="module", params=[{}, {"contrast": False, "activation": "sigmoid", "dropout": 0.0},
                                        {"pretrain": False, "components": 0}], ids=["relu", "sigmoid", "random"])
def system(request, mini):
    return fitted(mini, **request.param)


def test_what_it_computes_is_what_it_says(system, mini):
    x = mini[2].reshape(30, -1).astype(float)
    if system.contrast:
        x = normalize_contrast(x)
    z = (x - system.learnt["mean"]) @ system.learnt["basis"]
    params = system.network.params
    h = z @ params["hidden.W"] + params["hidden.b"]
    h = np.maximum(h, 0) if system.activation == "relu" else 1 / (1 + np.exp(-h))
    found = system.outputs(mini[2])
    np.testing.assert_allclose(found["scores"], h @ params["classifier.W"] + params["classifier.b"], rtol=1e-3,
                               atol=1e-4)
    if system.components:
        h = h @ system.learnt["components"]
        assert h.shape[1] == 6
    np.testing.assert_allclose(found["descriptor"], h, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("contrast", [True, False])
def test_training_images_are_whitened(contrast, mini):
    """Fully, or as far as epsilon, which counts in variances of a pixel, lets them be; their mean variance is 1."""
    for epsilon in (0.0, 50.0):
        one = fitted(mini, epsilon=epsilon, contrast=contrast)
        z = one._prepare(mini[0])
        rows = normalize_contrast(mini[0].reshape(120, -1)) if contrast else mini[0].reshape(120, -1)
        centred = (rows - rows.mean(axis=0)) / rows.std()
        variances = np.linalg.svd(centred, compute_uv=False)[:15]**2 / 120
        expected = variances / (variances + epsilon)
        np.testing.assert_allclose(z.T @ z / 120, np.diag(expected / expected.mean()), atol=3e-3)


@pytest.mark.parametrize("scale", ["he", "learned"])
def test_the_network_starts_from_the_machine(scale, mini, monkeypatch):
    """The machine sees moved and mirrored images; the network takes over its weights and hidden biases."""
    starts = []

    class Stopped(Exception):
        pass

    class Trainer(energy.Trainer):
        def fit(self, *arguments):
            starts.append({name: p.copy() for name, p in self.network.params.items()})
            raise Stopped
    monkeypatch.setattr(energy, "Trainer", Trainer)
    one = RBMBackprop(**TINY, scale=scale, sparsity=0.1, sparsity_weight=1.0, steps=2, persistent=True, rbm_decay=0.1,
                      sigma=0.4, seed=3)
    with pytest.raises(Stopped):
        one.fit(mini[0], mini[1], progress=False)
    machine = RBM(15, 20, scale=0.02, hidden_bias=np.log(0.1 / 0.9), rng=stream("weights of the machine", 3))
    teacher = ContrastiveDivergence(machine, energy.one_cycle(one.rbm_rate), 2, True, 0.9, 0.1, 0.1, 1.0, 32,
                                    seed=3)

    def prepare(images, rng):
        moved = images if rng is None else shift_and_flip(images, rng, 2, True, 120)
        return (normalize_contrast(moved.reshape(-1, 3072)) - one.learnt["mean"]) @ one.learnt["basis"] / 0.4
    teacher.fit(mini[0], 3, prepare)
    W, c = machine.params["W"] / 0.4, machine.params["c"]
    if scale == "he":
        W, c = W * np.sqrt(2) / (0.4 * prepare(mini[0], None) @ W).std(), 0 * c
    np.testing.assert_allclose(starts[0]["hidden.W"], W, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(starts[0]["hidden.b"], c, rtol=1e-4, atol=1e-6)
    assert not starts[0]["classifier.b"].any() and starts[0]["classifier.W"].any()


def test_the_trainer_is_told_all_settings(mini, monkeypatch):
    told = {}

    class Trainer(energy.Trainer):
        def __init__(self, network, optimizer, schedule, *more, shard):
            told.update(network=network, optimizer=optimizer, rate=schedule(0.3), batch=more[3], seed=more[4])
            super().__init__(network, optimizer, schedule, *more, shard=shard)
    monkeypatch.setattr(energy, "Trainer", Trainer)
    fitted(mini, rate=0.007, decay=0.03, momentum=0.4, dropout=0.3, seed=5, pretrain=False)
    assert (told["optimizer"].momentum, told["optimizer"].weight_decay, told["optimizer"].nesterov) == (0.4, 0.03, True)
    assert np.isclose(told["rate"], 0.007) and (told["batch"], told["seed"]) == (32, 5)
    assert list(told["network"].layers) == ["hidden", "activation", "dropout", "classifier"]
    assert told["network"].layers["dropout"].rate == 0.3


def test_it_learns_what_the_pixels_do_not_tell():
    found = data.load("mini")
    quick = systems.create("rbm_backprop", "quick", whitened=100, hidden=200, rbm_epochs=4, epochs=6)
    quick.fit(found.train_images, found.train_labels, progress=False)
    assert (quick.scores(found.test_images).argmax(axis=1) == found.test_labels).mean() > 0.27


class Killed(Exception):
    pass


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("moment", ["whitening", "rbm", "training", "end"])
def test_a_kill_anywhere_changes_nothing(moment, persistent, mini, tmp_path, monkeypatch):
    whole, path, calls = fitted(mini, persistent=persistent), tmp_path / "checkpoint.npz", []
    place, name, after = {"whitening": (PCAWhitening, "fit", 0), "rbm": (ContrastiveDivergence, "_step", 6),
                          "training": (energy.Trainer, "_step", 6),
                          "end": (energy, "principal_components", 0)}[moment]
    inner = getattr(place, name)

    def dying(*arguments, **more):
        calls.append(1)
        if len(calls) > after:
            raise Killed
        return inner(*arguments, **more)
    with monkeypatch.context() as patch:
        patch.setattr(place, name, dying)
        with pytest.raises(Killed):
            fitted(mini, path, persistent=persistent)
    assert (tmp_path / "rbm.npz").exists() == (moment != "whitening")
    calls.clear()
    monkeypatch.setattr(place, name, lambda *arguments, **more: calls.append(1) or inner(*arguments, **more))
    again = fitted(mini, path, persistent=persistent)
    assert len(calls) == {"whitening": 1, "rbm": 12 - 4, "training": 12 - 6, "end": 1}[moment]  # the rest of 12 steps
    figures = ("epoch", "loss", "train_top1")
    assert [[row[key] for key in figures] for row in again.history] == [[row[key] for key in figures]
                                                                        for row in whole.history]
    for key, array in whole._state().items():
        assert (again._state()[key] == array).all(), key


def test_threads_do_not_change_a_bit_and_the_seed_does(mini):
    found = [RBMBackprop(**TINY, seed=seed).fit(mini[0], mini[1], progress=False, threads=threads)._state()
             for threads, seed in ((1, 0), (3, 0), (3, 1))]
    for key, array in found[0].items():
        assert array.tobytes() == found[1][key].tobytes(), key
    for key in ("param/hidden.W", "param/classifier.W"):
        assert (found[0][key] != found[2][key]).any()


def test_each_purpose_draws_from_a_stream_of_the_seed(mini, monkeypatch):
    drawn = []

    def recording(*names):
        drawn.append(names)
        return stream(*names)
    for module in (energy, rbm_backprop):
        monkeypatch.setattr(module, "stream", recording)
    fitted(mini, seed=7)
    assert set(drawn) == {(purpose, 7) for purpose in ("whitening", "weights of the machine", "weights", "dreams",
                                                   "components")}


def test_backends_learn_the_same(mini):
    small = {**TINY, "shift": 0, "flip": False, "dropout": 0.0, "rbm_epochs": 1, "epochs": 1, "batch": 20}
    images, labels = mini[0][:20], mini[1][:20]
    here, there = (RBMBackprop(**small).to(xp).fit(images, labels, classes=10, progress=False) for xp in (np, strict))
    np.testing.assert_allclose(there.scores(images), here.scores(images), rtol=2e-2, atol=2e-2)
    for name, array in here.learnt.items():
        if name != "components":
            np.testing.assert_allclose(to_host(there.learnt[name]), array, atol=1e-3)


def test_validation_sees_each_epoch(mini):
    seen = []

    def validate(one):
        outputs = one.outputs(mini[2])
        assert "descriptor" not in outputs
        seen.append(outputs["scores"])
        return {"validation_top1": len(seen) / 10}
    one = RBMBackprop(**TINY).fit(mini[0], mini[1], classes=10, progress=False, validate=validate)
    assert [row["validation_top1"] for row in one.history] == [0.1, 0.2, 0.3]
    assert not np.allclose(seen[0], seen[1]) and (seen[-1] == one.scores(mini[2])).all()


def test_what_goes_wrong_with_the_machine_is_told(mini):
    said = []
    RBMBackprop(**TINY, rbm_rate=1e-6, sparsity_weight=0.0).fit(mini[0], mini[1], progress=False, say=said.append)
    lines = [line for line in said if line.startswith("rbm, epoch")]
    assert len(lines) == 3 and lines[2].startswith("rbm, epoch 3/3: reconstruction ")
    assert all("; hidden means are stuck at one half" in line and "\n" not in line for line in lines)


@pytest.mark.parametrize("settings, words", [
    ({"pretrain": "x"}, "pretrain must be yes or no"), ({"contrast": 2}, "contrast must be"),
    ({"flip": None}, "flip must be"), ({"persistent": 2}, "persistent must be"), ({"whitened": 0}, "whitened must be"),
    ({"whitened": 4000}, "have no 4,000 principal components"), ({"hidden": 0}, "hidden must be"),
    ({"rbm_epochs": 0}, "rbm_epochs must"), ({"steps": 0}, "steps must"), ({"epochs": 0}, "epochs must"),
    ({"batch": 0}, "batch must"), ({"shift": 16}, "shifted by 0 to 15, got 16"), ({"shift": -1}, "shift must"),
    ({"components": -1}, "components must"), ({"rate": 0}, "rate, rbm_rate and sigma must be above 0"),
    ({"rbm_rate": 0}, "must be above 0"), ({"sigma": 0}, "must be above 0"), ({"sigma": -1}, "sigma must be"),
    ({"epsilon": -1}, "epsilon must"),
    ({"dropout": 1}, "dropout rate"), ({"momentum": 1}, "momentum"), ({"decay": -1}, "weight_decay"),
    ({"rbm_decay": -1}, "weight_decay"), ({"sparsity": -1}, "sparsity"), ({"sparsity_weight": -1}, "sparsity_weight"),
    ({"sparsity": 1.0}, "sparsity must lie between 0 and 1"),
    ({"scale": "He"}, r"there is no scale 'He' \(did you mean 'he'\?\)"),
    ({"activation": "tanh"}, "there is no activation 'tanh': choose one of sigmoid, relu"),
])
def test_bad_settings_are_refused_at_construction(settings, words):
    with pytest.raises(SettingsError, match=words):
        systems.create("rbm_backprop", **settings)


def test_a_machine_that_is_too_small_is_told_before_the_work_starts(mini, monkeypatch):
    monkeypatch.setattr(energy, "free_memory", lambda: 3e8)
    with pytest.raises(CapacityError, match="rbm_backprop-cpu on 120 images needs .* GB of memory, and 0.3 are free"):
        systems.create("rbm_backprop").fit(mini[0], mini[1])
    memory, disk = systems.create("rbm_backprop").needs(50_000)
    assert 5e8 < memory < 4e9 and disk == 0


def test_methods_and_files(mini, tmp_path):
    one = fitted(mini, pretrain=False)
    assert one.method == "rbm_backprop_random" and RBMBackprop().method == "rbm_backprop"
    assert RBMBackprop.published_top1("rbm_backprop", "cifar10") == 64.8
    assert RBMBackprop.published_top1("rbm_backprop_random", "cifar10") == 51.5
    assert "pretrain" not in one.seconds and fitted(mini).seconds["pretrain"] > 0
    one.save(tmp_path / "a.npz")
    one.classes = 7
    one.save(tmp_path / "b.npz")
    with pytest.raises(CheckpointError, match=r"classifier.b should be float32 \(7,\), the file has float32 \(10,\)"):
        systems.load(tmp_path / "b.npz")


def test_a_checkpoint_of_other_settings_is_refused(mini, tmp_path):
    fitted(mini, tmp_path / "checkpoint.npz")
    with pytest.raises(CheckpointError, match="belongs to a run with another settings"):
        fitted(mini, tmp_path / "checkpoint.npz", rbm_rate=0.5)


def test_its_picture_has_weights_as_they_weigh_pixels_and_as_they_add_to_them(mini):
    one = fitted(mini)
    weights, added = (shown.reshape(20, 3072) for shown in one.pictures()["filters"].values())
    x = normalize_contrast(mini[2].reshape(30, -1).astype(float)) - one.learnt["mean"]
    z = x @ one.learnt["basis"]
    W = one.network.params["hidden.W"]
    np.testing.assert_allclose(x @ weights.T, z @ W, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(added @ one.learnt["basis"], W.T, rtol=1e-3, atol=1e-4)
    for sets in one.pictures().values():
        tiles_figure(sets)


def test_its_pictures_have_the_machine_s_growth_and_dreams(mini, tmp_path):
    one = fitted(mini)
    one.save(tmp_path / "system.npz")
    for system in (one, systems.load(tmp_path / "system.npz")):
        shown = system.pictures()
        assert list(shown["growth"]) == ["after 1 epoch", "after 2 epochs", "after 3 epochs"]
        start = shown["dreams"]["images, as the machine sees them"].reshape(16, 3072)
        basis = one.learnt["basis"].astype(float)
        np.testing.assert_allclose(start @ basis, one._prepare(mini[0][:16]) / one.sigma, rtol=1e-3, atol=1e-3)
        last = shown["growth"]["after 3 epochs"].reshape(20, 3072) @ basis
        np.testing.assert_allclose(last.T, one.seen["growth"][-1], rtol=1e-3, atol=1e-3)
    assert list(fitted(mini, pretrain=False).pictures()) == ["filters"]
