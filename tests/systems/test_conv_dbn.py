"""The convolutional DBN: each step against the formulas, the same end after a kill, and what it refuses."""
import numpy as np
import pytest
from scipy.signal import correlate2d
from strict import strict

from scratchnet import data, systems
from scratchnet.backend import to_host
from scratchnet.data.augment import shift_and_flip
from scratchnet.errors import CapacityError, CheckpointError, SettingsError
from scratchnet.plotting import tiles_figure
from scratchnet.randomness import stream
from scratchnet.systems import conv_dbn, energy
from scratchnet.systems.conv_dbn import ConvDBN
from scratchnet.unsupervised import ZCA, ContrastiveDivergence, ConvRBM, normalize_contrast

TINY = {"maps1": 3, "maps2": 4, "global_units": 2, "rbm_epochs": 3, "epochs": 3, "batch": 32, "components": 6}


@pytest.fixture(scope="module")
def mini():
    found = data.load("mini")
    return found.train_images[:60], found.train_labels[:60], found.test_images[:10]


def fitted(mini, path=None, **settings):
    system = ConvDBN(**{**TINY, **settings})
    return system.fit(mini[0], mini[1], classes=10, progress=False, path=path, resume=True, threads=2,
                      checkpoint_seconds=0.0)


@pytest.fixture(scope="module", params=[{}, {"pretrain": False, "components": 0, "dropout": 0.0}],
                ids=["pre-trained", "random"])
def system(request, mini):
    return fitted(mini, **request.param)


def normalized(images):
    return normalize_contrast(images.reshape(len(images), -1).astype(float)).reshape(images.shape)


def convolved(x, W, b):
    return np.stack([np.stack([sum(correlate2d(one[..., c], W[..., c, f], "valid") for c in range(W.shape[2])) + b[f]
                               for f in range(W.shape[3])], axis=-1) for one in x])


def test_what_it_computes_is_what_it_says(system, mini):
    sides = (0, 0), (3, 3), (3, 3), (0, 0)
    x = convolved(np.pad(normalized(mini[2]), sides, mode="reflect"), system.learnt["whitening"],
                  -system.learnt["offset"])
    params = system.network.params
    for i in (1, 2):
        x = convolved(x, params[f"conv{i}.W"], params[f"conv{i}.b"])
        N, H, W, F = x.shape
        x = np.clip(x.reshape(N, H // 2, 2, W // 2, 2, F).max(axis=(2, 4)), 0, 6)
    h = x.reshape(len(x), -1)
    assert h.shape[1] == 100
    found = system.outputs(mini[2])
    np.testing.assert_allclose(found["scores"], h @ params["classifier.W"] + params["classifier.b"], rtol=1e-3,
                               atol=1e-4)
    if system.components:
        h = h @ system.learnt["components"]
        assert h.shape[1] == 6
    np.testing.assert_allclose(found["descriptor"], h, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("epsilon", [0.1, 2.0])
def test_a_pixel_is_the_centre_of_its_whitened_patch(epsilon, mini, monkeypatch):
    monkeypatch.setattr(conv_dbn, "PATCHES", 700)
    one = fitted(mini, epsilon=epsilon, epochs=1, rbm_epochs=1)
    rng, x = stream("whitening", 0), normalized(mini[0]).astype(np.float32)
    x = x[np.sort(rng.permutation(60))]
    n, i, j = (rng.integers(0, high, 700) for high in (60, 26, 26))
    patches = np.stack([x[a, b:b + 7, c:c + 7] for a, b, c in zip(n, i, j)])
    rows = patches.reshape(700, -1)
    centres = ZCA(epsilon * rows.var()).fit(rows).transform(rows).reshape(patches.shape)[:, 3, 3]
    np.testing.assert_allclose(convolved(patches, one.learnt["whitening"], -one.learnt["offset"])[:, 0, 0],
                               centres / centres.std(), atol=2e-3)


def test_the_convolutions_start_from_machines_taught_one_after_the_other(mini, monkeypatch):
    """Both see moved and mirrored images; the second what the first, scaled for back-propagation, makes of them."""
    starts = []

    class Stopped(Exception):
        pass

    class Trainer(energy.Trainer):
        def fit(self, *arguments):
            starts.append({name: p.copy() for name, p in self.network.params.items()})
            raise Stopped
    monkeypatch.setattr(energy, "Trainer", Trainer)
    one = ConvDBN(**{**TINY, "maps1": 5}, rbm_images=40, sparsity=0.2, sparsity_weight=0.5, rbm_decay=0.1, sigma=0.4,
                  seed=3)
    with pytest.raises(Stopped):
        one.fit(mini[0], mini[1], progress=False)
    x = one._whitened(mini[0])[:40]
    assert abs(x.std() - 1) < 0.2
    maps = None
    for i, shape, count in ((1, (32, 32, 3), 5), (2, (14, 14, 5), 4)):
        v = x if maps is None else maps(x)
        machine = ConvRBM(shape, count, 5, 2, scale=0.02, rng=stream("weights of the machine", 3, i))
        teacher = ContrastiveDivergence(machine, energy.one_cycle(one.rbm_rate * 3 / shape[2]), 1, False, 0.9, 0.1,
                                        0.2, 0.5, 32, 32, seed=3)
        mean, scale, below = v.mean(axis=(0, 1, 2)), 0.4 * v.std(), maps

        def prepare(part, rng, below=below, mean=mean, scale=scale):
            moved = part if rng is None else shift_and_flip(part, rng, 3, True)
            return ((moved if below is None else below(moved)) - mean) / scale
        teacher.fit(x, 3, prepare)
        W = machine.params["W"].astype(float)
        reached = convolved(v - mean, W, np.zeros(count))
        factor = np.sqrt(2) / reached.std()
        np.testing.assert_allclose(starts[0][f"conv{i}.W"], factor * W, rtol=2e-3, atol=1e-4)
        np.testing.assert_allclose(starts[0][f"conv{i}.b"], -factor * (W.sum(axis=(0, 1)).T @ mean), rtol=2e-3,
                                   atol=1e-3)
        W, b = (starts[0][f"conv{i}.{key}"] for key in "Wb")

        def maps(images, W=W, b=b):
            y = convolved(images, W, b).reshape(len(images), 14, 2, 14, 2, 5).max(axis=(2, 4))
            return np.clip(y, 0, 6).astype(np.float32)
    assert starts[0]["classifier.W"].any()


def test_the_trainer_is_told_all_settings(mini, monkeypatch):
    told = {}

    class Trainer(energy.Trainer):
        def __init__(self, network, optimizer, schedule, *more, shard):
            told.update(network=network, optimizer=optimizer, rate=schedule(0.3), prepare=more[1], batch=more[3],
                        seed=more[4])
            super().__init__(network, optimizer, schedule, *more, shard=shard)
    monkeypatch.setattr(energy, "Trainer", Trainer)
    fitted(mini, rate=0.007, decay=0.03, momentum=0.4, dropout=0.3, seed=5, pretrain=False, shift=2, flip=False)
    assert (told["optimizer"].momentum, told["optimizer"].weight_decay, told["optimizer"].nesterov) == (0.4, 0.03, True)
    assert np.isclose(told["rate"], 0.007) and (told["batch"], told["seed"]) == (32, 5)
    assert told["network"].layers["dropout"].rate == 0.3
    x = np.random.default_rng(0).standard_normal((5, 32, 32, 3)).astype(np.float32)
    assert (told["prepare"](x, None) == x).all()
    np.testing.assert_array_equal(told["prepare"](x, np.random.default_rng(7)),
                                  shift_and_flip(x, np.random.default_rng(7), 2, False))


class Killed(Exception):
    pass


@pytest.mark.parametrize("moment", ["whitening", "layer1", "layer2", "training", "end"])
def test_a_kill_anywhere_changes_nothing(moment, mini, tmp_path, monkeypatch):
    whole, path, calls = fitted(mini), tmp_path / "checkpoint.npz", []
    place, name, after = {"whitening": (ZCA, "fit", 0), "layer1": (ContrastiveDivergence, "_step", 3),
                          "layer2": (ContrastiveDivergence, "_step", 9), "training": (energy.Trainer, "_step", 3),
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
            fitted(mini, path)
    calls.clear()
    monkeypatch.setattr(place, name, lambda *arguments, **more: calls.append(1) or inner(*arguments, **more))
    again = fitted(mini, path)
    assert len(calls) == {"whitening": 1, "layer1": 12 - 2, "layer2": 12 - 8, "training": 6 - 3, "end": 1}[moment]
    figures = ("epoch", "loss", "train_top1")
    assert [[row[key] for key in figures] for row in again.history] == [[row[key] for key in figures]
                                                                        for row in whole.history]
    for key, array in whole._state().items():
        assert (again._state()[key] == array).all(), key


def test_threads_do_not_change_a_bit_and_the_seed_does(mini):
    small = {**TINY, "rbm_epochs": 1, "epochs": 1}
    found = [ConvDBN(**small, seed=seed).fit(mini[0], mini[1], progress=False, threads=threads)._state()
             for threads, seed in ((1, 0), (3, 0), (3, 1))]
    for key, array in found[0].items():
        assert array.tobytes() == found[1][key].tobytes(), key
    for key in ("param/conv1.W", "param/classifier.W"):
        assert (found[0][key] != found[2][key]).any()


def test_backends_learn_the_same(mini):
    small = {**TINY, "shift": 0, "flip": False, "dropout": 0.0, "rbm_epochs": 1, "epochs": 1, "batch": 10}
    images, labels = mini[0][:10], mini[1][:10]
    here, there = (ConvDBN(**small).to(xp).fit(images, labels, classes=10, progress=False) for xp in (np, strict))
    np.testing.assert_allclose(there.scores(images), here.scores(images), rtol=2e-2, atol=2e-2)
    for name, array in here.learnt.items():
        if name != "components":
            np.testing.assert_allclose(to_host(there.learnt[name]), array, atol=1e-3)


def test_its_pictures_have_filters_growth_and_dreams(mini, tmp_path):
    one = fitted(mini, maps1=40, rbm_rate=0.002)
    one.save(tmp_path / "system.npz")
    for system in (one, systems.load(tmp_path / "system.npz")):
        shown = system.pictures()
        assert list(shown) == ["filters", "growth", "dreams"]
        assert [each.shape for each in shown["filters"].values()] == [(32, 5, 5, 3)] * 2
        assert (shown["filters"]["after back-propagation"][7] == one.network.params["conv1.W"][..., 7]).all()
        assert (shown["growth"]["after 3 epochs"] == shown["filters"]["as the machine learnt them"]).all()
        start = shown["dreams"]["images, as the machine sees them"]
        v = one._whitened(mini[0])
        np.testing.assert_allclose(start, (v[:16] - v.mean(axis=(0, 1, 2))) / (0.7 * v.std()), rtol=1e-3, atol=1e-3)
        for sets in shown.values():
            tiles_figure(sets)
    assert list(fitted(mini, pretrain=False).pictures()["filters"]) == ["first layer"]


@pytest.mark.parametrize("settings, words", [
    ({"pretrain": "x"}, "pretrain must be yes or no"), ({"flip": None}, "flip must be"), ({"maps1": 0}, "maps1 must"),
    ({"maps2": 0}, "maps2 must"), ({"global_units": -1}, "global_units must"), ({"rbm_images": 0}, "rbm_images must"),
    ({"rbm_epochs": 0}, "rbm_epochs must"), ({"epochs": 0}, "epochs must"), ({"batch": 0}, "batch must"),
    ({"shift": 16}, "shifted by 0 to 15, got 16"), ({"components": -1}, "components must"),
    ({"rate": 0}, "rate, rbm_rate and sigma must be above 0"), ({"rbm_rate": 0}, "must be above 0"),
    ({"sigma": 0}, "must be above 0"), ({"epsilon": -1}, "epsilon must"), ({"dropout": 1}, "dropout rate"),
    ({"momentum": 1}, "momentum"), ({"decay": -1}, "weight_decay"), ({"rbm_decay": -1}, "weight_decay"),
    ({"sparsity": -1}, "sparsity"), ({"sparsity_weight": -1}, "sparsity_weight"),
])
def test_bad_settings_are_refused_at_construction(settings, words):
    with pytest.raises(SettingsError, match=words):
        systems.create("conv_dbn", **settings)


def test_a_network_that_is_too_large_is_told_before_the_work_starts(mini, monkeypatch):
    monkeypatch.setattr(energy, "free_memory", lambda: 3e8)
    with pytest.raises(CapacityError, match="conv_dbn-cpu on 60 images needs .* GB of memory, and 0.3 are free"):
        systems.create("conv_dbn").fit(mini[0], mini[1])
    memory, disk = systems.create("conv_dbn").needs(50_000)
    assert 1e9 < memory < 4e9 and disk == 0


def test_methods_and_files(mini, tmp_path):
    one = fitted(mini, pretrain=False)
    assert one.method == "conv_dbn_random" and ConvDBN().method == "conv_dbn"
    assert ConvDBN.published_top1("conv_dbn", "cifar10") == 78.9
    assert ConvDBN.published_top1("conv_dbn_random", "cifar10") is None
    assert "pretrain" not in one.seconds and fitted(mini).seconds["pretrain"] > 0
    one.save(tmp_path / "a.npz")
    one.classes = 7
    one.save(tmp_path / "b.npz")
    with pytest.raises(CheckpointError, match=r"classifier.b should be float32 \(7,\), the file has float32 \(10,\)"):
        systems.load(tmp_path / "b.npz")
