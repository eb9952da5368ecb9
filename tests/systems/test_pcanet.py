"""PCANet: histograms of the codes, the demo's accuracy, the same end after a kill, and what it refuses."""
import numpy as np
import pytest
from sklearn.svm import LinearSVC
from strict import strict

from scratchnet import data, systems
from scratchnet.backend import to_host
from scratchnet.errors import CapacityError, CheckpointError, SettingsError
from scratchnet.plotting import tiles_figure
from scratchnet.systems import pcanet
from scratchnet.systems.pcanet import PCANet
from scratchnet.unsupervised import codes, filtered

TINY = {"banks": "3x3,5x4", "bits": 3, "filter_images": 20, "epochs": 6, "components": 12}
WIDTH = 7 * 8 * 21


@pytest.fixture(scope="module")
def mini():
    found = data.load("mini")
    return found.train_images[:80], found.train_labels[:80], found.test_images[:20]


def fitted(mini, path=None, **settings):
    return PCANet(**{**TINY, **settings}).fit(mini[0], mini[1], classes=10, progress=False, path=path, resume=True,
                                              threads=2, checkpoint_seconds=0.0)


@pytest.fixture(scope="module")
def system(mini):
    return fitted(mini)


def test_what_it_computes_is_what_it_says(system, mini):
    """The code of each pixel, np.histogram of each block, the largest of each cell, of both banks."""
    image, h = mini[2][:1].astype(np.float32), []
    for first, second in system.stages:
        T = codes(filtered(image, first), second)[0]
        starts, centres = range(0, 25, 4), np.arange(4, 29, 4)
        blocks = np.array([[[np.histogram(T[i:i + 8, j:j + 8, c], np.arange(9))[0] for c in range(T.shape[2])]
                            for j in starts] for i in starts])
        for level in (4, 2, 1):
            cell = np.ceil(centres / (32 / level)).astype(int)
            h += [blocks[cell == i][:, cell == j].max(axis=(0, 1)).ravel() for i in range(1, level + 1)
                  for j in range(1, level + 1)]
    h = np.concatenate(h).astype(float)
    assert len(h) == WIDTH == system.width
    h /= np.sqrt((h * h).sum())
    found = system.outputs(mini[2][:1])
    np.testing.assert_allclose(found["scores"][0], h @ system.classifier.W, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found["descriptor"][0], (h - system.mean) @ system.basis, rtol=1e-3, atol=1e-4)
    assert found["descriptor"].shape == (1, 12) and not system.classifier.b.any()


def test_the_classifier_is_that_of_liblinear(mini):
    ours = fitted(mini, epochs=2000, C=0.5)
    counted = ours._describe(mini[0]).astype(float)
    X = counted / np.sqrt((counted**2).sum(axis=1, keepdims=True))
    theirs = LinearSVC(loss="squared_hinge", dual=False, C=0.5, fit_intercept=False, tol=1e-8, max_iter=10_000)
    theirs.fit(X, mini[1])
    np.testing.assert_allclose(ours.classifier.W[:, theirs.classes_], theirs.coef_.T, atol=5e-3 * np.abs(
        theirs.coef_).max())


def test_filters_see_images_in_colour_and_the_combination_has_both_banks(system):
    (first3, second3), (first5, second5) = system.stages
    assert (first3.shape, second3.shape) == ((3, 3, 3, 3), (3, 3, 3))
    assert (first5.shape, second5.shape) == ((5, 5, 3, 4), (5, 5, 3))
    assert system.method == "pcanet_combined" and PCANet().method == "pcanet" and PCANet().width == 215_040
    assert PCANet(banks="3x12,5x28").width == 215_040


def test_it_learns_what_the_pixels_do_not_tell():
    found = data.load("mini")
    quick = systems.create("pcanet", "quick", epochs=12, components=20)
    quick.fit(found.train_images[:1000], found.train_labels[:1000], progress=False)
    assert (quick.scores(found.test_images).argmax(axis=1) == found.test_labels).mean() > 0.42


class Killed(Exception):
    pass


@pytest.mark.parametrize("moment", ["filters", "features", "classifier", "end"])
def test_a_kill_anywhere_changes_nothing(moment, mini, tmp_path, monkeypatch):
    whole, path, calls = fitted(mini), tmp_path / "checkpoint.npz", []
    place, name, after = {"filters": (pcanet, "pca_filters", 2), "features": (pcanet, "pyramid", 90),
                          "classifier": (pcanet, "principal_components", 0), "end": (PCANet, "_place", 0)}[moment]
    inner = getattr(place, name)

    def dying(*arguments, **more):
        calls.append(1)
        if len(calls) > after:
            raise Killed
        return inner(*arguments, **more)
    with monkeypatch.context() as patch:
        patch.setattr("scratchnet.systems.features.BLOCK", 20)
        patch.setattr(place, name, dying)
        with pytest.raises(Killed):
            fitted(mini, path)
    again = fitted(mini, path)
    assert again.history == whole.history and not (tmp_path / "features.bin").exists()
    for key, array in whole._state().items():
        assert (again._state()[key] == array).all(), key


def test_threads_do_not_change_a_bit(mini):
    found = [PCANet(**TINY).fit(mini[0], mini[1], progress=False, threads=threads) for threads in (1, 3)]
    assert found[0].history == found[1].history
    for key, array in found[0]._state().items():
        assert array.tobytes() == found[1]._state()[key].tobytes(), key


def test_backends_learn_the_same(mini):
    images, labels = mini[0][:30], mini[1][:30]
    here, there = (PCANet(**{**TINY, "epochs": 2}).to(xp).fit(images, labels, classes=10, progress=False)
                   for xp in (np, strict))
    np.testing.assert_allclose(there.scores(images), here.scores(images), rtol=5e-2, atol=5e-2)
    for (a, b), (c, d) in zip(here.stages, there.stages):
        np.testing.assert_allclose(to_host(c), a, atol=1e-2)
        assert to_host(d).shape == b.shape


@pytest.mark.parametrize("settings, words", [
    ({"banks": "5"}, "banks are sizes and numbers of filters like 5x40"), ({"banks": ""}, "banks are"),
    ({"banks": 5}, "banks are"), ({"banks": "4x3"}, "odd size"), ({"banks": "1x3"}, "odd size"),
    ({"banks": "3x25"}, "3 x 3 pixels have 24 principal components, 25 were asked"), ({"bits": 9}, "at most 8 bits"),
    ({"bits": 0}, "bits must be"), ({"C": 0}, "C must be above 0"), ({"components": 0}, "components must be"),
    ({"epochs": 0}, "epochs must be"), ({"filter_images": 0}, "filter_images must be")])
def test_bad_settings_are_refused_at_construction(settings, words):
    with pytest.raises(SettingsError, match=words):
        systems.create("pcanet", **settings)


def test_a_machine_that_is_too_small_is_told_before_the_work_starts(mini, monkeypatch):
    system = systems.create("pcanet")
    memory, disk = system.needs(50_000)
    assert 2e9 < memory < 8e9 and disk == 50_000 * 215_040
    assert system.needs(50_000, kept=False) == (memory + disk, 0)
    monkeypatch.setattr(pcanet, "free_memory", lambda: 1e9)
    with pytest.raises(CapacityError, match=r"pcanet-cpu on 80 images needs .* GB of memory, and 1.0 are free"):
        system.fit(mini[0], mini[1])


def test_arrays_of_another_shape_are_refused(system, tmp_path):
    system.save(tmp_path / "a.npz")
    system.classes = 7
    system.save(tmp_path / "b.npz")
    system.classes = 10
    assert systems.load(tmp_path / "a.npz").label == system.label
    with pytest.raises(CheckpointError, match=rf"W should be float32 \({WIDTH}, 7\)"):
        systems.load(tmp_path / "b.npz")


def test_its_picture_has_both_stages(system):
    shown = system.pictures()["filters"]
    assert [each.shape for each in shown.values()] == [(4, 5, 5, 3), (3, 5, 5)]
    assert (shown["first stage"][1] == system.stages[1][0][..., 1]).all()
    tiles_figure(shown)
