"""One command from images to the paper's tables and figures: results.json, report.html and figures/*.png."""
import json
import time
from dataclasses import asdict

from tqdm import tqdm

from . import checkpoint, files, plotting
from .errors import CheckpointError
from .evaluate import examples
from .experiments import Experiment
from .report import figures, write_report
from .systems.ledger import LEDGER
from .trained import load_pretrained

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
            files.write_json(path, results)
    tqdm.write("drawing the figures and the report")
    drawn = looked + draw(plan, experiment.dataset, results["runs"])
    write_report(results, {plan.dataset: drawn}, LEDGER, asdict(plan.recipe), plan.out / "report.html")
    for line in _closing_lines(plan, results):
        tqdm.write(line)
    return results


def show_pretrained(plan, dataset):
    """Draw what the weights of the package retrieve from the test images; return figures as `draw` does."""
    start, listed = time.monotonic(), []
    found = examples(load_pretrained("cifar10").descriptors(dataset.test_images), dataset)
    remark = "; the weights have seen all of CIFAR-10's training images and no test image"
    for name, *rest in figures.retrieved(found, dataset, "trained weights of the package", remark):
        listed.append(_kept(plan, f"pretrained-{name}", *rest))
        tqdm.write(f"trained weights of the package: {name} in {listed[-1][2]}")
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
    mine = [run for run in runs if run["dataset"] == plan.dataset and run["method"] in plan.methods
            and run["recipe"] == plan.recipe.name and run["seed"] == plan.seed]
    listed = [_kept(plan, *figures.channels(dataset))]
    for run in mine:
        path = plan.folder(run["method"]) / "pretraining.npz"
        if path.exists():
            for name, *rest in figures.pretraining(checkpoint.load(path)[0], run["method"]):
                listed.append(_kept(plan, f"{run['method']}-{name}", *rest))
    listed.append(_kept(plan, *figures.curves({run["method"]: run["history"] for run in mine})))
    for run in mine:
        for name, *rest in (figures.confusion(run, dataset.class_names),
                            *figures.retrieved(run["examples"], dataset, f"Figures 10 and 11, {run['method']}")):
            listed.append(_kept(plan, f"{run['method']}-{name}", *rest))
    return listed


def _kept(plan, name, figure, title, caption):
    """Write a figure to the plan's folder; return title, caption and path."""
    path = plan.out / "figures" / f"{plan.dataset}-{name}.png"
    plotting.save(figure, path)
    return title, caption, path


def _closing_lines(plan, results):
    yield f"{'method':22} {'Top-1':>7} {'Top-3':>7}   angular MAP (full ranking / at 30, test-vs-test)"
    for run in results["runs"]:
        if run["dataset"] == plan.dataset:
            angular = run["retrieval"]["test-vs-test"]["angular"]
            yield (f"{run['method']:22} {run['accuracy']['top1']:7.1%} {run['accuracy']['top3']:7.1%}   "
                   f"{angular['map']:.3f} / {angular['map_at_30']:.3f}")
    yield f"open {plan.out / 'report.html'}"
