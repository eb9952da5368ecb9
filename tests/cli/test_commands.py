"""The commands, as a user meets them."""
import json
import os
import stat

import pytest
from terminal import refused, run

from scratchnet import checkpoint, documents, systems
from scratchnet.cli import main


def test_summary(capsys):
    code, out, _ = run(capsys, "summary")
    assert code == 0 and "627,002" in out and "conv3" in out
    code, out, _ = run(capsys, "summary", "--dataset", "cifar100", "--method", "cnn_rgb")
    assert code == 0 and "100" in out and "Conv2D(3 -> 64" in out
    code, out, _ = run(capsys, "summary", "--system", "pixels")
    assert code == 0 and "Raw pixels" in out


def test_systems_are_listed_with_their_published_figures(capsys):
    code, out, _ = run(capsys, "systems")
    assert code == 0 and len(out.splitlines()) == 1 + len(systems.names())
    assert "79.3 %" in out and "37.3 %" in out and "quick, cpu, paper" in out


def test_gradcheck_passes_and_fails(capsys, monkeypatch):
    code, out, _ = run(capsys, "gradcheck", "--layer", "Dense")
    assert code == 0 and "all gradients agree" in out and "W " in out
    from scratchnet.layers import Dense
    right = Dense.backward
    monkeypatch.setattr(Dense, "backward", lambda *a, **k: (right(*a, **k)[0] * 2, right(*a, **k)[1]))
    code, out, _ = run(capsys, "gradcheck", "--layer", "dense")
    assert code == 1 and "FAIL" in out


def test_cupy_without_a_gpu(capsys, monkeypatch):
    monkeypatch.setattr("scratchnet.backend.probe_cupy", lambda: (None, "no device"))
    assert "CuPy found no GPU" in refused(capsys, "gradcheck", "--backend", "cupy")


def test_a_place_that_cannot_be_written(capsys, tmp_path):
    (tmp_path / "file").touch()
    assert "cannot write" in refused(capsys, "train", "--out", tmp_path / "file")
    assert "cannot write" in refused(capsys, "demo", "--out", tmp_path / "file" / "deeper")


def test_a_folder_that_nobody_named_is_a_new_one(capsys, tmp_path, monkeypatch):
    places = []
    monkeypatch.setattr("scratchnet.benchmark.run.benchmark", lambda out, *more: places.append(out))
    monkeypatch.setattr("scratchnet.experiments.reproduce.reproduce", lambda plan, **more: places.append(plan.out.name))
    monkeypatch.chdir(tmp_path)
    for taken in ((), ("scratchnet-benchmark", "scratchnet-demo"), ("scratchnet-benchmark-2", "scratchnet-demo-2")):
        for name in taken:
            assert (tmp_path / name).is_dir()  # made at once, so that of two that start together each has its own
        assert run(capsys, "benchmark")[0] == run(capsys, "demo")[0] == 0
    assert places == ["scratchnet-benchmark", "scratchnet-demo", "scratchnet-benchmark-2", "scratchnet-demo-2",
                      "scratchnet-benchmark-3", "scratchnet-demo-3"]


def test_options_reach_the_plan_and_its_system(capsys, monkeypatch, tmp_path):
    plans, fitted = [], []

    class Recorded:
        def __init__(self, plan):
            plans.append(plan)

        def fit(self, system):
            fitted.append(system)
    monkeypatch.setattr("scratchnet.experiments.Experiment", Recorded)
    assert run(capsys, "train", "--system", "pixels", "--seed", 3, "--epochs", 7, "--preset", "quick", "--set",
               "decay=0.5", "--validation", 9, "--train-images", 50, "--threads", 2, "--dataset", "cifar100",
               "--checkpoint-seconds", 4, "--out", tmp_path)[0] == 0
    (plan,), (system,) = plans, fitted
    assert plan.systems == (system,)
    assert (system.name, system.seed, system.epochs, system.preset, system.decay) == ("pixels", 3, 7, "quick", 0.5)
    assert (plan.dataset, plan.validation, plan.train_images, plan.threads, plan.checkpoint_seconds, plan.out) == (
        "cifar100", 9, 50, 2, 4, tmp_path)


def test_options_of_the_papers_system_are_refused_with_another(capsys, tmp_path):
    for option, value in (("--method", "cnn_rgb"), ("--recipe", "best")):
        assert f"{option} {value} is an option of kuo2016" in refused(
            capsys, "train", "--system", "pixels", option, value, "--out", tmp_path)
    assert list(tmp_path.iterdir()) == []


TINY = ["--train-images", "60", "--epochs", "1", "--set", "patch_count=300", "--set", "pretrain_iterations=2"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("trained")
    assert main(["train", "--method", "pretrain_cnn_rgb", "--out", str(out), *TINY]) == 0
    return next(out.rglob("system.npz"))


def test_train_then_evaluate(trained, capsys, tmp_path):
    code, out, _ = run(capsys, "evaluate", trained.parent, "--json", tmp_path / "figures.json")
    assert code == 0 and "Top-1" in out and "test-vs-train: each test image searches the training images, 60" in out
    assert "class floor" in out and "min(30, R)" in out
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert 0 < figures["retrieval"]["test-vs-test"]["manhattan"]["map"] < 1
    assert sum(map(sum, figures["confusion"])) == 500


def test_codes_of_a_trained_system(trained, capsys, tmp_path):
    code, out, _ = run(capsys, "codes", trained.parent, "--bits", "8,16", "--json", tmp_path / "codes.json")
    assert code == 0 and "xia2014-unseen: 100 test images of each class" in out and "worst to best order" in out
    runs = documents.read(tmp_path / "codes.json", documents.CODES, "")["runs"]
    assert [entry["hashing"]["bits"] for entry in runs] == [8, 16]
    for of in runs[1]["hashing"]["protocols"].values():
        assert of["codes"]["map_pessimistic"] <= of["codes"]["map"] <= of["codes"]["map_optimistic"]
    assert runs[0]["hashing"]["protocols"]["lin2015"]["descriptor"] == runs[1]["hashing"]["protocols"]["lin2015"][
        "descriptor"]
    assert "whole number" in refused(capsys, "codes", trained, "--bits", "8,x")
    assert "cannot write" in refused(capsys, "codes", trained, "--json", tmp_path)
    assert "no fitted system" in refused(capsys, "codes", tmp_path / "nothing")


def test_figures_that_could_not_be_kept_are_not_computed(trained, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("scratchnet.experiments.evaluate_file", None)
    (tmp_path / "file").touch()
    for place in (tmp_path, tmp_path / "file/a.json", tmp_path / ("x" * 300), tmp_path / "y" / ("x" * 300)):
        assert "cannot write" in refused(capsys, "evaluate", trained, "--json", place)


def test_a_device_takes_figures_and_stays_a_device(trained, capsys, monkeypatch):
    monkeypatch.setattr("scratchnet.experiments.evaluate_file", lambda *more: ({"accuracy": None, "retrieval": {}}, 0))
    assert run(capsys, "evaluate", trained, "--json", "/dev/null")[0] == 0
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.parametrize("option", ["--out", "--json"])
def test_an_empty_path_is_refused(option, trained, capsys):
    command = {"--out": ["train"], "--json": ["evaluate", trained]}[option]
    assert "expected the name of a file or folder, got none" in refused(capsys, *command, option, "")


@pytest.mark.parametrize("name", ["x" * 300, "x" * 300 + "/system.npz", "pipe.npz", "loop.npz", "zero.npz"])
def test_what_is_no_file_of_a_system_is_one_line(name, capsys, tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.npz")
    (tmp_path / "loop.npz").symlink_to("loop.npz")
    (tmp_path / "zero.npz").symlink_to("/dev/zero")
    monkeypatch.chdir(tmp_path)
    assert "no fitted system" in (said := refused(capsys, "evaluate", name)) or "cannot read" in said


def test_of_two_demos_each_has_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plans = []
    monkeypatch.setattr("scratchnet.experiments.reproduce.reproduce", lambda plan, **more: plans.append(plan))
    for _ in range(3):
        assert main(["demo"]) == 0
    assert [str(plan.out) for plan in plans] == ["scratchnet-demo", "scratchnet-demo-2", "scratchnet-demo-3"]
    assert all(plan.out.is_dir() for plan in plans)


@pytest.mark.parametrize("which", ["folder", "checkpoint"])
def test_evaluate_finds_the_fitted_system(which, trained, capsys, monkeypatch):
    seen = []
    monkeypatch.setattr("scratchnet.experiments.evaluate_file", lambda path, *more: seen.append(path) or (
        {"accuracy": None, "retrieval": {}}, None))
    run(capsys, "evaluate", {"folder": trained.parent, "checkpoint": trained.with_name("checkpoint.npz")}[which])
    assert seen == [trained]


def test_train_refuses_to_overwrite_and_to_mix(trained, capsys):
    out, before = trained.parents[2], trained.read_bytes()
    command = ["train", "--method", "pretrain_cnn_rgb", "--out", out, *TINY]
    assert "--resume" in refused(capsys, *command)
    assert "train_images" in refused(capsys, *command, "--resume", "--train-images", "61")
    assert trained.read_bytes() == before
    assert run(capsys, *command, "--resume")[0] == 0


def test_damaged_and_foreign_checkpoints(trained, capsys, tmp_path):
    whole = trained.read_bytes()
    assert "no fitted system" in refused(capsys, "evaluate", trained.with_name("checkpoint.npz").parent.parent / "a")
    for name, content in (("empty", b""), ("short", whole[:1000]), ("flipped", whole[:5000] + b"!" + whole[5001:])):
        (tmp_path / f"{name}.npz").write_bytes(content)
        assert "damaged" in refused(capsys, "evaluate", tmp_path / f"{name}.npz")
    arrays, description = checkpoint.load(trained)
    description["about"]["classes"] = 7
    checkpoint.save(tmp_path / "other.npz", arrays, description)
    assert "another architecture" in refused(capsys, "evaluate", tmp_path / "other.npz")
    description["about"]["classes"] = 10
    del description["run"]["dataset"]
    checkpoint.save(tmp_path / "library.npz", arrays, description)
    assert "which data set" in refused(capsys, "evaluate", tmp_path / "library.npz")
    checkpoint.save(tmp_path / "index.npz", {"vectors": arrays["param/fc.W"]}, {"kind": "FlatIndex"})
    assert "no fitted system" in refused(capsys, "evaluate", tmp_path / "index.npz")


def test_a_run_on_other_images_does_not_replace_a_fitted_system(capsys, tmp_path):
    """A system without a checkpoint on the way is guarded by the file that it leaves."""
    command = ["train", "--system", "pixels", "--preset", "quick", "--epochs", "2", "--out", tmp_path]
    assert run(capsys, *command, "--train-images", "200")[0] == 0
    path = next(tmp_path.rglob("system.npz"))
    before = path.read_bytes()
    assert "another train_images" in refused(capsys, *command, "--train-images", "300", "--resume")
    assert path.read_bytes() == before
    assert run(capsys, *command, "--train-images", "200", "--resume")[0] == 0


def test_a_mistyped_run_is_told_which_there_are(trained, capsys):
    out = trained.parents[2]
    for wrong in (out, out / "runs", trained.parent.with_name("mini-pretrain_cnn_rgb-paper-seed1")):
        assert str(trained.parent) in refused(capsys, "evaluate", wrong)
