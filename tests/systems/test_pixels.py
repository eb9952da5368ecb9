"""Raw pixels: what they are, that they are learnt from, and that nothing changes on the way to a file and back."""
import numpy as np
import pytest
from strict import strict

from scratchnet import data, systems
from scratchnet.backend import to_host
from scratchnet.errors import CheckpointError, SettingsError
from scratchnet.parallel import Workers
from scratchnet.plotting.curves import curves_figure
from scratchnet.systems.pixels import Pixels


@pytest.fixture(scope="module")
def mini():
    return data.load("mini")


@pytest.fixture(scope="module")
def fitted(mini):
    return systems.create("pixels", "quick").fit(mini.train_images, mini.train_labels, progress=False)


def test_descriptors_are_the_pixels_less_the_mean_of_the_training_images(fitted, mini):
    mean = mini.train_images.astype(np.float64).mean(axis=0) / 255
    found = fitted.descriptors(mini.test_images)
    assert found.shape == (500, 3072) and found.dtype == np.float32
    np.testing.assert_allclose(found.reshape(-1, 32, 32, 3), mini.test_images / 255 - mean, atol=1e-6)
    assert np.abs(fitted.descriptors(mini.train_images).mean(axis=0)).max() < 1e-6


def test_embedded_images_are_classified_well_above_chance(fitted, mini):
    scores = fitted.scores(mini.test_images)
    assert scores.shape == (500, 10) and (scores.argmax(axis=1) == mini.test_labels).mean() > 0.3


def test_history_and_times(fitted, mini):
    rows = fitted.history
    assert [row["epoch"] for row in rows] == list(range(1, len(rows) + 1)) and len(rows) <= fitted.epochs
    assert all(b["cost"] <= a["cost"] for a, b in zip(rows, rows[1:]))
    assert all(row["loss"] <= row["cost"] for row in rows) and rows[0]["loss"] < np.log(10)
    top1 = (fitted.scores(mini.train_images).argmax(axis=1) == mini.train_labels).mean()
    assert abs(rows[-1]["train_top1"] - top1) <= 1 / len(mini.train_labels)
    assert set(fitted.seconds) == {"train"} and fitted.seconds["train"] > 0
    curves_figure({fitted.title: rows})


def test_threads_do_not_change_a_bit(mini, tmp_path):
    found = []
    for threads in (1, 2, 3):
        system = Pixels(epochs=4).fit(mini.train_images, mini.train_labels, threads=threads, progress=False)
        with Workers(threads) as workers:
            outputs = system.outputs(mini.test_images, workers)
        found.append((system.history, *(outputs[key].tobytes() for key in ("descriptor", "scores"))))
    assert found[0] == found[1] == found[2]
    assert system.outputs(mini.test_images)["scores"].tobytes() == found[0][2]


def test_a_file_gives_back_every_bit(fitted, mini, tmp_path):
    fitted.save(tmp_path / "system.npz", {"data": "mini"})
    again = systems.load(tmp_path / "system.npz")
    for key, value in fitted.outputs(mini.test_images).items():
        assert (again.outputs(mini.test_images)[key] == value).all()
    assert again.describe() == fitted.describe() and again.history == fitted.history
    assert again.seconds == fitted.seconds and again.label == fitted.label == "pixels-quick"


def test_a_restored_system_goes_to_another_backend_and_back(fitted, mini, tmp_path):
    fitted.save(tmp_path / "system.npz")
    system, here = systems.load(tmp_path / "system.npz"), fitted.outputs(mini.test_images[:20])
    there = system.to(strict).outputs(strict.asarray(mini.test_images[:20]))
    host = system.outputs(mini.test_images[:20])
    for key, value in here.items():
        np.testing.assert_allclose(to_host(there[key]), value, rtol=1e-5, atol=1e-6)
        assert isinstance(host[key], np.ndarray)
    back = system.to(np).outputs(mini.test_images[:20])
    assert all((back[key] == value).all() for key, value in here.items())


def test_backends_learn_the_same(backend, mini):
    images, labels = mini.train_images[:300], mini.train_labels[:300]
    here, there = (Pixels(epochs=5, decay=0.1).to(xp).fit(images, labels, progress=False) for xp in (np, backend))
    assert [row["epoch"] for row in there.history] == [1, 2, 3, 4, 5]
    np.testing.assert_allclose(there.scores(images), here.scores(images), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(there.descriptors(images), here.descriptors(images), atol=1e-6)


def test_validation_sees_each_iteration(mini):
    system, seen = Pixels(decay=0.1), []

    def validate(fitted):
        assert fitted is system
        seen.append(system.scores(mini.test_images[:50]))
        return {"validation_top1": len(seen) / 10}
    system.fit(mini.train_images[:200], mini.train_labels[:200], epochs=3, validate=validate, progress=False)
    assert [row["validation_top1"] for row in system.history] == [0.1, 0.2, 0.3] and system.epochs == 3
    assert not np.allclose(seen[0], seen[1]) and (seen[2] == system.scores(mini.test_images[:50])).all()


def test_a_second_fit_forgets_the_first(mini):
    system = Pixels(epochs=2).fit(mini.train_images[:100], mini.train_labels[:100], progress=False)
    system.fit(mini.train_images[100:300], mini.train_labels[100:300], progress=False)
    fresh = Pixels(epochs=2).fit(mini.train_images[100:300], mini.train_labels[100:300], progress=False)
    assert system.history == fresh.history and (system.scores(mini.test_images) == fresh.scores(mini.test_images)).all()


@pytest.mark.parametrize("settings, words", [
    ({"decay": -0.1}, "decay must be"), ({"decay": float("nan")}, "decay must be"), ({"decay": "x"}, "decay must be"),
    ({"epochs": 0}, "epochs must be"), ({"epochs": 2.5}, "epochs must be"), ({"seed": -1}, "seed must be"),
])
def test_bad_settings_are_refused_at_construction(settings, words):
    with pytest.raises(SettingsError, match=words):
        systems.create("pixels", **settings)


def test_arrays_of_another_shape_are_refused(fitted, tmp_path):
    fitted.save(tmp_path / "a.npz")
    fitted.classes, classes = 7, fitted.classes
    fitted.save(tmp_path / "b.npz")
    fitted.classes = classes
    with pytest.raises(CheckpointError, match=r"W should be float32 \(3072, 7\), the file has float32 \(3072, 10\)"):
        systems.load(tmp_path / "b.npz")
