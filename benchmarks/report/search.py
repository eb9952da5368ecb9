"""How the recipes were chosen: the candidates on held-out training images, best first."""
import json

from scratchnet.report.paper_tables import LABELS, TITLES

from . import write_between


def write(path, root):
    """Write the table of benchmarks/README.md from recipe-search.json, if it exists."""
    if path.exists():
        write_between(root / "benchmarks/README.md", "search", table(json.loads(path.read_text())))


def table(rows):
    """Return a line for each candidate, grouped by what can be compared: data set, method, epochs."""
    lines = ["| data, method, epochs | recipe | changes | Top-1, held out | Top-1, trained on |",
             "|---|---|---|---|---|"]
    groups = {}
    for row in rows:
        groups.setdefault((row["dataset"], row["method"], row["epochs"]), []).append(row)
    for (dataset, method, epochs), found in groups.items():
        for row in sorted(found, key=lambda row: -row["history"][-1]["validation_top1"]):
            last, changes = row["history"][-1], ", ".join(row["changes"]) or "none"
            cells = (f"{TITLES[dataset]}, {LABELS[method]}, {epochs}", row.get("recipe", "paper"), changes,
                     f"**{last['validation_top1']:.1%}**", f"{last['train_top1']:.1%}")
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
