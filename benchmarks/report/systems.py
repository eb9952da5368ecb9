"""The systems that the paper compares with, run here: their published accuracy and ours, retrieval, time and memory.

results/systems/*.json are the result.json of runs of `scratchnet reproduce --systems ...`, their predictions beside
them. The command `scratchnet systems` shows a part of the table, which is why some figures go into the package, too.
"""
from scratchnet import documents, systems
from scratchnet.documents import RESULT
from scratchnet.report.html import duration, signed
from scratchnet.report.paper_tables import RETRIEVAL, RETRIEVAL_METHOD, SYSTEMS, TITLES, TRAIN_IMAGES

from . import read, write_between

OWN = f"{RETRIEVAL_METHOD}-paper-seed0"  # the run of the paper's own system that stands in the last line


def write(results, root):
    """Write the table of results/README.md, and scratchnet/systems/measured.json, if there are runs."""
    runs = [content["run"] for content in read(results / "systems", RESULT).values()]
    own = [content["run"] for content in read(results / "paper", RESULT, f"*{OWN}.json").values()]
    if runs:
        write_between(root / "benchmarks/results/README.md", "systems", table(runs, own))
        if (root / "scratchnet/systems").is_dir():  # not where somebody draws results of their own
            documents.write(root / "scratchnet/systems/measured.json", measured([*runs, *own]))


def table(runs, own):
    """Return a line for each run, by data set and published accuracy, those of the paper's own system last."""
    lines = ["| system | published, Top-1 in % | ours | angular MAP: full ranking; at 30 / found | fit | peak memory |",
             "|---|---|---|---|---|---|"]
    for dataset in RETRIEVAL:
        mine = [run for run in runs if run["dataset"] == dataset and "hashing" not in run]  # codes have other tables
        mine.sort(key=lambda run: (_published(run) or 0, run["method"], run["seed"]))
        for run in [*mine, *(run for run in own if run["dataset"] == dataset)]:
            lines.append(f"| {' | '.join(_cells(run, dataset))} |")
    return "\n".join(lines) + "\n"


def _cells(run, dataset):
    name = run["system"]
    published = _published(run)
    ours, angular = 100 * run["accuracy"]["top1"], run["retrieval"]["test-vs-test"]["angular"]
    difference = f" ({signed(ours - published, 1)})" if published else ""
    label = SYSTEMS.get(run["method"], f"{systems.system_class(name).title} (this paper)")
    if run["train_images"] < TRAIN_IMAGES:
        label += f", learnt from {run['train_images']:,} images"
    return (f"{TITLES[dataset]}: {label}", f"{published:.1f}" if published else "", f"**{ours:.1f}**{difference}",
            f"{angular['map']:.3f}; {angular['map_at_30']:.3f}", duration(_fit_seconds(run)),
            f"{run['peak_mb']:,.0f} MB" if run["peak_mb"] else "")


def _published(run):
    """Return the published Top-1 in percent of what a run repeats, or None: of part of the images there is none."""
    return None if run["train_images"] < TRAIN_IMAGES else systems.system_class(run["system"]).published_top1(
        run["method"], run["dataset"])


def measured(runs):
    """Return {system: {data set: {"top1", "seconds"}}}: of several runs of one, the first."""
    found = {}
    for run in runs:
        if run["accuracy"]:
            found.setdefault(run["system"], {}).setdefault(
                run["dataset"], {"top1": run["accuracy"]["top1"], "seconds": _fit_seconds(run)})
    return found


def _fit_seconds(run):
    return sum(seconds for part, seconds in run["seconds"].items() if part != "evaluate")
