"""Speed on a GPU: a table against PyTorch, and the batch from which on the GPU is the faster place."""
import numpy as np

from scratchnet.plotting.style import BLUE, GRAY, VERMILLION, light, new_figure, save

from . import NAMES, TIMES, amount, read, write_between

STYLES = ("o-", BLUE), ("s--", VERMILLION)


def write(results, root):
    """Draw results/crossover.png and write the table of benchmarks/README.md, if a GPU has been measured."""
    runs = read(results, TIMES)
    if not runs:
        return
    rows = [row for name, run in runs.items() if not name.startswith("crossover") for row in run["rows"]
            if "median_ms" in row]
    write_between(root / "benchmarks/README.md", "gpu", table(rows, next(iter(runs.values()))["environment"]))
    curves = [row for name, run in runs.items() if name.startswith("crossover") for row in run["rows"]]
    if curves:
        save(crossover_figure(curves), results / "crossover.png")


def table(rows, environment):
    """Return a line for each case, batch and precision: ours, PyTorch's, the ratio."""
    lines = ["| case | batch | precision | scratchnet | PyTorch | ratio |", "|---|---|---|---|---|---|"]
    cells = {}
    for row in rows:
        key = row["case"], row.get("batch", ""), row.get("precision", "float32")
        cells.setdefault(key, {})[row["backend"]] = row
    for key, found in cells.items():
        own = found.get("cupy") or found.get("numpy")
        peers = [row for name, row in found.items() if name.startswith("torch")]
        peer = amount([min(peers, key=lambda row: row["median_ms"])]) if peers else ""
        ratio = f"**{own['ratio_to_torch']:.2f}**" if peer else ""
        lines.append(f"| {' | '.join(map(str, key))} | {amount([own])} | {peer} | {ratio} |")
    lines.append(f"\nMeasured on {environment['device']}, {environment['date'][:10]}. Below 1 is faster than PyTorch.")
    return "\n".join(lines) + "\n"


def crossing(x, first, second):
    """Return where two curves over x cross, straight between their points on logarithmic axes, or None."""
    x, gap = np.log(x), np.log(first) - np.log(second)
    for i in range(len(x) - 1):
        if gap[i] * gap[i + 1] <= 0 and gap[i] != gap[i + 1]:
            return float(np.exp(x[i] - gap[i] * (x[i + 1] - x[i]) / (gap[i + 1] - gap[i])))
    return None


def crossover_figure(rows):
    """Show time against batch on two backends, a panel a case, with the batch at which they are equally fast."""
    cases = list(dict.fromkeys(row["case"] for row in rows))
    columns = min(3, len(cases))
    lines = -(-len(cases) // columns)
    figure = new_figure(3.7 * columns, 3.1 * lines)
    panels = np.ravel(figure.subplots(lines, columns, squeeze=False))
    for axes in panels[len(cases):]:
        axes.remove()
    for axes, case in zip(panels, cases):
        curves = {}
        for row in rows:
            if row["case"] == case:
                curves.setdefault(row["backend"], []).append((row["batch"], row["median_ms"]))
        for (name, points), (marks, colour) in zip(curves.items(), STYLES):
            axes.plot(*zip(*points), marks, color=colour, label=NAMES[name])
        both = [np.array(points).T for points in curves.values()]
        where = crossing(both[0][0], both[0][1], both[1][1]) if len(both) == 2 else None
        if where:
            axes.axvline(where, color=GRAY, linewidth=1, linestyle=":")
            axes.annotate(f"{where:.0f}", (where, 0.02), xycoords=("data", "axes fraction"), color=GRAY, ha="left",
                          xytext=(3, 0), textcoords="offset points")
        sizes = [batch for batch, _ in next(iter(curves.values()))]
        axes.set_xscale("log", base=2)
        axes.set_xticks(sizes, [str(size) for size in sizes])
        axes.set_yscale("log")
        axes.set_title(case, fontsize=10)
        axes.set_xlabel("images in a batch")
        axes.set_ylabel("ms")
        light(axes)
    panels[0].legend(frameon=False)
    return figure
