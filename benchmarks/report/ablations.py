"""What each open point of the paper is worth: one run for each alternative, all else as in recipe "paper".

results/ablations/*.json are the result.json of `scratchnet reproduce --set ...`, all of one method, seed and schedule.
"""
from scratchnet.documents import RESULT
from scratchnet.report.html import signed
from scratchnet.report.paper_tables import LABELS, TITLES

from . import read, write_between

BASE = "paper"
ROWS = {"pooling=mean": 2, "pooling=overlapping": 2, "patches=gray": 3, "pretrained_layers=2": 3,
        "pretrained_layers=3": 3, "kernel_scale=learned": 5}


def write(results, root):
    """Write the table of results/README.md, if the run with which the others are compared is there."""
    runs = {content["run"]["recipe"]: content["run"] for content in read(results, RESULT).values()}
    if BASE in runs:
        write_between(root / "benchmarks/results/README.md", "ablations", table(runs))


def table(runs):
    """Return a line for each alternative, in the ledger's order: accuracy and MAP, and what they gained or lost.

    Row 8, the descriptor before the ReLU, takes no run of its own.
    """
    base = runs[BASE]
    first = f"{TITLES[base['dataset']]}, {LABELS[base['method']]}, {base['epochs']} epochs, seed {base['seed']}"
    lines = [f"| {first} | ledger row | Top-1 in % | angular MAP, test-vs-test: full ranking | at 30 / found |",
             "|---|---|---|---|---|",
             _line("recipe paper", "", base, base)]
    changes = {name: run for recipe, run in runs.items() if (name := recipe.removeprefix(f"{BASE}+")) != recipe}
    for name in sorted(changes, key=lambda name: (ROWS.get(name, 99), name)):
        lines.append(_line(f"`--set {name.replace('+', ' --set ')}`", str(ROWS.get(name, "")), changes[name], base))
    before = {**base, "retrieval": base["retrieval_before_relu"]}
    return "\n".join([*lines, _line("descriptor before the ReLU", "8", before, base)]) + "\n"


def _line(name, row, run, base):
    cells = []
    for value, start, digits in zip(_figures(run), _figures(base), (1, 3, 3)):
        difference = "" if run is base else f" ({signed(value - start, digits)})"
        cells.append(f"**{value:.{digits}f}**{difference}")
    return f"| {' | '.join([name, row, *cells])} |"


def _figures(run):
    angular = run["retrieval"]["test-vs-test"]["angular"]
    return 100 * run["accuracy"]["top1"], angular["map"], angular["map_at_30"]
