"""What retrieval gets without learning from labels, beside what it gets with: chance, pixels, untrained networks.

results/baselines.json is written by `benchmarks.baselines`.
"""
from scratchnet.documents import RESULT
from scratchnet.report.paper_tables import RETRIEVAL, RETRIEVAL_METHOD, TITLES
from scratchnet.report.references import KEYS
from scratchnet.retrieval import PROTOCOLS

from . import BASELINES, UNTRAINED, read, write_between
from .paper import METRICS, NONE, as_bundled

TEST, TRAIN = PROTOCOLS


def write(results, root):
    """Write the table of README.md, if the baselines have been measured."""
    for found in read(results, BASELINES, "baselines.json").values():
        runs = [as_bundled(content["run"]) for folder in ("systems", "paper")
                for content in read(results / folder, RESULT).values()]
        tables = [table([row for row in found["rows"] if row["dataset"] == dataset],
                        [run for run in runs if run["dataset"] == dataset], dataset)
                  for dataset in RETRIEVAL if any(row["dataset"] == dataset for row in found["rows"])]
        write_between(root / "benchmarks/results/README.md", "baselines", "\n".join(tables))


def table(rows, runs, dataset):
    """Return a line for chance, raw pixels, each baseline, and the trained network of seed 0 by each recipe."""
    keys, names = list(KEYS)[1:], " | ".join(name for name, _ in list(KEYS.values())[1:])
    lines = [f"| {TITLES[dataset]} | full ranking: {' | '.join(METRICS.values())} | angular, test-vs-train | angular: "
             f"{names} | nearest neighbour, % right |", "|---|---|---|---|---|---|---|---|---|---|"]
    by_chance = rows[0]["chance"]
    lines.append(_line("chance", dict.fromkeys(METRICS, by_chance[TEST]), by_chance[TRAIN], keys, None))
    for run in runs:
        if run["method"] == "pixels":
            lines.append(_line("raw pixels", run["retrieval"][TEST], run["retrieval"][TRAIN]["angular"], keys, None))
    for row in sorted(rows, key=lambda row: (list(UNTRAINED).index(row["baseline"]), row["seed"])):
        name = UNTRAINED[row["baseline"]] + (f", seed {row['seed']}" if row["seed"] else "")
        lines.append(_line(name, row["retrieval"][TEST], row["retrieval"][TRAIN]["angular"], keys,
                           row["nearest_neighbour"]))
    for run in runs:
        if (run["method"], run["seed"]) == (RETRIEVAL_METHOD, 0):
            lines.append(_line(f"the same, trained, recipe {run['recipe']}", run["retrieval"][TEST],
                               run["retrieval"][TRAIN]["angular"], keys, None))
    return "\n".join(lines) + "\n"


def _line(name, by_metric, in_training, keys, nearest):
    cells = [name, *(f"**{by_metric[metric]['map']:.3f}**" for metric in METRICS), f"{in_training['map']:.3f}"]
    cells += [f"{by_metric['angular'][key]:.3f}" if key in by_metric["angular"] else NONE for key in keys]
    return f"| {' | '.join(cells)} | {NONE if nearest is None else f'{100 * nearest:.1f}'} |"
