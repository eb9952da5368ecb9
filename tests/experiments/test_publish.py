"""Weights to go with the package: half the size, evaluated as rounded, with a card that says where they come from."""
import hashlib
import json
import shutil

import numpy as np
import pytest

from scratchnet import checkpoint, data, documents, systems, trained
from scratchnet.data import load
from scratchnet.data.cifar import Dataset
from scratchnet.errors import CheckpointError
from scratchnet.experiments import publish as module
from scratchnet.experiments.plan import Plan
from scratchnet.experiments.publish import TAKEN, evaluate_again, publish
from scratchnet.experiments.run import Experiment


@pytest.fixture(scope="module")
def small():
    """The embedded data set with a hundred test images."""
    train_images, train_labels, test_images, test_labels = load("mini")
    return Dataset("mini", train_images, train_labels, test_images[:100], test_labels[:100], load("mini").class_names)


@pytest.fixture(scope="module")
def run(small, tmp_path_factory):
    """The folder of a short run of the paper's network."""
    system = systems.create("kuo2016", method="cnn_rgb", epochs=1, seed=2)
    plan = Plan("mini", tmp_path_factory.mktemp("out"), (system,), backend="numpy", train_images=64,
                command="a command")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "load", lambda name, folder=None: small)
        Experiment(plan).run(system)
    return plan.folder(system)


@pytest.fixture(scope="module")
def published(run, small, tmp_path_factory):
    """The folder to which that run was published, and its card."""
    folder = tmp_path_factory.mktemp("published")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "load", lambda name, folder=None: small)
        patch.setattr(module, "select", lambda: np)
        publish(run, folder)
    return folder, json.loads((folder / "mini.json").read_text())


def test_the_parameters_are_in_half_precision_and_nothing_else_is(published, run):
    folder, _ = published
    (before, _), (after, description) = checkpoint.load(run / "system.npz"), checkpoint.load(folder / "mini.npz")
    assert set(before) == set(after) and description["history"] == []
    for name, array in after.items():
        assert array.dtype == (np.float16 if name.startswith("param/") else np.float64)
        assert (array == before[name].astype(array.dtype)).all()
    assert (folder / "mini.npz").stat().st_size < 0.6 * (run / "system.npz").stat().st_size
    assert sorted(path.name for path in folder.iterdir()) == ["mini.json", "mini.npz"]


def test_the_card_says_where_the_weights_come_from_and_what_they_are_worth(published, run, small):
    folder, card = published
    content, result = (folder / "mini.npz").read_bytes(), json.loads((run / "result.json").read_text())["run"]
    assert (card["name"], card["bytes"]) == ("mini", len(content))
    assert card["sha256"] == hashlib.sha256(content).hexdigest() and "near-duplicates" in card["limits"]
    assert {key: card[key] for key in TAKEN} == {key: result[key] for key in TAKEN}
    assert card["training"] == {key: result[key] for key in ("command", "environment")}
    assert card["training"]["command"] == "a command" and card["accuracy_before_rounding"] == result["accuracy"]
    assert card["command"] == "scratchnet evaluate --pretrained mini" and card["environment"]["cpu"]
    assert card["environment"]["date"] >= result["environment"]["date"]
    system = systems.load(folder / "mini.npz")
    assert all(p.dtype == np.float32 for p in system.network.params.values())
    found = (system.scores(small.test_images).argmax(axis=1) == small.test_labels).mean()
    assert card["accuracy"]["top1"] == pytest.approx(found)
    for key in ("retrieval", "class_floor", "chance", "gallery"):
        assert set(card[key]) == {"test-vs-test", "test-vs-train"}


def test_a_card_can_be_measured_again(published, small, tmp_path, monkeypatch):
    folder = shutil.copytree(published[0], tmp_path / "trained")
    before = json.loads((folder / "mini.json").read_text())
    kept = {key: value for key, value in before.items() if key not in ("schema", "digest")}
    kept["accuracy_before_rounding"] = dict.fromkeys(("top1", "top2", "top3"), 0.0)  # which is not measured again
    documents.write(folder / "mini.json", {**kept, "command": "another", "limits": "", "chance": kept["class_floor"]})
    monkeypatch.setattr(data, "load", lambda name, folder=None: small)
    monkeypatch.setattr(module, "select", lambda: np)
    monkeypatch.setattr(trained, "NAMES", ("mini",))
    monkeypatch.setattr(trained, "files", lambda package: folder)
    evaluate_again("mini", folder)
    again = json.loads((folder / "mini.json").read_text())
    assert again["accuracy_before_rounding"]["top3"] == 0.0
    timed = ("environment", "retrieval", "digest", "accuracy_before_rounding")
    assert {k: v for k, v in again.items() if k not in timed} == {k: v for k, v in before.items() if k not in timed}
    assert again["retrieval"]["test-vs-test"]["angular"]["map"] == before["retrieval"]["test-vs-test"]["angular"]["map"]


def test_the_cards_of_the_package_have_the_same_fields(published):
    _, card = published
    for name in trained.NAMES:
        assert {*trained.card(name), "schema", "digest"} == set(card)


def test_the_package_loads_what_was_published(published, tmp_path, monkeypatch):
    folder = shutil.copytree(published[0], tmp_path / "trained")
    monkeypatch.setattr(trained, "NAMES", ("mini",))
    monkeypatch.setattr(trained, "files", lambda package: folder)
    assert trained.load_pretrained("mini").method == "cnn_rgb"
    (folder / "mini.npz").write_bytes((folder / "mini.npz").read_bytes()[:-1] + b"x")
    with pytest.raises(CheckpointError, match="damaged"):
        trained.load_pretrained("mini")


def test_a_damaged_result_is_not_published(run, tmp_path):
    damaged = tmp_path / "run"
    damaged.mkdir()
    (damaged / "system.npz").write_bytes((run / "system.npz").read_bytes())
    (damaged / "result.json").write_text((run / "result.json").read_text().replace("a command", "another"))
    with pytest.raises(CheckpointError, match="damaged"):
        publish(damaged, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
