"""One run for each system, each in a folder of its own.

    OUT/results.json  OUT/report.html  OUT/figures/*.png
    OUT/runs/DATASET-LABEL-seedN/{checkpoint.npz, pretraining.npz, system.npz, predictions.npz, result.json}

What else lies there is parts of a fit that a system keeps; see `systems.fitting`.

A run that was cut off is resumed from its checkpoint, a finished one is read from its result.json, so that
reporting never computes anything twice.
"""
import json
import os
import tempfile
import time
from contextlib import nullcontext

import numpy as np

from .. import backend, checkpoint, data, schema, systems
from ..environment import environment
from ..errors import CheckpointError, OutputError
from ..locks import hold
from ..memory import peak_memory
from ..progress import say
from ..retrieval import evaluate_retrieval
from ..schema import anything, count, nothing, positive, text
from ..training.trainer import same_run
from .evaluation import classification, evaluate
from .hashing import Described
from .plan import every, split
from .results import PREDICTIONS, read_result, write_result

LEARNT_FROM = {"dataset": text, "train_images": (nothing, positive), "validation": count,
               "train_every?": positive, "test_every?": positive, ...: anything}


class Experiment:
    """A plan with its data loaded and its backend chosen; its folder belongs to this process as long as it lives."""

    def __init__(self, plan):
        self.plan = plan
        self.xp = backend.select(plan.backend)
        self.dataset = every(data.load(plan.dataset, plan.data), plan.train_every, plan.test_every)
        self.part(plan.systems[0])  # refuses what the data set has too few images for; all systems are of one seed
        self._hold = _prepare_folder(plan)
        for system in plan.systems:
            self._check_earlier(system)

    def run(self, system):
        """Fit and evaluate one system, or finish that, or read it; return its entry of results.json."""
        plan = self.plan
        path, about = plan.folder(system) / "result.json", self._about(system)
        if path.exists():
            say(f"{system.label}: finished before, read from {path}")
            run, own = read_result(path), {"dataset": plan.dataset, "method": system.method, "seed": system.seed}
            same_run({key: run[key] for key in own}, own, path)
            return run
        with system.to(self.xp).workers(plan.threads) as workers:
            self.fit(system, workers)
            part, start = self.part(system), time.monotonic()
            figures, of_each_image = evaluate(system, self.dataset, part.images, part.labels, workers, _detail,
                                               part.learnt)
            seconds = {**system.seconds, "evaluate": time.monotonic() - start}
        settings = system.describe()["settings"]
        run = {"dataset": plan.dataset, "system": system.name, "method": system.method, "preset": system.preset,
               "recipe": settings.get("recipe", {}).get("name"), "seed": system.seed, "epochs": system.epochs,
               "train_images": len(part.images), "history": system.history, **figures, "seconds": seconds,
               "peak_mb": peak_memory(), "settings": settings.get("recipe", settings), "command": plan.command,
               "environment": environment(self.xp, workers.threads)}
        write_result(path, about, run, of_each_image)
        _detail(f"{top1(run)}, angular MAP (full ranking, test-vs-test) "
                f"{run['retrieval']['test-vs-test']['angular']['map']:.3f}")
        return run

    def fit(self, system, workers=None):
        """Fit a system, going on where a checkpoint lies, and keep it; return it."""
        plan, part, folder = self.plan, self.part(system), self.plan.folder(system)
        say(f"{plan.dataset}, {system.label}:")
        with nullcontext(workers) if workers else system.to(self.xp).workers(plan.threads) as pool:
            system.fit(part.images, part.labels, classes=len(self.dataset.class_names), workers=pool,
                       path=folder / "checkpoint.npz", resume=True, say=_detail, about=plan.about(),
                       checkpoint_seconds=plan.checkpoint_seconds,
                       validate=_validation(part, pool) if len(part.held_labels) else None)
        system.save(folder / "system.npz", plan.about())
        return system

    def _about(self, system):
        """Return what tells the run of a system from others; its files say the same of themselves."""
        return {**self.plan.about(), **_unfitted(system)}

    def _check_earlier(self, system):
        """Refuse what lies in the folder of a system's run if it is of another run."""
        folder, about = self.plan.folder(system), json.loads(json.dumps(self._about(system)))
        if (folder / "result.json").exists():
            read_result(folder / "result.json", about)
            return
        for path in sorted(folder.glob("*.npz")):
            if path.name != PREDICTIONS:
                description = checkpoint.load(path)[1]
                said = {**description.get("run", {}), **description.get("about", {})}
                same_run({key: said.get(key) for key in about}, about, path)
        if not (folder / "system.npz").exists():
            system.check(len(self.part(system).images), folder)

    def part(self, system):
        """Return the `Split` that a system learns from."""
        return split(self.dataset, self.plan.train_images, self.plan.validation, system.seed)

    def retrieval_held_out(self, system):
        """Return {"map", "map_at_30"} of a fitted system by angle, each held-out image searching the others."""
        part = self.part(system)
        descriptors = backend.to_device(system.descriptors(part.held_images), self.xp)
        found = evaluate_retrieval(descriptors, part.held_labels, descriptors, part.held_labels, "angular",
                                   exclude_self=True)
        return {key: found[key] for key in ("map", "map_at_30")}


def evaluate_file(path, data_folder=None, xp=np, threads=None):
    """Return what `evaluate` finds for the system in a file, on the data set that it was fitted to, and the system."""
    system, dataset, part = load_fitted(path, data_folder)
    with system.to(xp).workers(threads) as workers:
        figures, each = evaluate(system, dataset, part.images, part.labels, workers, _detail, part.learnt)
    return {"dataset": dataset.name, "method": system.method, **figures}, each, system


def codes_of_file(path, bits, data_folder=None, xp=np, threads=None):
    """Return what codes of a system's descriptors are worth on the data set that it was fitted to.

    The system is that in a file; there is an entry of `documents.CODES` for each number of `bits`.
    """
    system, dataset, part = load_fitted(path, data_folder)
    with system.to(xp).workers(threads) as workers:
        described = Described(system, dataset, part.learnt, workers, _detail)
        return [{"dataset": dataset.name, "system": system.name, "method": f"{system.label}_{some}",
                 "seed": system.seed, "hashing": described.thresholded(some)} for some in bits]


def load_fitted(path, data_folder=None):
    """Return the system in a file, the data set that it was fitted to, and the `Split` of its run.

    Raises
    ------
    CheckpointError
        If the file does not say which data set it was fitted to.
    """
    system = systems.load(path)
    run = system.run
    if not schema.fits(run, LEARNT_FROM):
        raise CheckpointError(f"{path} does not say which data set it was fitted to: fit it with `scratchnet train`")
    dataset = every(data.load(run["dataset"], data_folder), run.get("train_every", 1), run.get("test_every", 1))
    return system, dataset, split(dataset, run["train_images"], run["validation"], system.seed)


def _detail(line):
    say(f"  {line}")


def top1(run):
    """Return a run's accuracy in words."""
    return f"Top-1 {run['accuracy']['top1']:.1%}" if run["accuracy"] else "no classes"


def _unfitted(system):
    """Return what a system says of itself before it has seen any image."""
    return {key: value for key, value in system.describe().items() if key != "classes"}


def _validation(part, workers):
    def validate(system):
        scores = system.outputs(part.held_images, workers).get("scores")
        return {} if scores is None else {
            "validation_top1": classification(scores, part.held_labels)["accuracy"]["top1"]}
    return validate


def _prepare_folder(plan):
    """Make the output folders ours, if they can be written and nothing of an earlier run is overwritten; return the
    hold."""
    runs = [plan.folder(system) for system in plan.systems]
    there = [folder for folder in (*runs, plan.out / "figures") if os.path.lexists(folder)]
    for folder in (plan.out, plan.out / "runs", *there):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise OutputError(f"cannot write to {folder}: {error.strerror}; choose another --out") from None
    held = hold(plan.out)
    if held is None:
        raise OutputError(f"another run writes to {plan.out}: wait until it has finished, or choose another --out")
    earlier = [plan.out / "results.json", *runs]
    if not plan.resume and any(path.exists() for path in earlier):
        raise OutputError(f"{plan.out} holds an earlier run: add --resume to continue it, or choose another --out")
    return held
