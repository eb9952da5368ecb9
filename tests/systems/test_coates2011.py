"""Coates' single layer: each step against the formulas, the same end after a kill, and what it refuses."""
import numpy as np
import pytest
from strict import strict

from scratchnet import data, systems
from scratchnet.backend import to_host
from scratchnet.errors import CapacityError, CheckpointError, SettingsError
from scratchnet.randomness import stream
from scratchnet.systems import coates2011
from scratchnet.systems.coates2011 import FEATURES, Coates2011
from scratchnet.unsupervised import normalize_contrast

TINY = {"count": 12, "patches": 600, "iterations": 3, "sae_patches": 600, "sae_iterations": 4, "epochs": 6}


@pytest.fixture(scope="module")
def mini():
    found = data.load("mini")
    return found.train_images[:120], found.train_labels[:120], found.test_images[:30]


def fitted(mini, path=None, **settings):
    system = Coates2011(**{**TINY, **settings})
    return system.fit(mini[0], mini[1], classes=10, progress=False, path=path, resume=True, threads=2,
                      checkpoint_seconds=0.0)


@pytest.fixture(scope="module", params=[(features, whitened) for features in FEATURES for whitened in (True, False)])
def system(request, mini):
    features, whitened = request.param
    return fitted(mini, features=features, whitened=whitened)


def test_what_it_computes_is_what_it_says(system, mini):
    """One image, one patch after the other."""
    image, learnt = mini[2][3].astype(np.float64), system.learnt
    sums = np.zeros((2, 2, system.count))
    for i in range(27):
        for j in range(27):
            y = normalize_contrast(image[i:i + 6, j:j + 6].reshape(1, -1))[0]
            if system.whitened:
                y = (y - learnt["patch_mean"]) @ learnt["whitening"]
            if system.features == "sae":
                f = 1 / (1 + np.exp(-(y @ learnt["W1"] + learnt["b1"])))
            else:
                z = np.sqrt(((learnt["centroids"] - y)**2).sum(axis=1))
                f = np.maximum(0, z.mean() - z) if system.features == "kmeans" else z == z.min()
            sums[int(i >= 14), int(j >= 14)] += f
    standard = (sums.ravel() - system.standard[0]) / system.standard[1]
    found = system.outputs(mini[2][3:4])
    scores = standard @ system.classifier.W + system.classifier.b
    atol = 0.02 if system.features == "kmeans_hard" else 2e-3  # where two centroids are as near, rounding decides
    np.testing.assert_allclose(found["scores"][0], scores, rtol=1e-2, atol=atol * np.abs(scores).max() + 1e-3)
    width = 44 if system.features == "kmeans_hard" else 48  # in each quadrant, hard codes add up to the places in it
    assert found["descriptor"].shape == (1, width) and found["descriptor"].dtype == np.float32
    np.testing.assert_allclose(system.basis.T @ system.basis, np.eye(system.basis.shape[1]), atol=2e-3)


def test_training_features_have_mean_0_and_variance_1(system, mini):
    plain = Coates2011.create("cpu", **{**system._settings(), "components": 0})
    plain.classes = 10
    plain._place({**system._state(), "basis": np.zeros((0, 0), np.float32)})
    F = plain.descriptors(mini[0])
    np.testing.assert_allclose(F.mean(axis=0), 0, atol=2e-3)
    std = F.std(axis=0)
    assert (std < 1.001).all() and std.max() > 0.9


def test_it_learns_what_the_pixels_do_not_tell(mini):
    found = data.load("mini")
    quick = systems.create("coates2011", "quick", patches=5000, iterations=5, epochs=15)
    quick.fit(found.train_images[:1000], found.train_labels[:1000], progress=False)
    assert (quick.scores(found.test_images).argmax(axis=1) == found.test_labels).mean() > 0.42


class Killed(Exception):
    pass


@pytest.mark.parametrize("features", ["kmeans", "sae"])
@pytest.mark.parametrize("moment", ["dictionary", "features", "classifier", "end"])
def test_a_kill_anywhere_changes_nothing(moment, features, mini, tmp_path, monkeypatch):
    whole = fitted(mini, features=features)
    path = tmp_path / "checkpoint.npz"
    with monkeypatch.context() as patch:
        if moment == "dictionary":
            inner, name = (coates2011.KMeans, "KMeans") if features == "kmeans" else (coates2011.SparseAutoencoder,
                                                                                     "SparseAutoencoder")

            class Dying(inner):
                def fit(self, X, iterations, callback, *more, **named):
                    def twice(iteration, *row):
                        callback(iteration, *row)
                        if iteration == 2:
                            raise Killed
                    return super().fit(X, iterations, twice, *more, **named)
            patch.setattr(coates2011, name, Dying)
        elif moment == "features":
            inner, calls = coates2011.quadrants, []

            def quadrants(*arguments):
                calls.append(1)
                if len(calls) > 2:
                    raise Killed
                return inner(*arguments)
            patch.setattr(coates2011, "quadrants", quadrants)
            patch.setattr("scratchnet.systems.features.BLOCK", 30)
            patch.setattr("scratchnet.systems.features.SHARD", 30)
        else:
            def last(*arguments, **more):
                raise Killed
            patch.setattr(coates2011, "principal_components" if moment == "classifier" else "nothing", last,
                          raising=False)
            if moment == "end":
                patch.setattr(Coates2011, "_place", last)
        with pytest.raises(Killed):
            fitted(mini, path, features=features)
    again = fitted(mini, path, features=features)
    assert again.history == whole.history
    for name, array in whole._state().items():
        assert (again._state()[name] == array).all(), name
    assert not (tmp_path / "features.bin").exists()


def test_each_purpose_draws_from_a_stream_of_the_seed(mini, monkeypatch):
    drawn = []

    def recording(*names):
        drawn.append(names)
        return stream(*names)
    monkeypatch.setattr(coates2011, "stream", recording)
    fitted(mini, seed=7)
    fitted(mini, seed=7, features="sae")
    assert set(drawn) == {(purpose, 7) for purpose in ("patches", "centroids", "weights", "components")}


def test_threads_do_not_change_a_bit(mini):
    found = []
    for threads in (1, 3):
        one = Coates2011(**TINY).fit(mini[0], mini[1], progress=False, threads=threads)
        found.append((one.history, *(array.tobytes() for array in one._state().values())))
    assert found[0] == found[1]
    assert found[0] != (other := Coates2011(seed=1, **TINY).fit(mini[0], mini[1], progress=False)).history
    assert (other.learnt["centroids"] != one.learnt["centroids"]).any()


@pytest.mark.parametrize("features", FEATURES)
def test_backends_learn_the_same(features, mini):
    images, labels = mini[0][:40], mini[1][:40]
    small = {**TINY, "features": features, "epochs": 3, "iterations": 2, "sae_iterations": 2, "patches": 300}
    here, there = (Coates2011(**small).to(xp).fit(images, labels, classes=10, progress=False) for xp in (np, strict))
    assert len(here.history) == len(there.history)
    np.testing.assert_allclose(there.scores(images), here.scores(images), rtol=2e-2, atol=2e-2)
    for name in ("patch_mean", "whitening"):
        np.testing.assert_allclose(to_host(there.learnt[name]), here.learnt[name], atol=1e-3)


def test_validation_sees_each_iteration_and_describes_images_once(mini, monkeypatch):
    calls, inner = [], Coates2011._describe
    monkeypatch.setattr(Coates2011, "_describe", lambda self, images: calls.append(len(images)) or inner(self, images))
    system, seen = Coates2011(**TINY), []

    def validate(one):
        outputs = one.outputs(mini[2])
        seen.append(outputs["scores"])
        assert "descriptor" not in outputs
        return {"validation_top1": len(seen) / 10}
    system.fit(mini[0], mini[1], classes=10, progress=False, validate=validate)
    assert [row["validation_top1"] for row in system.history] == [i / 10 for i in range(1, len(seen) + 1)]
    assert calls.count(30) == 1 and not np.allclose(seen[0], seen[1])
    assert (seen[-1] == system.scores(mini[2])).all()


@pytest.mark.parametrize("settings, words", [
    ({"features": "k-means"}, "there are no features 'k-means'"), ({"count": 0}, "count must be"),
    ({"count": 601, "patches": 600}, "601 features cannot come of 600 patches: at most 600 features do"),
    ({"features": "sae", "count": 51, "sae_patches": 50}, "51 features cannot come of 50 patches"),
    ({"C": 0}, "C must be above 0"), ({"C": -1.0}, "C must be"), ({"epochs": 0}, "epochs must be"),
    ({"components": -1}, "components must be"), ({"whitened": "x"}, "whitened must be"),
    ({"sparsity": 1.5}, "sparsity"), ({"iterations": 2.5}, "iterations must be"),
])
def test_bad_settings_are_refused_at_construction(settings, words):
    with pytest.raises(SettingsError, match=words):
        systems.create("coates2011", **settings)


def test_a_machine_that_is_too_small_is_told_before_the_work_starts(mini, monkeypatch):
    monkeypatch.setattr(coates2011, "free_memory", lambda: 5e8)
    with pytest.raises(CapacityError, match=r"coates2011-cpu on 120 images needs .* GB of memory, and 0.5 are free: "
                                            "--preset quick needs less"):
        systems.create("coates2011").fit(mini[0], mini[1])
    memory, disk = systems.create("coates2011").needs(50_000)
    assert 1.5e9 < memory < 6e9 and disk == 50_000 * 6400 * 4


def test_methods_and_files(mini, tmp_path):
    one = fitted(mini, features="kmeans_hard")
    assert one.method == "coates2011_kmeans_hard" and one.label.endswith("+features=kmeans_hard" +
                                                                        one.label.partition("_hard")[2])
    one.save(tmp_path / "a.npz")
    one.classes = 7
    one.save(tmp_path / "b.npz")
    with pytest.raises(CheckpointError, match=r"W should be float32 \(48, 7\), the file has float32 \(48, 10\)"):
        systems.load(tmp_path / "b.npz")


def test_its_picture_has_features_as_they_are_and_in_plain_patches(system, mini):
    """A centroid, brought back to patches and whitened again, is itself; so is what a hidden unit says of a patch."""
    shown = system.pictures()["filters"]
    found, plain = (each.reshape(12, 108) for each in shown.values())
    assert all(each.shape == (12, 6, 6, 3) for each in shown.values())
    if system.whitened and system.features == "sae":
        patch = np.random.default_rng(0).standard_normal(108)
        whitened = patch @ system.learnt["whitening"]
        np.testing.assert_allclose(whitened @ found.T, patch @ plain.T, rtol=1e-4, atol=1e-4)
    elif system.whitened:
        np.testing.assert_allclose((plain - system.learnt["patch_mean"]) @ system.learnt["whitening"], found, atol=1e-3)
    else:
        assert (found == plain).all()
