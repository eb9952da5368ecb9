"""Figure 9 in numbers: the commonest confusions of the paper and of ours, and how well their order agrees."""
from itertools import combinations

import numpy as np

from scratchnet.documents import RESULT
from scratchnet.report.confusions import agreement, commonest
from scratchnet.report.paper_tables import CLASSES, CONFUSION, RETRIEVAL_METHOD

from . import read, write_between
from .paper import label

CELLS = len(CLASSES) * (len(CLASSES) - 1)

def write(results, root):
    """Write the table of results/README.md, if the method of the figure has run on CIFAR-10."""
    runs = [content["run"] for content in read(results / "paper", RESULT).values()]
    others = [content["run"] for content in read(results / "systems", RESULT).values()]
    runs = [run for run in runs if (run["dataset"], run["method"]) == ("cifar10", RETRIEVAL_METHOD)]
    if runs:
        write_between(root / "benchmarks/results/README.md", "figure9",
                      table(runs, [run for run in others if run["dataset"] == "cifar10" and run["confusion"]]))


def table(runs, others):
    """Return the commonest confusions, a column for each recipe's first seed, and the rank correlations.

    Parameters
    ----------
    runs : list of dict
        Of the figure's method.
    others : list of dict
        Of systems that learn no kernels: what agreement there is anyway.
    """
    recipes = {}
    for run in sorted(runs, key=lambda run: (run["recipe"] == "best", run["recipe"], run["seed"])):
        recipes.setdefault(run["recipe"], []).append(run)
    columns = {name: {(row["actual"], row["predicted"]): row for row in commonest(group[0]["confusion"], 90)}
               for name, group in recipes.items()}
    shown = dict.fromkeys((row["actual"], row["predicted"]) for group in recipes.values()
                          for row in commonest(group[0]["confusion"]))
    heads = " | ".join(label(RETRIEVAL_METHOD, name, group) for name, group in recipes.items())
    lines = [f"| Figure 9: % of the actual class (rank among {CELLS}) | the paper | {heads} |",
             "|---|---|" + "---|" * len(recipes)]
    first = next(iter(columns.values()))
    for pair in sorted(shown, key=lambda pair: first[pair]["paper_rank"]):
        cells = [f"{first[pair]['paper']:.1f} ({first[pair]['paper_rank']})"]
        cells += [f"**{rows[pair]['ours']:.1f}** ({rows[pair]['our_rank']})" for rows in columns.values()]
        lines.append(f"| {pair[0]} taken for {pair[1]} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", correlations(recipes, others)]) + "\n"


def correlations(recipes, others):
    """Return what the rank correlations are, in a sentence."""
    parts = []
    for name, group in recipes.items():
        own = [agreement(a["confusion"], b["confusion"]) for a, b in combinations(group, 2)]
        among = f", among its own seeds {np.mean(own):.2f}" if own else ""
        with_paper = ", ".join(f"{agreement(run['confusion']):.2f}" for run in group)
        parts.append(f"recipe {name} {with_paper} (seed{'s' * (len(group) > 1)} "
                     f"{', '.join(str(run['seed']) for run in group)}){among}")
    parts += [f"{run['method']} {agreement(run['confusion'], CONFUSION):.2f}" for run in others]
    return (f"Rank correlation (Spearman) with the paper's figure over the {CELLS} cells off the diagonal: "
            f"{'; '.join(parts)}.")
