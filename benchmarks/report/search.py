"""How the recipes were chosen: the candidates on held-out training images, best first."""
from scratchnet.report.paper_tables import LABELS, TITLES
from scratchnet.systems.kuo2016 import RECIPES, Recipe

from ..recipe_search import settings
from . import SEARCH, read, settings_of, write_between


def write(results, root):
    """Write the table of benchmarks/README.md from recipe-search.json, if it exists."""
    for found in read(results, SEARCH, "recipe-search.json").values():
        write_between(root / "benchmarks/README.md", "search", table(found["rows"]))


def table(rows):
    """Return a line for each candidate, grouped by what can be compared: data set, method, epochs.

    A candidate is named by the settings in which it differs from the recipe as it is now. Marked are those of a commit
    that is not in the history.
    """
    lines = ["| data, method, epochs | recipe | differs from it in | Top-1, held out | "
             "angular MAP there: full ranking; at 30 / found | Top-1, trained on |", "|---|---|---|---|---|---|"]
    groups = {}
    for row in rows:
        groups.setdefault((row["dataset"], row["method"], row["epochs"]), []).append(row)
    for (dataset, method, epochs), found in groups.items():
        for row in sorted(found, key=lambda row: -row["history"][-1]["validation_top1"]):
            last, was = row["history"][-1], {**settings(Recipe()), **settings_of(row)}  # later settings: their defaults
            changes = [f"{name}={was[name]}" for name, value in settings(RECIPES[row["recipe"]]).items()
                       if was[name] != value]
            angular = "; ".join(f"{value:.3f}" for value in row.get("angular", {}).values())
            candidate = (", ".join(changes) or "nothing") + (" †" if row.get("commit_lost") else "")
            cells = (f"{TITLES[dataset]}, {LABELS[method]}, {epochs}", row["recipe"], candidate,
                     f"**{last['validation_top1']:.1%}**", angular, f"{last['train_top1']:.1%}")
            lines.append(f"| {' | '.join(cells)} |")
    if any(row.get("commit_lost") for row in rows):
        lines.append("\n† Measured at a commit that is not in the history.")
    return "\n".join(lines) + "\n"
