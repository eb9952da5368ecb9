"""The command line, as a user meets it."""
import json
import subprocess
import sys

import pytest

from scratchnet import __version__, checkpoint
from scratchnet.cli import main

COMMANDS = [["demo"], ["reproduce"], ["train"], ["evaluate"], ["summary"], ["gradcheck"], ["data"],
            ["data", "download"], ["data", "verify"], ["data", "info"]]


def run(capsys, *arguments):
    """Return exit code, stdout and stderr of a command."""
    try:
        code = main([str(a) for a in arguments])
    except SystemExit as exit:
        code = exit.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def refused(capsys, *arguments):
    """Return the one line with which a command is refused."""
    code, out, err = run(capsys, *arguments)
    assert code == 2 and err.startswith("scratchnet: error: ") and err.count("\n") == 1 and "Traceback" not in err
    return err


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help(command, capsys):
    code, out, _ = run(capsys, *command, "--help")
    assert code == 0 and "usage: scratchnet " + " ".join(command) in out


def test_module_and_command_are_the_same():
    done = subprocess.run([sys.executable, "-m", "scratchnet", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"scratchnet {__version__}\n"


def test_summary(capsys):
    code, out, _ = run(capsys, "summary")
    assert code == 0 and "627,002" in out and "conv3" in out
    code, out, _ = run(capsys, "summary", "--dataset", "cifar100", "--method", "cnn_rgb")
    assert code == 0 and "100" in out and "Conv2D(3 -> 64" in out


def test_gradcheck_passes_and_fails(capsys, monkeypatch):
    code, out, _ = run(capsys, "gradcheck", "--layer", "Dense")
    assert code == 0 and "all gradients agree" in out and "W " in out
    from scratchnet.layers import Dense
    right = Dense.backward
    monkeypatch.setattr(Dense, "backward", lambda *a, **k: (right(*a, **k)[0] * 2, right(*a, **k)[1]))
    code, out, _ = run(capsys, "gradcheck", "--layer", "dense")
    assert code == 1 and "FAIL" in out


@pytest.mark.parametrize("arguments, words", [
    (["reproduse"], "invalid choice"),
    (["summary", "--dataset", "cifar"], "did you mean 'cifar"),
    (["train", "--method", "cnn_rgb_ad"], "did you mean 'cnn_rgb_da'"),
    (["reproduce", "--methods", "cnn_rbg"], "did you mean 'cnn_rgb'"),
    (["gradcheck", "--layer", "Conv3D"], "did you mean 'Conv2D'"),
    (["gradcheck", "--backend", "cuda"], "choose one of auto, numpy, cupy"),
    (["train", "--epochs", "0"], "at least 1"),
    (["train", "--epochs", "two"], "at least 1"),
    (["train", "--train-images", "-5"], "at least 1"),
    (["train", "--threads", "0"], "at least 1"),
    (["train", "--seed", "-1"], "seed"),
    (["train", "--set", "poling=max"], "did you mean 'pooling'"),
    (["train", "--set", "pooling=median"], "max, mean, overlapping"),
    (["train", "--set", "batch=many"], "a value like 128"),
    (["train", "--set", "batch=0"], "at least 1"),
    (["train", "--train-images", "2001"], "2,000 training images"),
    (["train", "--validation", "2000"], "between 1 and 1999"),
    (["evaluate", "nowhere.npz"], "no checkpoint"),
])
def test_mistakes_are_one_line(arguments, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert words in refused(capsys, *arguments)
    assert not list(tmp_path.rglob("*.npz")) and not list(tmp_path.rglob("*.json"))


def test_cupy_without_a_gpu(capsys, monkeypatch):
    monkeypatch.setattr("scratchnet.backend._probe_cupy", lambda: (None, "no device"))
    assert "no GPU answers" in refused(capsys, "gradcheck", "--backend", "cupy")


def test_a_place_that_cannot_be_written(capsys, tmp_path):
    (tmp_path / "file").touch()
    assert "cannot write" in refused(capsys, "train", "--out", tmp_path / "file")
    assert "cannot write" in refused(capsys, "demo", "--out", tmp_path / "file" / "deeper")


def test_a_missing_data_set_says_how_to_get_it(capsys, tmp_path):
    for command in (["train", "--dataset", "cifar10", "--data", tmp_path, "--out", tmp_path / "out"],
                    ["data", "verify", "cifar10", "--data", tmp_path],
                    ["data", "info", "cifar100", "--data", tmp_path]):
        assert "scratchnet data download" in refused(capsys, *command)


TINY = ["--train-images", "60", "--epochs", "1", "--set", "patch_count=300", "--set", "pretrain_iterations=2"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("trained")
    assert main(["train", "--method", "pretrain_cnn_rgb", "--out", str(out), *TINY]) == 0
    return next(out.rglob("checkpoint.npz"))


def test_train_then_evaluate(trained, capsys, tmp_path):
    code, out, _ = run(capsys, "evaluate", trained.parent, "--json", tmp_path / "figures.json")
    assert code == 0 and "Top-1" in out and "test-vs-train, angular" in out
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert 0 < figures["retrieval"]["test-vs-test"]["manhattan"]["map"] < 1
    assert sum(map(sum, figures["confusion"])) == 500


def test_train_refuses_to_overwrite_and_to_mix(trained, capsys):
    out, before = trained.parents[2], trained.read_bytes()
    command = ["train", "--method", "pretrain_cnn_rgb", "--out", out, *TINY]
    assert "--resume" in refused(capsys, *command)
    assert "train_images" in refused(capsys, *command, "--resume", "--train-images", "61")
    assert trained.read_bytes() == before
    assert run(capsys, *command, "--resume")[0] == 0


def test_damaged_and_foreign_checkpoints(trained, capsys, tmp_path):
    whole = trained.read_bytes()
    for name, content in (("empty", b""), ("short", whole[:1000]), ("flipped", whole[:5000] + b"!" + whole[5001:])):
        (tmp_path / f"{name}.npz").write_bytes(content)
        assert "damaged" in refused(capsys, "evaluate", tmp_path / f"{name}.npz")
    arrays, description = checkpoint.load(trained)
    description["about"]["classes"] = 7
    checkpoint.save(tmp_path / "other.npz", arrays, description)
    assert "another architecture" in refused(capsys, "evaluate", tmp_path / "other.npz")
    description["about"]["classes"] = 10
    del description["about"]["dataset"]
    checkpoint.save(tmp_path / "library.npz", arrays, description)
    assert "which data set" in refused(capsys, "evaluate", tmp_path / "library.npz")
    checkpoint.save(tmp_path / "index.npz", {"vectors": arrays["param/fc.W"]}, {"kind": "FlatIndex"})
    assert "how its network is built" in refused(capsys, "evaluate", tmp_path / "index.npz")


def test_interrupted_says_how_to_go_on(capsys, monkeypatch):
    def interrupted(options):
        raise KeyboardInterrupt
    monkeypatch.setattr("scratchnet.cli._summary", interrupted)
    code, _, err = run(capsys, "summary")
    assert code == 130 and "--resume" in err
