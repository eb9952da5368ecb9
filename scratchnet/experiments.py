"""From a data set's name to the paper's tables: one run for each method, each run in a folder of its own.

    OUT/results.json  OUT/report.html  OUT/figures/*.png
    OUT/runs/DATASET-METHOD-RECIPE-seedN/{checkpoint.npz, pretraining.npz, predictions.npz, result.json}

A run that was cut off is resumed from its checkpoint, a finished one is read from its result.json, so that
reporting never computes anything twice.
"""
import json
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from tqdm import tqdm

from . import backend, checkpoint, data, files
from .backend import to_device, to_host
from .checks import positive
from .data.splits import hold_out
from .environment import environment
from .errors import CheckpointError, OutputError, SettingsError
from .evaluate import classification, evaluate, outputs
from .losses import SoftmaxCrossEntropy
from .parallel import CHUNK, Workers
from .retrieval import evaluate_retrieval
from .suggest import nearest
from .systems.kuo2016 import METHODS, Kuo2016
from .systems.recipe import SCHEDULES, Recipe
from .training.optimizers import SGD
from .training.trainer import Trainer

FOLD_IMAGES = 5000  # whose statistics replace those of a batch after training, where a recipe normalises batches


@dataclass
class Plan:
    """What to run; the fields are the options of `scratchnet reproduce`."""

    dataset: str
    out: Path
    methods: tuple = tuple(METHODS)
    epochs: int = 25
    seed: int = 0
    backend: str = "auto"
    data: str | None = None
    resume: bool = False
    train_images: int | None = None
    validation: int = 0
    threads: int | None = None
    checkpoint_seconds: float = 30.0
    recipe: Recipe = field(default_factory=Recipe)
    command: str = ""

    def __post_init__(self):
        positive(epochs=self.epochs)
        for method in self.methods:
            if method not in METHODS:
                raise SettingsError(f"there is no method {method!r}{nearest(method, METHODS)}: "
                                    f"choose all or some of {', '.join(METHODS)}")
        if self.seed < 0:
            raise SettingsError(f"the seed must be at least 0, got {self.seed}")
        if self.train_images is not None:
            positive(train_images=self.train_images)
        self.out = Path(self.out)

    def folder(self, method):
        """Return the folder of one method's run."""
        return self.out / "runs" / f"{self.dataset}-{method}-{self.recipe.name}-seed{self.seed}"

    def about(self, method):
        """Return what tells this run from any other, without what does not change its results."""
        return {"dataset": self.dataset, "method": method, "recipe": asdict(self.recipe), "seed": self.seed,
                "epochs": self.epochs, "train_images": self.train_images, "validation": self.validation}


class Experiment:
    """A plan with its data loaded, its backend chosen and its workers started. Use it in a ``with`` block."""

    def __init__(self, plan):
        self.plan = plan
        self.xp = backend.select(plan.backend)
        self.dataset = data.load(plan.dataset, plan.data)
        self.images, self.labels = _subset(self.dataset, plan)
        _prepare_folder(plan)
        self.workers = workers_for(self.xp, plan.threads, plan.recipe.batch)
        self.environment = environment(self.xp, self.workers.threads)

    def __enter__(self):
        self.workers.__enter__()
        return self

    def __exit__(self, *error):
        self.workers.__exit__(*error)

    def run(self, method):
        """Train and evaluate one method, or finish it, or read it; return its entry of results.json."""
        plan = self.plan
        path = plan.folder(method) / "result.json"
        if path.exists():
            tqdm.write(f"{method}: finished before, read from {path}")
            return _read_result(path, plan.about(method))
        system, history, seconds = self.train(method)
        start = time.monotonic()
        figures, each_image = evaluate(system, self.dataset, self.images, self.labels, self.workers, self.xp, _say)
        seconds["evaluate"] = time.monotonic() - start
        run = {"dataset": plan.dataset, "method": method, "recipe": plan.recipe.name, "seed": plan.seed,
               "epochs": plan.epochs, "train_images": len(self.images), "history": history, **figures,
               "seconds": seconds, "settings": asdict(plan.recipe), "command": plan.command,
               "environment": self.environment}
        with files.atomic_write(path.with_name("predictions.npz")) as file:
            np.savez_compressed(file, **each_image)
        files.write_json(path, {"about": plan.about(method), "run": run})
        _say(f"Top-1 {run['accuracy']['top1']:.1%}, angular MAP (full ranking, test-vs-test) "
             f"{run['retrieval']['test-vs-test']['angular']['map']:.3f}")
        return run

    def train(self, method):
        """Return one method's trained system, its history and the seconds it took; resume where a checkpoint lies."""
        plan, recipe = self.plan, self.plan.recipe
        system = Kuo2016(method, len(self.dataset.class_names), recipe, plan.seed)
        learn, held = _split(self.labels, plan)
        rgb, labels = self.images[learn], self.labels[learn]
        images = system.images(to_device(rgb, self.xp))
        system.fit_standardizer(images)
        tqdm.write(f"{plan.dataset}, {method}: {len(images):,} images of {images.shape[3]} channels, "
                   f"{plan.epochs} epochs")
        seconds = {"pretrain": self._pretrain(system, rgb, to_host(images)) if system.pretrained else 0.0}
        system.network.to(self.xp)
        path = plan.folder(method) / "checkpoint.npz"
        trainer = Trainer(system.network, SGD(recipe.momentum, True, recipe.weight_decay),
                          SCHEDULES[recipe.schedule](recipe.rate), self.workers, system.prepare, plan.epochs,
                          recipe.batch, plan.seed, path, {**system.describe(), **plan.about(method)},
                          plan.checkpoint_seconds, report=_say, loss=SoftmaxCrossEntropy(recipe.smoothing))
        if path.exists():
            trainer.resume()
        history = trainer.fit(images, to_device(labels, self.xp),
                              self._validation(system, images, held) if len(held) else None)
        seconds["train"] = sum(row["seconds"] for row in history)
        return system.folded(images[:FOLD_IMAGES]), history, seconds

    def retrieval_held_out(self, system):
        """Return {"map", "map_at_30"} of a trained system by angle, each held-out image searching the others."""
        _, held = _split(self.labels, self.plan)
        before, _ = outputs(system, self.images[held], self.workers, self.xp)
        descriptors, labels = to_device(np.maximum(before, 0), self.xp), self.labels[held]
        found = evaluate_retrieval(descriptors, labels, descriptors, labels, "angular", exclude_self=True,
                                   threads=self.workers.threads)
        return {key: found[key] for key in ("map", "map_at_30")}

    def _pretrain(self, system, rgb, images):
        """Start the network from pre-trained kernels, learnt now or read from an earlier run; return the seconds."""
        path = self.plan.folder(system.method) / "pretraining.npz"
        if path.exists():
            learnt, description = checkpoint.load(path)
            _same_run(description["about"], self.plan.about(system.method), path)
        else:
            start = time.monotonic()
            with tqdm(total=system.recipe.pretrain_iterations, desc="auto-encoder", unit=" iterations",
                      leave=False, disable=None) as bar:
                learnt = system.pretrain(rgb, images, self.xp, lambda i, cost, theta: bar.update(),
                                         self.workers.threads)
            description = {"about": self.plan.about(system.method), "seconds": time.monotonic() - start}
            checkpoint.save(path, learnt, description)
            _say(f"auto-encoder: cost {learnt['costs'][0]:.3f} to {learnt['costs'][-1]:.3f} in "
                 f"{len(learnt['costs'])} iterations, {description['seconds']:.0f} s")
        system.start_from(learnt)
        return description["seconds"]

    def _validation(self, system, images, held):
        rgb, labels = self.images[held], self.labels[held]

        def validate():
            _, scores = outputs(system.folded(images[:FOLD_IMAGES]), rgb, self.workers, self.xp)
            return {"validation_top1": classification(scores, labels)["accuracy"]["top1"]}
        return validate


def _say(line):
    tqdm.write(f"  {line}")


def _subset(dataset, plan):
    """Return the training images and labels that the plan uses: all, or a balanced part drawn by its seed."""
    images, labels = dataset.train_images, dataset.train_labels
    if plan.train_images is None or plan.train_images == len(labels):
        return images, labels
    if plan.train_images > len(labels):
        raise SettingsError(f"{plan.dataset} has {len(labels):,} training images, --train-images asks for "
                            f"{plan.train_images:,}")
    _, chosen = hold_out(labels, plan.train_images, np.random.default_rng([plan.seed, 3]))
    return images[chosen], labels[chosen]


def _split(labels, plan):
    """Return the indices to learn from and those held out for validation."""
    if not plan.validation:
        return np.arange(len(labels)), np.arange(0)
    return hold_out(labels, plan.validation, np.random.default_rng([plan.seed, 4]))


def _prepare_folder(plan):
    """Make sure that the output folder can be written, and that nothing of an earlier run is overwritten."""
    try:
        plan.out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=plan.out):
            pass
    except OSError as error:
        raise OutputError(f"cannot write to {plan.out}: {error.strerror}; choose another --out") from None
    earlier = [plan.out / "results.json", *map(plan.folder, plan.methods)]
    if not plan.resume and any(path.exists() for path in earlier):
        raise OutputError(f"{plan.out} holds an earlier run: add --resume to go on with it, or choose another --out")


def _same_run(found, wanted, path):
    different = sorted(key for key in {*found, *wanted} if found.get(key) != wanted.get(key))
    if different:
        raise CheckpointError(f"{path} belongs to a run with another {', '.join(different)}: use the same settings "
                              "to resume, or another --out to start afresh")


def _read_result(path, about):
    try:
        stored = json.loads(path.read_text())
        found, run = stored["about"], stored["run"]
    except (ValueError, KeyError, TypeError):
        raise CheckpointError(f"{path} is damaged: delete it, and --resume evaluates that run again") from None
    _same_run(found, json.loads(json.dumps(about)), path)
    return run


def load_trained(path, data_folder=None, xp=np):
    """Return the system in a checkpoint, ready for use, its data set, and the images and labels of its run.

    Raises
    ------
    CheckpointError
        If the checkpoint does not say which data set it was trained on.
    """
    system, about = Kuo2016.load(path)
    if not {"dataset", "train_images", "validation"} <= set(about):
        raise CheckpointError(f"{path} does not say which data set it was trained on: train it with `scratchnet train`")
    system.network.to(xp)
    plan = Plan(about["dataset"], path.parent, (system.method,), seed=about["seed"], data=data_folder,
                train_images=about["train_images"], validation=about["validation"])
    dataset = data.load(plan.dataset, plan.data)
    images, labels = _subset(dataset, plan)
    learn, _ = _split(labels, plan)
    return system.folded(system.images(images[learn[:FOLD_IMAGES]])), dataset, images, labels


def evaluate_checkpoint(path, data_folder=None, xp=np, threads=None):
    """Return what `evaluate` finds for the system in a checkpoint, on the data set that it was trained on."""
    system, dataset, images, labels = load_trained(path, data_folder, xp)
    with workers_for(xp, threads, system.recipe.batch) as workers:
        return evaluate(system, dataset, images, labels, workers, xp, _say)[0]


def workers_for(xp, threads, batch):
    """Return threads and small chunks on a CPU; on a GPU, which is parallel in itself, one thread and whole batches."""
    return Workers(threads, CHUNK) if xp is np else Workers(1, batch)
