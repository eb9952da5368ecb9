"""What pre-training is worth: results/pretraining.json, written by benchmarks.pretraining, as table and plot."""
import numpy as np

from scratchnet import plotting
from scratchnet.plotting.curves import MARKERS
from scratchnet.plotting.style import SERIES, light, new_figure
from scratchnet.schema import anything, count, positive, share, text

from . import read, write_between

FORM = {"rows": [{"case": text, "start": text, "labels": positive, "seed": count, "epochs": positive, "top1": share,
                  ...: anything}], ...: anything}
NAMES = {"random": "random", "sae": "sparse auto-encoder", "kmeans": "K-means", "pca": "principal components",
         "conv_rbm": "convolutional Boltzmann machine"}
PICTURE = "Accuracy against the number of labelled images, by how the first convolution starts"


def write(results, root):
    """Write the table of results/README.md and the plot beside the file, if it is there."""
    found = read(results, FORM, "pretraining.json").get("pretraining")
    if found:
        write_between(root / "benchmarks/results/README.md", "pretraining",
                      table(found["rows"]) + f"\n![{PICTURE}](pretraining.png)\n")
        plotting.save(figure(found["rows"]), results / "pretraining.png")


def by_start(rows):
    """Return {start: {labels: [Top-1 in % of each seed]}}."""
    found = {}
    for row in sorted(rows, key=lambda row: (list(NAMES).index(row["start"]), row["labels"], row["seed"])):
        found.setdefault(row["start"], {}).setdefault(row["labels"], []).append(100 * row["top1"])
    return found


def table(rows):
    """Return a line for each start and a column for each number of labels: mean, and lowest to highest seed."""
    counts = sorted({row["labels"] for row in rows})
    lines = [f"| conv1 starts from, by labelled images | {' | '.join(f'{count:,}' for count in counts)} |",
             "|---|" + "---|" * len(counts)]
    for start, points in by_start(rows).items():
        lines.append(f"| {NAMES[start]} | {' | '.join(_cell(points.get(count)) for count in counts)} |")
    return "\n".join(lines) + "\n"


def _cell(values):
    if not values:
        return ""
    spread = f" ({min(values):.1f} to {max(values):.1f})" if len(values) > 1 else ""
    return f"{np.mean(values):.1f}{spread}"


def figure(rows):
    """Return the curves of the means, with bars from the lowest to the highest seed; below, less the random start."""
    drawn = new_figure(7.2, 7.2)
    above, below = drawn.subplots(2, sharex=True)
    found = by_start(rows)
    for i, (start, points) in enumerate(found.items()):
        style = {"color": SERIES[i % len(SERIES)], "marker": MARKERS[i % len(MARKERS)], "markersize": 5, "capsize": 3}
        _bars(above, points, label=NAMES[start], **style)
        gains = {labels: [a - b for a, b in zip(values, found.get("random", {}).get(labels, []))]
                 for labels, values in points.items()}
        if start != "random":
            _bars(below, {labels: values for labels, values in gains.items() if values}, **style)
    below.axhline(0, color=SERIES[0], linewidth=1)
    counts = sorted({row["labels"] for row in rows})
    above.set(ylabel="Top-1 of the test images (%)", title=PICTURE)
    above.title.set_fontsize(10)
    below.set(xscale="log", xlabel="labelled images", ylabel="points above the random start", xticks=counts,
              xticklabels=[f"{count:,}" for count in counts])
    below.minorticks_off()
    light(above)
    light(below)
    above.legend(frameon=False, fontsize=9)
    return drawn


def _bars(axes, points, **style):
    if points:
        mean = [np.mean(values) for values in points.values()]
        spread = [[m - min(values) for m, values in zip(mean, points.values())],
                  [max(values) - m for m, values in zip(mean, points.values())]]
        axes.errorbar(list(points), mean, spread, **style)
