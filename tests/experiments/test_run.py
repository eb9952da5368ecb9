"""One run, from data to its files: what it writes, that it goes on, and what it refuses."""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import pytest
from toys import OneHot, dataset

from scratchnet import checkpoint, data, systems
from scratchnet.errors import CheckpointError, OutputError, SettingsError
from scratchnet.experiments.plan import Plan, split
from scratchnet.experiments.results import read_predictions, read_result, write_result
from scratchnet.experiments.run import Experiment, evaluate_file, load_fitted, top1
from scratchnet.metrics import average_precision
from scratchnet.systems import registry
from scratchnet.systems.pixels import Pixels


@pytest.fixture(scope="module")
def images():
    return dataset(train=60)


@pytest.fixture(autouse=True)
def world(monkeypatch, images):
    """A world with one data set, the toy, and with the toy system known by name."""
    known = registry.system_class
    monkeypatch.setattr(registry, "system_class", lambda name: OneHot if name == "onehot" else known(name))
    monkeypatch.setattr(data, "load", lambda name, folder=None: {"toy": images}[name])


@pytest.fixture
def plan(tmp_path):
    def make(*kinds, **settings):
        made = kinds or (Pixels.create("quick", epochs=2),)
        return Plan("toy", tmp_path / "out", made, backend="numpy", threads=2, command="a command", **settings)
    return make


def test_a_run_leaves_its_figures_its_answers_and_the_system(plan, images):
    made = plan(train_images=40, validation=8)
    system = made.systems[0]
    run = Experiment(made).run(system)
    folder = made.folder(system)
    assert sorted(path.name for path in folder.iterdir()) == ["predictions.npz", "result.json", "system.npz"]
    assert read_result(folder / "result.json") == json.loads(json.dumps(run))
    assert (run["dataset"], run["system"], run["method"], run["preset"], run["seed"]) == ("toy", *["pixels"] * 2,
                                                                                          "quick", 0)
    assert (run["epochs"], run["train_images"], run["command"]) == (2, 32, "a command")
    assert run["settings"] == {"epochs": 2, "decay": 0.03} and run["recipe"] is None
    assert run["environment"]["threads"] == 2 and run["environment"]["backend"] == "numpy" and run["peak_mb"] > 1
    assert set(run["seconds"]) == {"train", "evaluate"} and run["seconds"]["evaluate"] > 0
    predicted = read_predictions(folder / "result.json")["predicted"]
    assert (predicted == system.scores(images.test_images).argmax(axis=1)).all()
    assert (predicted == images.test_labels).mean() == run["accuracy"]["top1"]
    assert checkpoint.load(folder / "system.npz")[1]["run"] == made.about()
    again = systems.load(folder / "system.npz")
    assert (again.descriptors(images.test_images) == system.descriptors(images.test_images)).all()


def test_validation_is_of_the_held_out_images(plan):
    made = plan(train_images=40, validation=8)
    experiment, system = Experiment(made), made.systems[0]
    history = experiment.run(system)["history"]
    part = experiment.part(system)
    assert len(history) == 2 and len(part.held_labels) == 8
    assert history[-1]["validation_top1"] == (system.scores(part.held_images).argmax(axis=1) == part.held_labels).mean()
    other = plan(Pixels.create("quick", epochs=1), train_images=40)
    assert "validation_top1" not in Experiment(other).run(other.systems[0])["history"][0]


def test_what_is_held_out_is_not_learnt_from(plan, images):
    learnt, checked = [], []

    class Watched(OneHot):
        def _fit(self, rgb, labels, fitting):
            learnt.extend([rgb, labels])
            super()._fit(rgb, labels, fitting)

        def _outputs(self, rgb):
            checked.append(rgb)
            return super()._outputs(rgb)
    made = plan(Watched(), validation=20)
    Experiment(made).fit(made.systems[0])
    part = split(images, None, 20, seed=0)
    assert (learnt[0] == part.images).all() and (learnt[1] == part.labels).all() and len(part.labels) == 40
    assert (np.concatenate(checked) == part.held_images).all()


def test_a_finished_run_is_read_and_not_computed(plan, monkeypatch):
    first = plan()
    run = Experiment(first).run(first.systems[0])
    monkeypatch.setattr(Experiment, "fit", None)
    again = plan(resume=True)
    assert Experiment(again).run(again.systems[0]) == json.loads(json.dumps(run))
    other = plan(resume=True, train_images=40)
    with pytest.raises(CheckpointError, match="another train_images"):
        Experiment(other).run(other.systems[0])


def test_a_run_that_was_cut_off_while_it_was_evaluated_ends_as_if_it_had_not(plan, monkeypatch):
    whole = plan()
    expected = Experiment(whole).run(whole.systems[0])
    folder = whole.folder(whole.systems[0])
    (folder / "result.json").unlink()
    again = plan(resume=True)
    run = Experiment(again).run(again.systems[0])
    assert run["accuracy"] == expected["accuracy"] and run["confusion"] == expected["confusion"]
    assert (folder / "result.json").exists()


@pytest.mark.parametrize("left", ["results.json", "runs/toy-pixels-quick+epochs=2-seed0/notes.txt"])
def test_an_earlier_run_is_not_overwritten(left, plan):
    made = plan()
    path = made.out / left
    path.parent.mkdir(parents=True)
    path.write_text("earlier")
    with pytest.raises(OutputError, match="holds an earlier run: add --resume"):
        Experiment(made)
    Experiment(plan(resume=True))
    assert path.read_text() == "earlier"


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_computed(plan):
    made = plan()
    made.out.write_text("in the way")
    with pytest.raises(OutputError, match="cannot write to .*; choose another --out"):
        Experiment(made)


@pytest.mark.parametrize("place", ["runs", "figures"])
def test_so_is_a_folder_within_it(place, plan):
    made = plan(resume=True)
    made.out.mkdir()
    (made.out / place).write_text("in the way", encoding="utf-8")
    with pytest.raises(OutputError, match=f"cannot write to .*{place}: .*; choose another --out"):
        Experiment(made)


def test_too_few_images_are_refused_before_there_is_a_folder(plan):
    for wrong in ({"train_images": 61}, {"validation": 60}, {"train_images": 20, "validation": 20}):
        made = plan(**wrong)
        with pytest.raises(SettingsError, match="images"):
            Experiment(made)
        assert not made.out.exists()


@pytest.mark.parametrize("name", ["result.json", "system.npz", "checkpoint.npz", "pretraining.npz"])
def test_what_the_last_system_left_in_another_run_is_refused_before_the_first_is_fitted(name, plan):
    systems_ = OneHot(), Pixels.create("quick", epochs=2)
    earlier = plan(*systems_, train_images=40)
    path = earlier.folder(systems_[1]) / name
    if name == "result.json":
        Experiment(earlier).run(systems_[1])
    else:
        about = {**systems_[1].describe(), **earlier.about()}
        checkpoint.save(path, {}, {"kind": "system", "about": systems_[1].describe(), "run": earlier.about()}
                        if name == "system.npz" else {"about": about})
    Experiment(plan(*systems_, train_images=40, resume=True))
    with pytest.raises(CheckpointError, match=f"{name} belongs to a run with another train_images"):
        Experiment(plan(*systems_, resume=True))


OTHER = ("import sys\nfrom scratchnet.experiments import Experiment, Plan\nfrom scratchnet import systems\n"
         "from scratchnet.errors import OutputError\n"
         "try:\n    Experiment(Plan('mini', sys.argv[1], [systems.create('pixels', 'quick')], 'numpy'))\n"
         "except OutputError as error:\n    print(error)\nelse:\n    print('let in')\n")


def test_a_second_process_is_refused_as_long_as_the_first_one_lives(plan):
    """Of 28 processes that wrote to one folder, 15 ended in "No such file or directory"."""
    def other():
        done = subprocess.run([sys.executable, "-c", OTHER, made.out], stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout
    made = plan()
    first = Experiment(made)
    second = Experiment(made)  # within a process there is one
    assert f"another run writes to {made.out}: wait until it has finished, or choose another --out" in other()
    del first
    assert "another run" in other()
    del second
    assert other() == "let in\n"


@pytest.mark.parametrize("key, value", [("method", "../../elsewhere"), ("dataset", "mini"), ("seed", 1)])
def test_a_finished_run_that_says_it_is_another_is_refused(key, value, plan):
    made = plan()
    run = Experiment(made).run(made.systems[0])
    path = made.folder(made.systems[0]) / "result.json"
    write_result(path, json.loads(path.read_text())["about"], {**run, key: value})
    with pytest.raises(CheckpointError, match=f"another {key}"):
        Experiment(plan(resume=True)).run(made.systems[0])


@pytest.mark.parametrize("place", ["file", "pipe", "dangling", "loop", "x" * 300])
def test_a_place_that_is_no_folder_is_refused_in_one_line(place, tmp_path):
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to("nothing")
    (tmp_path / "loop").symlink_to("loop")
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(OutputError, match="cannot write to .*; choose another --out") as error:
        Experiment(Plan("toy", tmp_path / place, [OneHot()], backend="numpy"))
    assert "\n" not in str(error.value) and sorted(os.listdir(tmp_path)) == before


def test_a_folder_without_rights_is_refused_before_anything_is_computed(plan, monkeypatch):
    made = plan(resume=True)
    Experiment(made).run(made.systems[0])
    real = tempfile.TemporaryFile

    def refuse(dir):  # to root, who may run the tests, nothing is forbidden
        if dir == made.folder(made.systems[0]):
            raise PermissionError(13, "Permission denied")
        return real(dir=dir)
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(OutputError, match="cannot write to .*: Permission denied; choose another --out"):
        Experiment(made)


def test_a_system_that_does_not_classify_has_a_run_too(plan):
    made = plan(OneHot(classifies=False), validation=8)
    run = Experiment(made).run(made.systems[0])
    assert run["accuracy"] is None and run["retrieval"]["test-vs-test"]["angular"]["map"] == 1
    assert "validation_top1" not in run["history"][0] and top1(run) == "no classes"
    assert top1({"accuracy": {"top1": 0.1234}}) == "Top-1 12.3%"


def test_whoever_classifies_is_validated_by_that(plan):
    made = plan(OneHot(), validation=8)
    assert Experiment(made).run(made.systems[0])["history"][0]["validation_top1"] == 1


def test_retrieval_among_the_held_out_images(plan):
    made = plan(OneHot(), validation=20)
    experiment = Experiment(made)
    assert experiment.retrieval_held_out(experiment.fit(made.systems[0])) == {"map": 1.0, "map_at_30": 1.0}


def test_no_held_out_image_finds_itself(plan):
    made = plan(OneHot(blur=2.0), validation=20)
    experiment = Experiment(made)
    found = experiment.retrieval_held_out(experiment.fit(made.systems[0]))
    part = experiment.part(made.systems[0])
    d = made.systems[0].descriptors(part.held_images).astype(float)
    similarity = d @ d.T / np.outer(np.linalg.norm(d, axis=1), np.linalg.norm(d, axis=1))
    expected = []
    for i in range(20):
        order = [j for j in (-similarity[i]).argsort(kind="stable") if j != i]
        expected.append(average_precision(part.held_labels[order] == part.held_labels[i]))
    assert found["map"] == found["map_at_30"] == pytest.approx(np.mean(expected), abs=1e-6) and found["map"] < 0.99


def test_a_file_is_evaluated_on_the_images_of_its_own_run(plan):
    made = plan(OneHot(seed=3, blur=2.0), train_images=40, validation=8)
    experiment = Experiment(made)
    run = experiment.run(made.systems[0])
    path = made.folder(made.systems[0]) / "system.npz"
    figures, kept, system = evaluate_file(path, threads=1)
    assert type(system) is OneHot and system.describe() == made.systems[0].describe() and "predicted" in kept
    for protocol, found in run["retrieval"].items():
        for metric, row in found.items():
            assert figures["retrieval"][protocol][metric]["map"] == row["map"]
    part = experiment.part(made.systems[0])
    _, loaded, same = load_fitted(path)
    assert loaded.name == "toy" and (same.images == part.images).all() and (same.held_labels == part.held_labels).all()


def test_a_file_that_does_not_say_what_it_learnt_from_is_refused(images, tmp_path):
    OneHot().fit(images.train_images, images.train_labels).save(tmp_path / "system.npz", {"dataset": "toy"})
    with pytest.raises(CheckpointError, match="does not say which data set it was fitted to"):
        load_fitted(tmp_path / "system.npz")
