"""The command line: ``scratchnet COMMAND``.

Each command is a function here that turns options into a call of the library and its result into text. A user's
mistake is one line on stderr and exit code 2; an interrupted command says how to go on and exits with 130.
"""
import argparse
import json
import sys
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path

import numpy as np

from . import __version__, backend, data, files
from .errors import ScratchnetError
from .suggest import nearest

DATASETS = ("mini", "cifar10", "cifar100")


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"scratchnet: error: {message} (scratchnet {' '.join(self.prog.split()[1:])} --help shows how)\n")


def main(arguments=None):
    """Run one command and return its exit code: 0 done, 1 a check failed, 2 a user's mistake, 130 interrupted."""
    options = _parser().parse_args(arguments)
    options.command_line = "scratchnet " + " ".join(sys.argv[1:] if arguments is None else arguments)
    try:
        return options.run(options) or 0
    except ScratchnetError as error:
        print(f"scratchnet: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("scratchnet: interrupted; a command that has --resume goes on from its last checkpoint", file=sys.stderr)
        return 130
    except BrokenPipeError:  # e.g. `scratchnet summary | head`
        sys.stderr.close()
        return 0


def _parser():
    parser = _Parser(prog="scratchnet", description="Convolutional image retrieval from scratch: the system of Kuo, "
                     "Chou and Chang (2016) in NumPy. Start with `scratchnet demo`.")
    parser.add_argument("--version", action="version", version=f"scratchnet {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)

    def command(name, function, help, *groups):
        sub = commands.add_parser(name, help=help, description=help)
        sub.set_defaults(run=function)
        for group in groups:
            group(sub)
        return sub

    command("demo", _demo, "See the paper happen on 2,000 embedded images: filters, training, confusion matrix, "
            "retrieved pictures and a report, in about two minutes and without a network connection.",
            _out("scratchnet-demo, or the next free number"), _epochs(12), _running)
    command("reproduce", _reproduce, "Train and evaluate the paper's methods on one data set and write "
            "report.html, results.json and figures.", _dataset, _out("scratchnet-results"), _methods, _epochs(25),
            _training, _running)
    command("train", _train, "Train one method and keep its checkpoint; `scratchnet evaluate` takes it from there.",
            _dataset, _out("scratchnet-results"), _method, _epochs(25), _training, _running)
    command("evaluate", _evaluate, "Classify and retrieve the test images with a trained network.", _checkpoint,
            _data_option, _backend)
    command("summary", _summary, "Show the network layer by layer: output, parameters, multiply-adds, memory.",
            _dataset, _method)
    command("gradcheck", _gradcheck, "Check every hand-written gradient against central differences.", _layer, _backend)
    _data_commands(commands)
    return parser


# ---- options ----

def _dataset(sub):
    sub.add_argument("--dataset", type=_one_of("data set", DATASETS), default="mini", metavar="NAME",
                     help="mini (embedded, default), cifar10 or cifar100")


def _data_option(sub):
    sub.add_argument("--data", metavar="DIR", help="where the CIFAR files or archives lie (default: $SCRATCHNET_DATA, "
                     "then where `scratchnet data download` puts them)")


def _out(default):
    def add(sub):
        sub.add_argument("--out", metavar="DIR", help=f"folder to write to (default: {default})")
    return add


def _epochs(default):
    def add(sub):
        sub.add_argument("--epochs", type=_count, default=default, metavar="N",
                         help=f"passes over the training images (default: {default})")
    return add


def _methods(sub):
    sub.add_argument("--methods", default="all", metavar="LIST", help="all (default), or some of "
                     f"{', '.join(_method_names())}, separated by commas")


def _method(sub):
    sub.add_argument("--method", type=_one_of("method", _method_names()), default="pretrain_cnn_rgb_da",
                     metavar="NAME", help=f"one of {', '.join(_method_names())} (default: the last)")


def _training(sub):
    _data_option(sub)
    sub.add_argument("--train-images", type=_count, metavar="N", help="use only N training images, balanced")
    sub.add_argument("--validation", type=_count, default=0, metavar="N",
                     help="hold out N training images and report the accuracy on them after each epoch")
    sub.add_argument("--recipe", type=_one_of("recipe", ("paper", "2016", "best")), default="paper", metavar="NAME",
                     help="paper (default): what it describes; 2016: trained as was usual then; best: the same layers "
                     "as one would train them today")
    sub.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="changes",
                     help="change a setting of the recipe, e.g. --set pooling=mean; --set help lists them")


def _running(sub):
    sub.add_argument("--seed", type=int, default=0, metavar="N", help="of everything random (default: 0)")
    sub.add_argument("--resume", action="store_true", help="go on with what --out holds")
    sub.add_argument("--threads", type=_count, metavar="N", help="worker threads (default: one a processor)")
    sub.add_argument("--checkpoint-seconds", type=float, default=30.0, metavar="S",
                     help="least time between two checkpoints within an epoch (default: 30)")
    _backend(sub)


def _backend(sub):
    sub.add_argument("--backend", type=_one_of("backend", backend.BACKENDS), default="auto", metavar="NAME",
                     help="numpy (CPU), cupy (GPU) or auto (default: the GPU where one answers)")


def _checkpoint(sub):
    which = sub.add_mutually_exclusive_group(required=True)
    which.add_argument("checkpoint", type=Path, nargs="?", help="a checkpoint.npz, or the folder that holds it")
    which.add_argument("--pretrained", metavar="NAME",
                       help="the weights that come with the package: cifar10 or cifar100")
    sub.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    sub.add_argument("--threads", type=_count, metavar="N", help="worker threads (default: one a processor)")


def _layer(sub):
    sub.add_argument("--layer", metavar="NAME", help="check only this one, e.g. Conv2D")
    sub.add_argument("--seed", type=int, default=0, metavar="N", help="of the random numbers (default: 0)")


def _count(text):
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return value


def _one_of(what, names):
    def check(text):
        if text not in names:
            raise argparse.ArgumentTypeError(f"there is no {what} {text!r}{nearest(text, names)}: "
                                             f"choose one of {', '.join(names)}")
        return text
    return check


def _method_names():
    from .systems.kuo2016 import METHODS
    return tuple(METHODS)


# ---- commands ----

def _plan(options, **more):
    """Turn options into a Plan; options that a command does not have keep the plan's defaults."""
    from .experiments import Plan
    from .systems.recipe import RECIPES
    names = {field.name for field in fields(Plan)} - {"recipe", "out", "methods"}
    given = {name: value for name, value in vars(options).items() if name in names}
    return Plan(out=options.out or "scratchnet-results", command=options.command_line,
                recipe=RECIPES[getattr(options, "recipe", "paper")].changed(getattr(options, "changes", [])),
                **{**given, **more})


def _demo(options):
    from .reproduce import reproduce
    if options.out is None:
        numbered = (f"scratchnet-demo-{i}" for i in range(2, 10_000))
        free = (name for name in ("scratchnet-demo", *numbered) if not Path(name).exists())
        options.out = next(free)
    reproduce(_plan(options, dataset="mini", methods=("pretrain_cnn_rgb_da",)), first_look=True)


def _reproduce(options):
    from .reproduce import reproduce
    names = _method_names() if options.methods == "all" else tuple(options.methods.split(","))
    reproduce(_plan(options, methods=names))


def _train(options):
    from .experiments import Experiment
    plan = _plan(options, methods=(options.method,))
    with Experiment(plan) as experiment:
        experiment.train(options.method)
    print(f"{plan.folder(options.method) / 'checkpoint.npz'}\nnext: scratchnet evaluate {plan.folder(options.method)}")


def _evaluate(options):
    from .experiments import evaluate_checkpoint
    from .trained import weights
    with weights(options.pretrained) if options.pretrained else nullcontext(options.checkpoint) as path:
        path = path / "checkpoint.npz" if path.is_dir() else path
        figures = evaluate_checkpoint(path, options.data, backend.select(options.backend), options.threads)
    accuracy = ", ".join(f"{name.replace('top', 'Top-')} {value:.2%}" for name, value in figures["accuracy"].items())
    print(f"accuracy: {accuracy}")
    for protocol, metrics in figures["retrieval"].items():
        for metric, row in metrics.items():
            print(f"{protocol}, {metric:9}: MAP (full ranking) {row['map']:.4f}, MAP at 30 {row['map_at_30']:.4f}, "
                  f"{row['seconds_per_query'] * 1e3:.2f} ms a query")
    if options.json:
        files.write_json(options.json, figures)


def _summary(options):
    from .systems.kuo2016 import METHODS, build_network
    from .systems.recipe import Recipe
    channels = 5 if METHODS[options.method][0] else 3
    classes = 100 if options.dataset == "cifar100" else 10
    print(build_network(channels, classes, Recipe(), np.random.default_rng(0)).summary((32, 32, channels)))


def _gradcheck(options):
    from .gradcheck_cases import cases
    xp, failed = backend.select(options.backend), 0
    print(f"{'checked':42}  {'allowed':>8}  {'':4}  largest relative error of each gradient")
    for case in cases(options.layer):
        errors = case.run(np.random.default_rng(options.seed), xp)
        right = all(error <= case.tolerance for error in errors.values())
        failed += not right
        listed = ", ".join(f"{name} {error:.1e}" for name, error in errors.items())
        print(f"{case.name:42}  {case.tolerance:8.0e}  {'ok' if right else 'FAIL':4}  {listed}")
    print(f"{failed} of these gradients are wrong" if failed else "all gradients agree with central differences")
    return 1 if failed else 0


# ---- data ----

def _data_commands(commands):
    parser = commands.add_parser("data", help="Download, verify or describe a data set.")
    actions = parser.add_subparsers(metavar="ACTION", required=True, parser_class=_Parser)

    def action(name, function, help, names):
        sub = actions.add_parser(name, help=help, description=help)
        sub.set_defaults(run=function)
        sub.add_argument("dataset", type=_one_of("data set", names), metavar="NAME", help=", ".join(names))
        return sub

    download = action("download", _data_download, "Fetch CIFAR-10 or CIFAR-100, check it and keep it.", DATASETS[1:])
    download.add_argument("--data", metavar="DIR", help="folder to put it in (default: $SCRATCHNET_DATA, then the "
                          "user's cache folder)")
    download.add_argument("--source", action="append", metavar="URL", help="further place to fetch the official "
                          "archive from, after the official one; may be given several times")
    for name, function, help in (("verify", _data_verify, "Check the files of a data set against the official hashes."),
                                 ("info", _data_info, "Describe a data set: images, classes, source, licence.")):
        _data_option(action(name, function, help, DATASETS))


def _data_download(options):
    print(data.download(options.dataset, options.data, options.source))


def _data_verify(options):
    rows = data.verify(options.dataset, options.data)
    for file, status in rows:
        print(f"{file}: {status}")


def _data_info(options):
    print(json.dumps(data.info(options.dataset, options.data), indent=1))
