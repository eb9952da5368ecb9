"""One command from images to the paper's tables and figures: results.json, report.html and figures/*.png."""
import json
import time
from dataclasses import asdict

import numpy as np
from tqdm import tqdm

from . import checkpoint, plotting
from .data.channels import add_channels
from .errors import CheckpointError
from .evaluate import examples
from .experiments import Experiment
from .pretrained import load_pretrained
from .report import write_report
from .systems.ledger import LEDGER

SCHEMA = 1


def reproduce(plan, first_look=False):
    """Run all methods of a `Plan`, write its output folder and return the content of results.json.

    The results file is written anew after each method, so that what is done is never lost. Runs of other
    methods, data sets or seeds that an earlier command left in the same folder stay in it. With `first_look`, the
    weights that come with the package retrieve pictures before anything is trained.
    """
    path = plan.out / "results.json"
    with Experiment(plan) as experiment:
        looked = show_pretrained(plan, experiment.dataset) if first_look else []
        results = {"schema": SCHEMA, "command": plan.command, "environment": experiment.environment,
                   "runs": _earlier_runs(path)}
        for method in plan.methods:
            run = experiment.run(method)
            results["runs"] = [r for r in results["runs"] if _key(r) != _key(run)] + [run]
            checkpoint.write_json(path, results)
    tqdm.write("drawing the figures and the report")
    figures = looked + draw(plan, experiment.dataset, results["runs"])
    write_report(results, {plan.dataset: figures}, LEDGER, asdict(plan.recipe), plan.out / "report.html")
    for line in _closing_lines(plan, results):
        tqdm.write(line)
    return results


def show_pretrained(plan, dataset):
    """Draw what the weights of the package retrieve from the test images; return figures as `draw` does."""
    start, listed = time.monotonic(), []
    for example in examples(load_pretrained("cifar10").descriptors(dataset.test_images), dataset):
        name, figure = _retrieved(example, dataset)
        path = plan.out / "figures" / f"{plan.dataset}-pretrained-retrieval-{name}.png"
        plotting.save(figure, path)
        tqdm.write(f"trained weights of the package: pictures like this {name} in {path}")
        listed.append((f"Retrieved for “{name}” by the trained weights of the package", f"The {len(example['ids'])} of "
                       f"{len(dataset.test_images):,} test images nearest to test image {example['query']} by angular "
                       "distance; the weights have seen all of CIFAR-10's training images and no test image.", path))
    tqdm.write(f"  ({time.monotonic() - start:.0f} s) now the same from nothing:")
    return listed


def _key(run):
    return run["dataset"], run["method"], run["recipe"], run["seed"]


def _earlier_runs(path):
    if not path.exists():
        return []
    try:
        stored = json.loads(path.read_text())
        if stored["schema"] > SCHEMA:
            raise CheckpointError(f"{path} was written by a newer version: upgrade scratchnet, or choose another --out")
        return stored["runs"]
    except (ValueError, KeyError, TypeError):
        raise CheckpointError(f"{path} is damaged: delete it; --resume writes it again from the runs") from None


def draw(plan, dataset, runs):
    """Draw the figures of this plan's runs and return [(title, caption, path), ...] for the report."""
    folder, listed = plan.out / "figures", []

    def add(name, figure, title, caption):
        plotting.save(figure, folder / f"{name}.png")
        listed.append((title, caption, folder / f"{name}.png"))

    mine = [run for run in runs if run["dataset"] == plan.dataset and run["method"] in plan.methods
            and run["recipe"] == plan.recipe.name and run["seed"] == plan.seed]
    add(f"{plan.dataset}-channels", *_channels(dataset))
    for run in mine:
        if (plan.folder(run["method"]) / "pretraining.npz").exists():
            learnt, _ = checkpoint.load(plan.folder(run["method"]) / "pretraining.npz")
            for name, *rest in _pretraining(learnt, run["method"]):
                add(f"{plan.dataset}-{run['method']}-{name}", *rest)
    add(f"{plan.dataset}-curves", plotting.curves_figure({run["method"]: run["history"] for run in mine}),
        "Training curves", "Loss and training Top-1 of each epoch, measured while the epoch runs.")
    for run in mine:
        for name, *rest in _evaluation(run, dataset):
            add(f"{plan.dataset}-{run['method']}-{name}", *rest)
    return listed


def _channels(dataset):
    first = [int(np.flatnonzero(dataset.test_labels == c)[0]) for c in range(min(6, len(dataset.class_names)))]
    names = [dataset.class_names[dataset.test_labels[i]] for i in first]
    return (plotting.channels_figure(add_channels(dataset.test_images[first]), names), "Input channels (Figure 4)",
            "The colour image, its gray level, and the two extra channels: mirrored and histogram-equalised gray.")


def _pretraining(learnt, method):
    K, _, C, _ = learnt["kernels"].shape
    raw, whitened = (learnt[name].reshape(-1, K, K, C) for name in ("patches", "whitened_patches"))
    yield ("patches", plotting.patches_figure(raw, whitened), f"Patches before and after whitening ({method})",
           "Whitening takes out what neighbouring pixels share: the covariance becomes nearly diagonal.")
    filters = (np.moveaxis(learnt[name], 3, 0) for name in ("kernels", "unwhitened_kernels"))
    yield ("filters", plotting.filters_figure(*filters), f"Filters of the auto-encoder (Figure 3, {method})",
           "What the 64 hidden units look for in a patch, each at its own contrast. With whitening (which is folded "
           "in here) they find fine edges and colour contrasts: these are the kernels with which conv1 starts. "
           "Without it, smooth shades and coarse edges win.")


def _evaluation(run, dataset):
    yield ("confusion", plotting.confusion_figure(np.array(run["confusion"]), dataset.class_names),
           f"Confusion matrix (Figure 9, {run['method']})", "Rows: actual class. Columns: predicted class.")
    for example in run["examples"]:
        name, figure = _retrieved(example, dataset)
        yield (f"retrieval-{name}", figure, f"Retrieved for “{name}” (Figures 10 and 11, {run['method']})",
               f"The {len(example['ids'])} test images nearest to test image {example['query']} by angular distance.")


def _retrieved(example, dataset):
    """Return the class of an example's query and the picture of what was found."""
    query, ids = example["query"], np.array(example["ids"])
    name, labels = dataset.class_names[dataset.test_labels[query]], dataset.test_labels[ids]
    return name, plotting.retrieval_figure(dataset.test_images[query], name, dataset.test_images[ids],
                                           labels == dataset.test_labels[query], np.array(example["distances"]),
                                           [dataset.class_names[label] for label in labels])


def _closing_lines(plan, results):
    yield f"{'method':22} {'Top-1':>7} {'Top-3':>7}   angular MAP (full ranking / at 30, test-vs-test)"
    for run in results["runs"]:
        if run["dataset"] == plan.dataset:
            angular = run["retrieval"]["test-vs-test"]["angular"]
            yield (f"{run['method']:22} {run['accuracy']['top1']:7.1%} {run['accuracy']['top3']:7.1%}   "
                   f"{angular['map']:.3f} / {angular['map_at_30']:.3f}")
    yield f"open {plan.out / 'report.html'}"
