"""One command from images to the paper's tables and figures: results.json, report.html and figures/*.png."""
import time

from .. import plotting, systems
from ..environment import environment
from ..progress import say
from ..report import figures, write_report
from ..systems.ledger import LEDGER
from ..trained import load_pretrained
from .evaluation import examples
from .predictions import kept
from .results import read_results, write_results
from .run import Experiment


def reproduce(plan, first_look=False):
    """Run all systems of a `Plan`, write its output folder and return the content of results.json.

    The results file is rewritten after each system, so that finished runs are never lost. Runs of other
    systems, data sets or seeds that an earlier command left in the same folder stay in it. With `first_look`, the
    bundled weights retrieve pictures before anything is trained.
    """
    path, experiment = plan.out / "results.json", Experiment(plan)
    looked = show_bundled(plan, experiment.dataset) if first_look else []
    results = {"command": plan.command, "environment": environment(experiment.xp, plan.threads),
               "runs": read_results(path)["runs"] if path.exists() else []}
    mine = []
    for system in plan.systems:
        mine.append(experiment.run(system))
        results["runs"] = [run for run in results["runs"] if _key(run) != _key(mine[-1])] + mine[-1:]
        write_results(path, results)
    say("drawing the figures and the report")
    drawn = looked + draw(plan, experiment, mine)
    named = {run["system"] for run in results["runs"]}
    finished = [(path, path.with_name("predictions.npz")) for path in sorted(plan.out.glob("runs/*/result.json"))]
    write_report(results, {plan.dataset: drawn}, [row for row in LEDGER if row["system"] in named],
                 plan.out / "report.html", kept(finished, {plan.dataset: experiment.dataset.test_labels}))
    for line in _closing_lines(plan, results):
        print(line)
    return results


def show_bundled(plan, dataset):
    """Draw what the bundled weights retrieve from the test images; return figures as `draw` does."""
    start, listed = time.monotonic(), []
    found = examples(load_pretrained("cifar10").descriptors(dataset.test_images), dataset)
    remark = "; the weights were trained on all of CIFAR-10's training images and on no test image"
    for name, *rest in figures.retrieved(found, dataset, "bundled weights", remark):
        listed.append(_kept(plan, f"bundled-{name}", *rest))
        say(f"bundled weights: {name} in {listed[-1][2]}")
    say(f"  ({time.monotonic() - start:.0f} s) now the same from nothing:")
    return listed


def _key(run):
    return tuple(run[key] for key in ("dataset", "system", "method", "recipe", "preset", "seed"))


def draw(plan, experiment, runs):
    """Draw the figures of this plan's runs and return [(title, caption, path), ...] for the report."""
    dataset = experiment.dataset
    listed = [_kept(plan, *figures.channels(dataset))]
    for system in plan.systems:
        path = plan.folder(system) / "pretraining.npz"
        if path.exists():
            learnt, _ = system.read_pretraining(path)
            plain = system.unwhitened_kernels(experiment.part(system).images) if len(learnt["costs"]) else None
            for name, *rest in figures.pretraining(learnt, plain, system.method):
                listed.append(_kept(plan, f"{system.method}-{name}", *rest))
        if type(system).pictures is not systems.System.pictures:
            fitted = system if system.classes else systems.load(plan.folder(system) / "system.npz")
            for name, sets in fitted.pictures().items():
                listed.append(_kept(plan, f"{system.method}-{name}", *figures.tiles(name, sets, system.method)))
    listed.append(_kept(plan, *figures.curves({run["method"]: run["history"] for run in runs})))
    for run in runs:
        drawn = [figures.confusion(run, dataset.class_names)] if run["confusion"] else []
        drawn += figures.retrieved(run["examples"], dataset, f"Figures 10 and 11, {run['method']}")
        listed += [_kept(plan, f"{run['method']}-{name}", *rest) for name, *rest in drawn]
    return listed


def _kept(plan, name, figure, title, caption):
    """Write a figure to the plan's folder; return title, caption and path."""
    path = plan.out / "figures" / f"{plan.dataset}-{name}.png"
    plotting.save(figure, path)
    return title, caption, path


def _closing_lines(plan, results):
    yield f"{'method':22} {'Top-1':>7}   angular MAP (full ranking / at 30, test-vs-test)"
    for run in results["runs"]:
        if run["dataset"] == plan.dataset:
            angular = run["retrieval"]["test-vs-test"]["angular"]
            share = f"{run['accuracy']['top1']:.1%}" if run["accuracy"] else ""
            yield f"{run['method']:22} {share:>7}   {angular['map']:.3f} / {angular['map_at_30']:.3f}"
    yield f"open {plan.out / 'report.html'}"
