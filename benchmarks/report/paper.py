"""The paper's Tables 2 to 5 with ours beside them, from finished runs.

results/paper/*.json are the result.json of runs of `scratchnet reproduce`, each with its command, commit and machine,
and beside some what they kept of each test image. What has not been run is not in the tables. The run that became the
bundled weights stands with the figures of its model card, which are those of the weights as they are bundled.
"""
import numpy as np

from scratchnet import trained
from scratchnet.documents import RESULT
from scratchnet.experiments.publish import FIGURES
from scratchnet.report.html import signed
from scratchnet.report.paper_tables import ACCURACY, CONFUSION, LABELS, RETRIEVAL, RETRIEVAL_METHOD, TITLES
from scratchnet.report.references import KEYS, duplicate_rows
from scratchnet.retrieval import PROTOCOLS
from scratchnet.retrieval.floor import chance, class_floor

from . import TIMES, read, write_between
from .claims import claims_tables
from .predictions import kept_in

EXPLAINED = "Each figure is the mean over all queries; R images are of the query's class. " + "; ".join(
    f"*{name}*: {text}" for name, text in KEYS.values()) + (
    ". *Class floor*: what the predicted classes alone give, that is, images of the query's predicted class first, in "
    "random order within and after that class; the paper's follows from its Figure 9. *Chance*: a random order. "
    "*Without near-duplicates*: Top-1 without the test images that have one among the training images; MAP without "
    "those that have one there or among the other test images, both as queries and in the gallery (lists of ciFAIR, "
    "Barz and Denzler 2020). In *test-vs-test* each test image searches the 9,999 others, in *test-vs-train* the "
    "50,000 training images. The descriptor is taken after the ReLU. Dashes: not measured, or not stated.\n")
METRICS = {"euclidean": "Euclidean", "manhattan": "Manhattan", "angular": "angular"}
TEST, NONE = PROTOCOLS[0], "–"
FIGURE_9 = np.round(1000 * np.array(CONFUSION)).astype(int)  # of 1,000 images of each class


def write(results, root):
    """Write the tables of results/README.md, if there are runs."""
    runs = [content["run"] for content in read(results, RESULT).values()]
    if runs:
        tables, times = [], query_ms(results.parent)
        for dataset in ACCURACY:
            if groups := of(map(as_bundled, runs), dataset):
                tables += [accuracy_table(groups, dataset), map_table(groups, dataset, times),
                           depth_table(groups, dataset)]
        tables += [EXPLAINED, claims_tables(runs, kept_in(results))]
        write_between(root / "benchmarks/results/README.md", "paper", "\n".join(table for table in tables if table))


def as_bundled(run):
    """Return a run, with the figures of the bundled weights if they came from it."""
    for card in map(trained.card, trained.NAMES):
        if card["training"] == {key: run.get(key) for key in card["training"]}:
            return run | {key: card[key] for key in FIGURES if key in card}
    return run


def of(runs, dataset):
    """Return {(method, recipe): runs by seed} of one data set, in the paper's order, its own recipe first."""
    groups = {}
    order = list(LABELS)
    for run in sorted(runs, key=lambda run: (run["recipe"] != "paper", order.index(run["method"]), run["seed"])):
        if run["dataset"] == dataset:
            groups.setdefault((run["method"], run["recipe"]), []).append(run)
    return groups


def accuracy_table(groups, dataset):
    """Return Table 2 or 3: ours (the paper's, difference), without near-duplicates, and the range of the seeds."""
    lines = [f"| {TITLES[dataset]}, accuracy in % of all 10,000 test images | Top-1 | Top-2 | Top-3 | Top-1 without "
             "near-duplicates | Top-1 of all seeds |", "|---|---|---|---|---|---|"]
    for (method, recipe), runs in groups.items():
        cells = [label(method, recipe, runs)]
        for k, paper in zip(("top1", "top2", "top3"), ACCURACY[dataset][method]):
            ours = 100 * runs[0]["accuracy"][k]
            cells.append(f"**{ours:.1f}** ({paper}, {signed(ours - paper, 1)})")
        clean = [f"{without:.1f}" for _, (_, without), _ in duplicate_rows(runs[:1])]
        lines.append(f"| {' | '.join([*cells, *(clean or [NONE]), spread(_top1(runs), 1)])} |")
    return "\n".join(lines) + "\n"


def _top1(runs):
    return [100 * run["accuracy"]["top1"] for run in runs]


def query_ms(results):
    """Return {metric: ms per query among 10,000} as `benchmarks.retrieval` measured it, from query.json."""
    rows = read(results, TIMES, "query.json").get("query", {"rows": []})["rows"]
    return {row["metric"]: row["median_ms"] for row in rows
            if row["backend"] == "numpy" and row["case"].endswith("one query at a time")}


def map_table(groups, dataset, times):
    """Return Table 4 or 5 over the full ranking: ours (difference from the paper's), and what to read it against.

    The last line has the `times` of a query, where they were measured, and the paper's.
    """
    lines = [f"| {TITLES[dataset]}, MAP over the full ranking, test-vs-test | {' | '.join(METRICS.values())} | class "
             "floor | angular, without near-duplicates | angular, test-vs-train (its class floor) |",
             "|---|---|---|---|---|---|---|"]
    paper = [RETRIEVAL[dataset][metric][0] for metric in METRICS]
    theirs = f"{class_floor(FIGURE_9)['map']:.3f}" if dataset == "cifar10" else NONE
    lines.append(f"| the paper, {LABELS[RETRIEVAL_METHOD]}; depth, denominator and gallery not stated | "
                 f"{' | '.join(map(str, paper))} | {theirs} | {NONE} | {NONE} |")
    for (method, recipe), runs in groups.items():
        cells, ranges = [label(method, recipe, runs)], [f"{_seeds(runs)}: lowest to highest"]
        for metric, theirs in zip(METRICS, paper):
            found = [run["retrieval"][TEST][metric]["map"] for run in runs]
            difference = f" ({signed(found[0] - theirs, 3)})" if method == RETRIEVAL_METHOD else ""
            cells.append(f"**{found[0]:.3f}**{difference}")
            ranges.append(f"{min(found):.3f} to {max(found):.3f}")
        floors = [floor(run)["map"] for run in runs]
        clean = [f"{without:.3f}" for *_, (_, without) in duplicate_rows(runs[:1])]
        train, train_floor = runs[0]["retrieval"][PROTOCOLS[1]]["angular"]["map"], runs[0].get("class_floor")
        beside = f" ({train_floor[PROTOCOLS[1]]['map']:.3f})" if train_floor else ""
        cells += [f"{floors[0]:.3f}", *(clean or [NONE]), f"{train:.3f}{beside}"]
        ranges += [f"{min(floors):.3f} to {max(floors):.3f}", "", ""]
        lines += [f"| {' | '.join(row)} |" for row in ((cells, ranges) if len(runs) > 1 else (cells,))]
    by_chance = chance(np.sum(next(iter(groups.values()))[0]["confusion"], axis=1))["map"]
    lines.append(f"| chance | {' | '.join(3 * [f'{by_chance:.3f}'])} | | | |")
    if times:
        cells = [f"{times[metric]:.2f} ({1000 * RETRIEVAL[dataset][metric][1]:.0f})" for metric in METRICS]
        lines.append("| ms per query, ours for the 30 nearest of 10,000 made-up descriptors on two cores (the paper's: "
                     f"machine, gallery and depth not stated) | {' | '.join(cells)} | | | |")
    return "\n".join(lines) + "\n"


def depth_table(groups, dataset):
    """Return the angular figures of the first 30 by each definition, each with its class floor in brackets."""
    keys, names = list(KEYS)[1:], " | ".join(name for name, _ in list(KEYS.values())[1:])
    lines = [f"| {TITLES[dataset]}, the first 30 by angle (class floor) | {names} |", "|---|---|---|---|---|"]
    for (method, recipe), runs in groups.items():
        for protocol in PROTOCOLS:
            figures = runs[0]["retrieval"][protocol]["angular"]
            beneath = floor(runs[0]) if protocol == TEST else (runs[0].get("class_floor") or {}).get(protocol)
            cells = [f"{label(method, recipe, runs)}, {protocol}"]
            for key in keys:
                under = f" ({beneath[key]:.3f})" if beneath else ""
                cells.append(f"**{figures[key]:.3f}**{under}" if key in figures else NONE)
            lines.append(f"| {' | '.join(cells)} |")
    by_chance = chance(np.sum(next(iter(groups.values()))[0]["confusion"], axis=1))
    lines.append(f"| chance, {TEST} | {' | '.join(f'{by_chance[key]:.3f}' for key in keys)} |")
    return "\n".join(lines) + "\n"


def floor(run):
    """Return the class floor of a run in test-vs-test, from its confusion matrix where it was not kept."""
    return (run.get("class_floor") or {}).get(TEST) or class_floor(run["confusion"])


def label(method, recipe, runs=()):
    """Return the paper's name of a method, the recipe where it is not the paper's, and the seed if it is not 0."""
    first = f", seed {runs[0]['seed']}" if runs and runs[0]["seed"] else ""
    return LABELS[method] + ("" if recipe == "paper" else f", recipe {recipe}") + first


def _seeds(runs):
    return f"seed{'s' * (len(runs) > 1)} {', '.join(str(run['seed']) for run in runs)}"


def spread(values, digits):
    """Return lowest and highest of several seeds, or nothing for one."""
    if len(values) < 2:
        return ""
    return f"{np.min(values):.{digits}f} to {np.max(values):.{digits}f} ({len(values)})"
