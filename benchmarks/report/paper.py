"""The paper's Tables 2 to 5 with ours beside them, its claims, and its figures, from finished runs.

results/paper/*.json are the result.json of runs of `scratchnet reproduce`, each with its command, commit and machine.
What has not been run is not in the tables.
"""
import numpy as np

from scratchnet.documents import RESULT
from scratchnet.report.claims import claim_rows
from scratchnet.report.html import signed
from scratchnet.report.paper_tables import ACCURACY, LABELS, RETRIEVAL, RETRIEVAL_METHOD, TITLES

from . import TIMES, read, write_between

METRICS = {"euclidean": "Euclidean", "manhattan": "Manhattan", "angular": "angular"}


def write(results, root):
    """Write the tables of README.md, if there are runs."""
    runs = [content["run"] for content in read(results, RESULT).values()]
    if runs:
        tables, times = [], query_ms(results.parent)
        for dataset in ACCURACY:
            if groups := of(runs, dataset):
                tables += [accuracy_table(groups, dataset), map_table(groups, dataset, times)]
        write_between(root / "README.md", "paper", "\n".join([*tables, claims_table(runs)]))


def of(runs, dataset):
    """Return {(method, recipe): runs by seed} of one data set, in the paper's order, its own recipe first."""
    groups = {}
    order = list(LABELS)
    for run in sorted(runs, key=lambda run: (run["recipe"] != "paper", order.index(run["method"]), run["seed"])):
        if run["dataset"] == dataset:
            groups.setdefault((run["method"], run["recipe"]), []).append(run)
    return groups


def accuracy_table(groups, dataset):
    """Return Table 2 or 3: ours (the paper's, difference), and Top-1 of the lowest and highest seed."""
    lines = [f"| {TITLES[dataset]}, accuracy in % | Top-1 | Top-2 | Top-3 | Top-1 of all seeds |",
             "|---|---|---|---|---|"]
    for (method, recipe), runs in groups.items():
        cells = [label(method, recipe)]
        for k, paper in zip(("top1", "top2", "top3"), ACCURACY[dataset][method]):
            ours = 100 * runs[0]["accuracy"][k]
            cells.append(f"**{ours:.1f}** ({paper}, {signed(ours - paper, 1)})")
        lines.append(f"| {' | '.join([*cells, spread([100 * run['accuracy']['top1'] for run in runs], 1)])} |")
    return "\n".join(lines) + "\n"


def query_ms(results):
    """Return {metric: ms a query among 10,000} as `benchmarks.retrieval` measured it, from query.json."""
    rows = read(results, TIMES, "query.json").get("query", {"rows": []})["rows"]
    return {row["metric"]: row["median_ms"] for row in rows
            if row["backend"] == "numpy" and row["case"].endswith("one query at a time")}


def map_table(groups, dataset, times):
    """Return Table 4 or 5, test-vs-test, at both depths: ours (difference from the paper's), and the range of seeds.

    The last line has the `times` of a query, where they were measured, and the paper's.
    """
    names = " | ".join(METRICS.values())
    lines = [f"| {TITLES[dataset]}, MAP, test-vs-test | full ranking: {names} | at 30: {names} |",
             "|---|---|---|---|---|---|---|"]
    paper = [RETRIEVAL[dataset][metric][0] for metric in METRICS]
    lines.append(f"| the paper, {LABELS[RETRIEVAL_METHOD]}, depth not stated | {' | '.join(map(str, 2 * paper))} |")
    for (method, recipe), runs in groups.items():
        cells = [label(method, recipe)]
        ranges = [f"seeds {', '.join(str(run['seed']) for run in runs)}: lowest to highest"]
        for key in ("map", "map_at_30"):
            for metric, theirs in zip(METRICS, paper):
                found = [run["retrieval"]["test-vs-test"][metric][key] for run in runs]
                difference = f" ({signed(found[0] - theirs, 3)})" if method == RETRIEVAL_METHOD else ""
                cells.append(f"**{found[0]:.3f}**{difference}")
                ranges.append(f"{min(found):.3f} to {max(found):.3f}")
        lines += [f"| {' | '.join(row)} |" for row in ((cells, ranges) if len(runs) > 1 else (cells,))]
    if times:
        cells = []
        for metric in METRICS:
            theirs = 1000 * RETRIEVAL[dataset][metric][1]
            cells.append(f"{times[metric]:.2f} ({theirs:.0f}, ÷ {theirs / times[metric]:.0f})")
        lines.append(f"| ms a query among 10,000 (the paper's) | {' | '.join(cells)} | | | |")
    return "\n".join(lines) + "\n"


def claims_table(runs):
    """Return each claim of the paper as a difference: the paper's, and ours for each seed that has both sides."""
    lines = ["| claim, recipe paper | data | the paper | ours, by seed | noise | in angular MAP, full ranking |",
             "|---|---|---|---|---|---|"]
    for dataset in ACCURACY:
        for row in claim_rows(runs, dataset):
            digits, noise = row["digits"], f"{row['noise']:.1f}" if row["noise"] else ""
            cells = [f"{row['claim']}, {row['measure']}", TITLES[dataset], signed(row["paper"], digits),
                     f"**{_list(row['ours'], digits)}**", noise, _list(row["angular"] or [], 3)]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n" if len(lines) > 2 else ""


def _list(values, digits):
    return ", ".join(signed(value, digits) for value in values)


def label(method, recipe):
    """Return the paper's name of a method, and the recipe where it is not the paper's."""
    return LABELS[method] + ("" if recipe == "paper" else f", recipe {recipe}")


def spread(values, digits):
    """Return lowest and highest of several seeds, or nothing for one."""
    if len(values) < 2:
        return ""
    return f"{np.min(values):.{digits}f} to {np.max(values):.{digits}f} ({len(values)})"
