"""What can be typed after ``scratchnet``: commands and their options."""
import argparse
from pathlib import Path

from .. import backend, systems
from ..data import NAMES as DATASETS
from ..suggest import nearest
from ..systems.kuo2016 import METHODS, RECIPES
from ..trained import NAMES as WEIGHTS
from ..version import __version__
from . import commands, data_commands
from .process import complain


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        complain(f"error: {message} ({self.prog} --help explains)")
        self.exit(2)


def build_parser():
    """Return the parser of all commands; it leaves the function to call in `run`."""
    parser = _Parser(prog="scratchnet", description="Convolutional image retrieval from scratch: the system of Kuo, "
                     "Chou and Chang (2016) in NumPy. Start with `scratchnet demo`.")
    parser.add_argument("--version", action="version", version=f"scratchnet {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)

    def command(name, function, help, *groups):
        sub = subparsers.add_parser(name, help=help, description=help)
        sub.set_defaults(run=function)
        for group in groups:
            group(sub)
        return sub

    command("demo", commands.demo, "Run the paper in miniature on 2,000 embedded images: filters, training, confusion "
            "matrix, retrieved pictures and a report, in about two minutes and without a network connection.",
            _out("scratchnet-demo, or the next free number"), _epochs(f"{commands.DEMO_EPOCHS}"), _running)
    command("reproduce", commands.reproduce, "Fit and evaluate systems on one data set and write report.html, "
            "results.json and figures.", _dataset, _out("scratchnet-results"), _systems, _methods,
            _epochs("the preset's"), _training, _running)
    command("train", commands.train, "Fit one system and save it, for `scratchnet evaluate`.",
            _dataset, _out("scratchnet-results"), _system, _method, _epochs("the preset's"), _training, _running)
    command("evaluate", commands.evaluate, "Classify and retrieve the test images with a fitted system.", _fitted,
            _data_option, _backend)
    command("codes", commands.codes, "Make binary codes of a fitted system's descriptors, and rank by both under the "
            "protocols of published codes.", _fitted, _bits, _data_option, _backend)
    command("benchmark", commands.benchmark, "Time the training step and each layer, batch by batch, on the CPU and on "
            "the GPU, and say from what batch size the GPU is faster.", _backends, _batches,
            _out("scratchnet-benchmark, or the next free number"), _threads)
    command("systems", commands.list_systems, "List the systems: paper, published accuracy and ours, presets.")
    command("summary", commands.summary, "Show what a system consists of; for a network, each layer with its output, "
            "parameters, multiply-adds and memory.", _dataset, _system, _method)
    command("gradcheck", commands.gradcheck, "Check every hand-written gradient against central differences.", _layer,
            _backend)
    _data_commands(subparsers)
    return parser


# ---- options ----

def _dataset(sub):
    sub.add_argument("--dataset", type=_one_of("data set", DATASETS), default="mini", metavar="NAME",
                     help="mini (embedded, default), cifar10 or cifar100")


def _data_option(sub):
    sub.add_argument("--data", type=_path, metavar="DIR", help="folder of the CIFAR files or archives (default: "
                     "$SCRATCHNET_DATA, then the folder that `scratchnet data download` uses)")


def _out(default):
    def add(sub):
        sub.add_argument("--out", type=_path, metavar="DIR", help=f"folder to write to (default: {default})")
    return add


def _epochs(default):
    def add(sub):
        sub.add_argument("--epochs", type=_count, metavar="N",
                         help=f"passes over the training images, or iterations (default: {default})")
    return add


def _systems(sub):
    sub.add_argument("--systems", type=_some_of("system", systems.names()), default="kuo2016", metavar="LIST",
                     help=f"some of {', '.join(systems.names())}, separated by commas (default: kuo2016)")


def _system(sub):
    sub.add_argument("--system", type=_one_of("system", systems.names()), default="kuo2016", metavar="NAME",
                     help=f"one of {', '.join(systems.names())} (default: kuo2016)")


def _methods(sub):
    sub.add_argument("--methods", metavar="LIST", type=_some_of("method", ("all", *METHODS)),
                     help=f"of kuo2016: all (default), or some of {', '.join(METHODS)}, separated by commas")


def _method(sub):
    sub.add_argument("--method", type=_one_of("method", METHODS), metavar="NAME",
                     help=f"of kuo2016: one of {', '.join(METHODS)} (default: the last)")


def _training(sub):
    _data_option(sub)
    sub.add_argument("--train-images", type=_count, metavar="N", help="use only N training images, balanced")
    for which in ("train", "test"):
        sub.add_argument(f"--{which}-every", type=_count, default=1, metavar="N",
                         help=f"use only each N-th {which} image, as PCANet's demo does (train 50, test 10)")
    sub.add_argument("--validation", type=_count, default=0, metavar="N",
                     help="hold out N training images and report the accuracy on them after each epoch")
    sub.add_argument("--preset", type=_one_of("preset", systems.PRESETS), default="cpu", metavar="NAME",
                     help="settings of a system: quick (for the embedded images), cpu (default: for two cores), or "
                     "paper (as published)")
    sub.add_argument("--recipe", type=_one_of("recipe", RECIPES), metavar="NAME",
                     help="of kuo2016: paper (default: as the paper describes it), 2016 (trained as was usual then) or "
                     "best (the same layers, trained as one would today)")
    sub.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="changes",
                     help="change a setting of the system, for kuo2016 of its recipe, e.g. --set pooling=mean; "
                     "an unknown name lists them all")


def _running(sub):
    sub.add_argument("--seed", type=int, default=0, metavar="N", help="random seed (default: 0)")
    sub.add_argument("--resume", action="store_true", help="continue the run in --out")
    _threads(sub)
    sub.add_argument("--checkpoint-seconds", type=_seconds, default=30.0, metavar="S",
                     help="shortest time between two checkpoints within an epoch (default: 30)")
    _backend(sub)


def _threads(sub):
    sub.add_argument("--threads", type=_count, metavar="N", help="worker threads (default: one per core)")


def _backends(sub):
    sub.add_argument("--backends", type=_some_of("backend", backend.BACKENDS[1:]), default="numpy,cupy", metavar="LIST",
                     help="numpy (CPU), cupy (GPU), or both, separated by commas (default: both; if there "
                     "is no GPU, a note says so)")


def _batches(sub):
    sub.add_argument("--batch", type=lambda text: [_count(size) for size in text.split(",")], metavar="LIST",
                     help="images at a time, separated by commas (default: 1, 2, 4, ..., 1024)")
    sub.add_argument("--quick", action="store_true", help="half a minute: few repetitions, batches 1, 4, 16, 64, 256")


def _backend(sub):
    sub.add_argument("--backend", type=_one_of("backend", backend.BACKENDS), default="auto", metavar="NAME",
                     help="numpy (CPU), cupy (GPU) or auto (default: the GPU, if there is one)")


def _fitted(sub):
    which = sub.add_mutually_exclusive_group(required=True)
    which.add_argument("checkpoint", type=_path, nargs="?", help="a system.npz, or the folder of a run that holds one")
    which.add_argument("--pretrained", metavar="NAME",
                       help=f"bundled weights: {' or '.join(WEIGHTS)}")
    sub.add_argument("--json", type=_path, metavar="FILE", help="write all figures to FILE")
    _threads(sub)


def _bits(sub):
    sub.add_argument("--bits", type=lambda text: [_count(size) for size in text.split(",")],
                     default=[12, 24, 32, 48], metavar="LIST",
                     help="lengths of the codes, separated by commas (default: 12,24,32,48)")


def _layer(sub):
    sub.add_argument("--layer", metavar="NAME", help="check only this one, e.g. Conv2D")
    sub.add_argument("--seed", type=int, default=0, metavar="N", help="random seed (default: 0)")


def _path(text):
    if not text:  # as of a variable of the shell that is not set
        raise argparse.ArgumentTypeError("expected the name of a file or folder, got none")
    return Path(text)


def _count(text):
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return value


def _seconds(text):
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected seconds, at least 0, got {text!r}")
    return value


def _one_of(what, names):
    def check(text):
        if text not in names:
            raise argparse.ArgumentTypeError(f"there is no {what} {text!r}{nearest(text, names)}: "
                                             f"choose one of {', '.join(names)}")
        return text
    return check


def _some_of(what, names):
    check = _one_of(what, names)

    def check_all(text):
        return ",".join(check(name) for name in text.split(","))
    return check_all


# ---- data ----

def _data_commands(subparsers):
    parser = subparsers.add_parser("data", help="Download, verify or describe a data set.")
    actions = parser.add_subparsers(metavar="ACTION", required=True, parser_class=_Parser)

    def action(name, function, help, names):
        sub = actions.add_parser(name, help=help, description=help)
        sub.set_defaults(run=function)
        sub.add_argument("dataset", type=_one_of("data set", names), metavar="NAME", help=", ".join(names))
        return sub

    download = action("download", data_commands.download, "Download CIFAR-10 or CIFAR-100 and verify it.",
                      DATASETS[1:])
    download.add_argument("--data", type=_path, metavar="DIR", help="folder to put it in (default: $SCRATCHNET_DATA, "
                          "then the user's cache folder)")
    download.add_argument("--source", action="append", metavar="URL", help="another place to fetch the official "
                          "archive from, tried after the official one (http, https or file); may be repeated")
    for name, function, help in (
            ("verify", data_commands.verify, "Check the files of a data set against the official hashes."),
            ("info", data_commands.info, "Describe a data set: images, classes, source, licence.")):
        _data_option(action(name, function, help, DATASETS))
