"""What can be typed, and what is refused before anything is computed or written."""
import subprocess
import sys

import pytest
from terminal import refused, run

from scratchnet import __version__
from scratchnet.cli import parser

COMMANDS = [["demo"], ["reproduce"], ["train"], ["evaluate"], ["systems"], ["summary"], ["gradcheck"],
            ["benchmark"], ["data"],
            ["data", "download"], ["data", "verify"], ["data", "info"]]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help(command, capsys):
    code, out, _ = run(capsys, *command, "--help")
    assert code == 0 and "usage: scratchnet " + " ".join(command) in out


def test_module_and_command_are_the_same():
    done = subprocess.run([sys.executable, "-m", "scratchnet", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"scratchnet {__version__}\n"


@pytest.mark.parametrize("arguments, words", [
    (["reproduse"], "invalid choice"),
    (["summary", "--dataset", "cifar"], "did you mean 'cifar"),
    (["train", "--method", "cnn_rgb_ad"], "did you mean 'cnn_rgb_da'"),
    (["reproduce", "--methods", "cnn_rbg"], "did you mean 'cnn_rgb'"),
    (["reproduce", "--systems", "kuo2016,pixel"], "did you mean 'pixels'"),
    (["reproduce", "--systems", "pixels", "--recipe", "best"], "an option of kuo2016"),
    (["train", "--system", "pixels", "--method", "cnn_rgb"], "an option of kuo2016"),
    (["train", "--system", "pixels", "--set", "dekay=1"], "did you mean 'decay'"),
    (["train", "--preset", "quik"], "did you mean 'quick'"),
    (["train", "--system", "pixels", "--epochs", "3", "--set", "epochs=4"], "epochs are given twice"),
    (["reproduce", "--systems", "pixels", "--methods", "cnn_rgb"], "an option of kuo2016"),
    (["gradcheck", "--seed", "-1"], "the seed must be at least 0"),
    (["train", "--checkpoint-seconds", "nan"], "expected seconds"),
    (["train", "--set", "momentum=2"], "momentum must lie in"),
    (["train", "--set", "weight_decay=nan"], "weight_decay must be a finite number"),
    (["gradcheck", "--layer", "Conv3D"], "did you mean 'Conv2D'"),
    (["gradcheck", "--backend", "cuda"], "choose one of auto, numpy, cupy"),
    (["benchmark", "--backends", "numpy,torch"], "choose one of numpy, cupy"),
    (["benchmark", "--backends", ""], "choose one of numpy, cupy"),
    (["benchmark", "--batch", "0"], "at least 1"),
    (["benchmark", "--batch", "1,,4"], "at least 1"),
    (["benchmark", "--batch", "many"], "at least 1"),
    (["benchmark", "--threads", "0"], "at least 1"),
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
    (["evaluate", "nowhere.npz"], "no fitted system"),
])
def test_mistakes_are_one_line(arguments, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert words in refused(capsys, *arguments)
    assert not list(tmp_path.rglob("*.npz")) and not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize("command", ["reproduce", "train"])
def test_what_is_not_typed_is_for_two_cores_from_seed_0(command):
    options = parser.build_parser().parse_args([command])
    assert (options.preset, options.seed, options.backend, options.dataset) == ("cpu", 0, "auto", "mini")


def test_interrupted_says_how_to_go_on(capsys, monkeypatch):
    def interrupted(options):
        raise KeyboardInterrupt
    monkeypatch.setattr("scratchnet.cli.commands.summary", interrupted)
    code, _, err = run(capsys, "summary")
    assert code == 130 and "--resume" in err
