"""What each command does: options in, a call of the library, text out.

Libraries that take time to load are imported by the command that needs them.
"""
import os
import shlex
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from .. import backend, documents, systems
from ..errors import CheckpointError, SettingsError, in_a_line
from ..files import check_place
from ..suggest import nearest

DEMO_EPOCHS = 12


def demo(options):
    """Run the paper in miniature on the embedded images."""
    from ..experiments.reproduce import reproduce
    system = systems.create("kuo2016", seed=_seed(options), epochs=options.epochs or DEMO_EPOCHS)
    options.out = options.out or _unused("scratchnet-demo")
    reproduce(_plan(options, [system], dataset="mini"), first_look=True)


def reproduce(options):
    """Fit and evaluate systems on one data set and write the report."""
    from ..experiments.reproduce import reproduce as run
    from ..systems.kuo2016 import METHODS
    methods = tuple(METHODS) if options.methods in (None, "all") else tuple(options.methods.split(","))
    names, chosen = options.systems.split(","), []
    if "kuo2016" not in names:
        _of_kuo2016(methods=options.methods, recipe=options.recipe)
    for name in names:
        variants = [{"method": method} for method in methods] if name == "kuo2016" else [{}]
        chosen += [_system(name, options, **variant) for variant in variants]
    run(_plan(options, chosen))


def train(options):
    """Fit one system and save it."""
    from ..experiments import Experiment
    system = _system(options.system, options, **_variant(options))
    plan = _plan(options, [system])
    Experiment(plan).fit(system)
    folder = plan.folder(system)
    print(in_a_line(folder / "system.npz"))
    print(in_a_line(f"next: scratchnet evaluate {shlex.quote(str(folder))}"))


def evaluate(options):
    """Print accuracy and retrieval figures of a fitted system."""
    from ..experiments import evaluate_file
    from ..report.text import evaluation_lines
    from ..trained import weights
    if options.json:
        check_place(options.json)
    with weights(options.pretrained) if options.pretrained else nullcontext(_fitted(options.checkpoint)) as path:
        figures, *_ = evaluate_file(path, options.data, backend.select(options.backend), options.threads)
    if options.json:
        documents.write(options.json, figures)
    print(*evaluation_lines(figures), sep="\n")


def codes(options):
    """Print what binary codes of a fitted system's descriptors are worth."""
    from ..environment import environment
    from ..experiments import codes_of_file
    from ..report.text import hashing_lines
    from ..trained import weights
    if options.json:
        check_place(options.json)
    xp = backend.select(options.backend)
    with weights(options.pretrained) if options.pretrained else nullcontext(_fitted(options.checkpoint)) as path:
        runs = codes_of_file(path, options.bits, options.data, xp, options.threads)
    if options.json:
        documents.write(options.json, {"command": options.command_line, "environment": environment(xp, options.threads),
                                       "runs": runs})
    print(*hashing_lines(runs), sep="\n")


def summary(options):
    """Print what a system consists of."""
    print(systems.create(options.system, **_variant(options)).summary(100 if options.dataset == "cifar100" else 10))


def gradcheck(options):
    """Compare every gradient with central differences; return 1 if one is wrong."""
    from ..gradcheck_cases import cases
    chosen, seed, xp, failed = cases(options.layer), _seed(options), backend.select(options.backend), 0
    print(f"{'checked':42}  {'allowed':>8}  {'':4}  largest relative error of each gradient")
    for case in chosen:
        errors = case.run(np.random.default_rng(seed), xp)
        right = all(error <= case.tolerance for error in errors.values())
        failed += not right
        listed = ", ".join(f"{name} {error:.1e}" for name, error in errors.items())
        print(f"{case.name:42}  {case.tolerance:8.0e}  {'ok' if right else 'FAIL':4}  {listed}")
    print(f"{failed} of these gradients are wrong" if failed else "all gradients agree with central differences")
    return 1 if failed else 0


def benchmark(options):
    """Time CPU and GPU, batch by batch."""
    from ..benchmark.run import FULL, QUICK
    from ..benchmark.run import benchmark as run
    run(options.out or _unused("scratchnet-benchmark"), options.backends.split(","), options.batch,
        QUICK if options.quick else FULL, options.threads, options.command_line)


def list_systems(options):
    """Print a table of the systems: paper, published accuracy and ours, our time, and presets."""
    from ..systems.measured import measured
    reached = measured()
    rows = [("name", "system", "published in", "CIFAR-10: published", "ours", "took", "presets")]
    for name in systems.names():
        system, ours = systems.system_class(name), reached.get(name, {}).get("cifar10")
        published = f"{system.published['cifar10']:.1f} %" if "cifar10" in system.published else ""
        rows.append((name, system.title, system.paper, published, f"{100 * ours['top1']:.1f} %" if ours else "",
                     f"{ours['seconds'] / 60:.1f} min" if ours else "", ", ".join(system.presets)))
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def _system(name, options, **variant):
    """Return the unfitted system that the options describe."""
    return systems.system_class(name).configured(options.preset, _seed(options), options.changes, options.epochs,
                                                 **({"recipe": options.recipe} if name == "kuo2016" else {}), **variant)


def _variant(options):
    """Return the method as a keyword, if one was asked for."""
    if options.system != "kuo2016":
        _of_kuo2016(method=options.method, recipe=getattr(options, "recipe", None))
    return {} if options.method is None else {"method": options.method}


def _of_kuo2016(**given):
    """Refuse options that only kuo2016 has."""
    for name, value in given.items():
        if value is not None:
            raise SettingsError(f"--{name} {value} is an option of kuo2016, which is not selected: leave it out, or "
                                "choose that system")


def _unused(name):
    """Make a folder of this name, or of the first free number behind it, and return which: of two commands that start
    together, each has its own."""
    for free in (name, *(f"{name}-{i}" for i in range(2, 10_000))):
        try:
            os.mkdir(free)
        except FileExistsError:
            continue
        except OSError:  # the run will say why
            pass
        return free


def _seed(options):
    if options.seed < 0:
        raise SettingsError(f"the seed must be at least 0, got {options.seed}")
    return options.seed


def _plan(options, chosen, **more):
    """Return the plan for these systems; options that a command does not have keep the plan's defaults."""
    from ..experiments import Plan
    names = ("dataset", "backend", "data", "resume", "train_images", "validation", "threads", "checkpoint_seconds",
             "train_every", "test_every")
    given = {name: value for name, value in vars(options).items() if name in names}
    return Plan(out=options.out or "scratchnet-results", systems=chosen, command=options.command_line,
                **{**given, **more})


def _fitted(path):
    """Return the file of a fitted system that a path means: itself, or system.npz in or beside it."""
    if path.name == "checkpoint.npz":
        path = path.with_name("system.npz")
    elif os.path.isdir(path) or not path.suffix:
        path = path / "system.npz"
    if not os.path.exists(path):
        near = next((folder for folder in path.parents[:3] if os.path.isdir(folder)), Path())
        runs = [run for depth in ("", "*/", "*/*/", "*/*/*/") for run in near.glob(f"{depth}system.npz")]
        found = {run.parent.name: str(run.parent) for run in sorted(runs)[:50]}
        listing = f"; there are {', '.join(found.values())}" if found else ""
        raise CheckpointError(f"there is no fitted system {path}{nearest(path.parent.name, found)}: finish the "
                              f"training with --resume, or give the folder of a finished run{listing}")
    return path
