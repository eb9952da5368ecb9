"""Figure 3 of Coates, Ng and Lee (2011) redrawn: results/coates_figure3.json, written by benchmarks.coates_figure3."""
from scratchnet import plotting
from scratchnet.plotting.curves import MARKERS
from scratchnet.plotting.style import SERIES, light, new_figure
from scratchnet.schema import anything, nothing, number, positive, share, text, truth

from . import read, write_between

FORM = {"rows": [{"case": text, "features": text, "whitened": truth, "count": positive, "train_images": positive,
                  "held_images": positive, "top1": share, "C": number, "printed": (nothing, number),
                  "tried": [{"C": number, "iterations": positive, "train_top1": share, "top1": share}], ...: anything}],
        ...: anything}
NAMES = {"kmeans": "K-means, triangle", "kmeans_hard": "K-means, hard", "sae": "sparse auto-encoder"}


def write(results, root):
    """Write the table of results/README.md and the plot beside the file, if it is there."""
    found = read(results, FORM, "coates_figure3.json").get("coates_figure3")
    if found:
        write_between(root / "benchmarks/results/README.md", "coates", table(found["rows"]))
        plotting.save(figure(found["rows"]), results / "coates_figure3.png")


def curves(rows):
    """Return {(features, whitened): [row, ...]}, by the number of features."""
    found = {}
    for row in sorted(rows, key=lambda row: row["count"]):
        found.setdefault((row["features"], row["whitened"]), []).append(row)
    return found


def name(features, whitened):
    """Return what a curve is called."""
    return f"{NAMES.get(features, features)}, {'whitened' if whitened else 'raw'}"


def table(rows):
    """Return a line for each curve and a column for each number of features: theirs, and ours in bold."""
    counts = sorted({row["count"] for row in rows})
    lines = [f"| features: Coates et al., **ours** | {' | '.join(f'{count:,}' for count in counts)} |",
             "|---|" + "---|" * len(counts)]
    for key, points in curves(rows).items():
        by_count = {row["count"]: row for row in points}
        cells = [_cell(by_count.get(count)) for count in counts]
        lines.append(f"| {name(*key)} | {' | '.join(cells)} |")
    first = rows[0]
    costs = len({tried["C"] for tried in first["tried"]})
    return "\n".join([*lines, "", f"Ours: Top-1 in % on {first['held_images']:,} held-out training images, "
                      f"{first['train_images']:,} learnt from, with the best of {costs} values of C; theirs: "
                      "cross-validation on 50,000."]) + "\n"


def _cell(row):
    if row is None:
        return ""
    theirs = "–" if row["printed"] is None else f"{row['printed']:.1f}"
    return f"{theirs}, **{100 * row['top1']:.1f}**"


def figure(rows):
    """Return their curves, dashed, and ours."""
    drawn = new_figure(8.4, 5.2)
    axes = drawn.subplots()
    for i, (key, points) in enumerate(curves(rows).items()):
        style = {"color": SERIES[i % len(SERIES)], "marker": MARKERS[i % len(MARKERS)], "markersize": 5}
        axes.plot([row["count"] for row in points], [100 * row["top1"] for row in points], label=name(*key), **style)
        theirs = [(row["count"], row["printed"]) for row in points if row["printed"] is not None]
        if theirs:
            axes.plot(*zip(*theirs), **{**style, "linestyle": "--", "mfc": "white", "linewidth": 1})
    axes.set(xlabel="features", ylabel="Top-1 (%)", title="Coates, Ng and Lee (2011), Figure 3: theirs dashed")
    light(axes)
    axes.legend(frameon=False, fontsize=9)
    return drawn
