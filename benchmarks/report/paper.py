"""The paper's Tables 2 to 5 with ours beside them, its claims, and its figures, from finished runs.

results/paper/*.json are the result.json of runs of `scratchnet reproduce`, each with its command, commit and machine.
What has not been run is not in the tables.
"""
import numpy as np

from scratchnet.report.html import signed
from scratchnet.report.paper_tables import ACCURACY, CLAIMS, LABELS, RETRIEVAL, RETRIEVAL_METHOD, TITLES

from . import read, write_between

METRICS = {"euclidean": "Euclidean", "manhattan": "Manhattan", "angular": "angular"}


def write(results, root):
    """Write the tables of README.md, if there are runs."""
    runs = [content["run"] for content in read(results).values()]
    if runs:
        found = {dataset: groups for dataset in ACCURACY if (groups := of(runs, dataset))}
        tables = [table(groups, dataset) for dataset, groups in found.items() for table in (accuracy_table, map_table)]
        write_between(root / "README.md", "paper", "\n".join([*tables, claims_table(found)]))


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


def map_table(groups, dataset):
    """Return Table 4 or 5, test-vs-test: both of our figures beside the paper's one, and the time beside its time."""
    lines = [f"| {TITLES[dataset]}, MAP, test-vs-test | distance | full ranking | at 30 | paper | "
             "full ranking of all seeds | ms a query (paper) |", "|---|---|---|---|---|---|---|"]
    for (method, recipe), runs in groups.items():
        for metric, name in METRICS.items():
            found = [run["retrieval"]["test-vs-test"][metric] for run in runs]
            theirs, seconds = RETRIEVAL[dataset][metric] if method == RETRIEVAL_METHOD else (None, None)
            cells = [label(method, recipe), name, f"**{found[0]['map']:.3f}**", f"**{found[0]['map_at_30']:.3f}**",
                     str(theirs or ""), spread([one["map"] for one in found], 3),
                     f"{1000 * found[0]['seconds_per_query']:.2f}" + (f" ({1000 * seconds:.0f})" if seconds else "")]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def claims_table(found):
    """Return each claim of the paper as a difference: the paper's, and ours for each seed that has both sides."""
    lines = ["| claim, recipe paper | data | the paper | ours, by seed |", "|---|---|---|---|"]
    for dataset, groups in found.items():
        runs = {method: {run["seed"]: run for run in group} for (method, recipe), group in groups.items()
                if recipe == "paper"}
        for claim, before, after in CLAIMS:
            if before in runs and after in runs:
                top1 = {m: {seed: 100 * run["accuracy"]["top1"] for seed, run in runs[m].items()}
                        for m in (before, after)}
                ours = [top1[after][seed] - top1[before][seed] for seed in sorted(top1[before].keys() & top1[after])]
                theirs = ACCURACY[dataset][after][0] - ACCURACY[dataset][before][0]
                lines.append(_claim(f"{claim}, Top-1", dataset, theirs, ours, 1))
        for worse, better in (("euclidean", "manhattan"), ("manhattan", "angular")):
            if RETRIEVAL_METHOD in runs:
                maps = [run["retrieval"]["test-vs-test"] for _, run in sorted(runs[RETRIEVAL_METHOD].items())]
                theirs = RETRIEVAL[dataset][better][0] - RETRIEVAL[dataset][worse][0]
                lines.append(_claim(f"{METRICS[better]} above {METRICS[worse]}, MAP (full ranking)", dataset, theirs,
                                    [found[better]["map"] - found[worse]["map"] for found in maps], 3))
    return "\n".join(lines) + "\n" if len(lines) > 2 else ""


def _claim(claim, dataset, theirs, ours, digits):
    figures = ", ".join(signed(value, digits) for value in ours)
    return f"| {claim} | {TITLES[dataset]} | {signed(theirs, digits)} | **{figures}** |"


def label(method, recipe):
    """Return the paper's name of a method, and the recipe where it is not the paper's."""
    return LABELS[method] + ("" if recipe == "paper" else f", recipe {recipe}")


def spread(values, digits):
    """Return lowest and highest of several seeds, or nothing for one."""
    if len(values) < 2:
        return ""
    return f"{np.min(values):.{digits}f} to {np.max(values):.{digits}f} ({len(values)})"
