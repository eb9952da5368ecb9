"""Time against batch on a CPU and on a GPU, and where the two curves cross."""
from math import ceil, floor, log10
from textwrap import fill

from .style import BLUE, GRAY, INK, VERMILLION, light, literal, new_figure

STYLES = {"numpy": {"color": BLUE, "marker": "o", "linestyle": "-"},
          "cupy": {"color": VERMILLION, "marker": "s", "linestyle": "--"}}
NAMES = {"numpy": "CPU", "cupy": "GPU"}
COLUMNS = 3  # of the smaller panels


def crossover_figure(rows, crossovers, title="", about=""):
    """Show milliseconds per image against the batch, logarithmically: the first case large, the others beside it.

    Parameters
    ----------
    rows : list of dict
        "case", "backend" ("numpy" or "cupy"), "batch", "median_ms" and "spread_ms" (10 to 90 %) of a whole batch.
    crossovers : dict of str to (batch, at) or None
        For each case that both backends have: the smallest batch with which the GPU is faster and where the curves
        cross, or None where it never gets ahead.
    title, about : str
        What stands above everything, and smaller below.

    Returns
    -------
    matplotlib.figure.Figure
        One axes a case, in the order of `rows`.
    """
    cases = list(dict.fromkeys(row["case"] for row in rows))
    lines = -(-(len(cases) - 1) // COLUMNS)
    width, height = (13, max(1.75 * lines, 4.4) + 0.8) if lines else (7, 4.8)
    figure = new_figure(width, height)
    grid = figure.add_gridspec(max(lines, 1), 2 * COLUMNS if lines else 1)
    for i, case in enumerate(cases):
        line, column = divmod(i - 1, COLUMNS)
        place = grid[line, COLUMNS + column] if i else grid[:, :COLUMNS]
        own = [row for row in rows if row["case"] == case]
        _panel(figure.add_subplot(place), case, own, crossovers.get(case, ()), large=i == 0)
    figure.suptitle(literal(fill(title, 9 * width)), x=0.01, ha="left", fontsize=13, color=INK, weight="bold")
    figure.supxlabel(literal(fill(about, 14 * width)), x=0.01, ha="left", fontsize=8.5, color=GRAY)
    return figure


def _panel(axes, case, rows, crossed, large):
    curves = {}
    for row in sorted(rows, key=lambda row: row["batch"]):
        curves.setdefault(row["backend"], {})[row["batch"]] = [
            ms / row["batch"] for ms in (row["median_ms"], *row["spread_ms"])]
    for name, points in curves.items():
        median, low, high = zip(*points.values())
        axes.plot(points.keys(), median, **STYLES[name], linewidth=2 if large else 1.5, markersize=6 if large else 3.5)
        axes.fill_between(points.keys(), low, high, color=STYLES[name]["color"], alpha=0.15, linewidth=0)
    sizes = sorted({row["batch"] for row in rows})
    _scales(axes, sizes, large)
    if crossed:
        _mark(axes, *crossed, sizes, large)
    if large:
        _name(axes, curves)
        axes.set_xlabel("images in a batch")
        axes.set_ylabel("milliseconds per image")
    axes.set_title(literal(case), loc="left", fontsize=12 if large else 9.5, color=INK)
    axes.set_title(_verdict(curves), loc="right", fontsize=9.5 if large else 8, color=GRAY)
    light(axes)


def _verdict(curves):
    """Say what the largest batch shows: how many times as fast the GPU is, or the time on what was measured alone."""
    largest = max(set.intersection(*map(set, curves.values())))
    ms = {name: points[largest][0] for name, points in curves.items()}
    if len(ms) == 1:
        return "{:.2g} ms per image".format(*ms.values())
    ratio = ms["numpy"] / ms["cupy"]
    much, way = (ratio, "fast") if ratio >= 1 else (1 / ratio, "slow")
    return f"GPU {much:.{1 if much < 9.95 else 0}f}× as {way}"


def _mark(axes, batch, at, sizes, large):
    """Shade where the GPU is ahead, and mark where that begins, if it does not from the first batch."""
    left, right = axes.get_xlim()
    everywhere = at <= sizes[0]
    axes.axvspan(left if everywhere else at, right, color=VERMILLION, alpha=0.06, linewidth=0)
    axes.set_xlim(left, right)
    if not everywhere:
        axes.axvline(at, color=GRAY, linewidth=1, linestyle=":")
    text = f"{batch:,}" if not large else "GPU faster throughout" if everywhere else f"GPU faster from {batch:,} on"
    if large or not everywhere:
        leftward = at * at > left * right  # in the right half the curves are low: the text stands on the left
        axes.annotate(text, (at, 0.03), xycoords=("data", "axes fraction"), xytext=(-4 if leftward else 4, 0),
                      textcoords="offset points", ha="right" if leftward else "left", color=INK,
                      fontsize=10 if large else 8)


def _name(axes, curves):
    """Write name and time at the right end of each curve: above the upper, below the lower."""
    ends = {name: [*points.items()][-1] for name, points in curves.items()}
    highest = max(median for _, (median, *_) in ends.values())
    for name, (batch, (median, *_)) in ends.items():
        up = median == highest
        axes.annotate(f"{NAMES[name]}, {median:.2g} ms", (batch, median), xytext=(0, 10 if up else -10),
                      textcoords="offset points", ha="right", va="bottom" if up else "top",
                      color=STYLES[name]["color"], fontsize=11, weight="bold")


def _scales(axes, sizes, large):
    """Make both axes logarithmic, with room around the curves and plain numbers at few places."""
    axes.set_xscale("log", base=2)
    axes.set_xlim(sizes[0] / 1.3, sizes[-1] * 1.3)
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    room = 1.5 if large else 1.1
    low, high = low / room, high * room
    axes.set_ylim(low, high)
    ticks = [digit * 10.0**power for power in range(floor(log10(low)), ceil(log10(high))) for digit in (1, 2, 5)]
    ticks = [tick for tick in ticks if low <= tick <= high]
    if len(ticks) > 6:
        ticks = [tick for tick in ticks if f"{tick:e}"[0] == "1"]
        ticks = ticks[::ceil(len(ticks) / 6)]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    shown = sizes if large else sorted({sizes[0], sizes[len(sizes) // 2], sizes[-1]})
    axes.set_xticks(shown, [f"{size:,}" for size in shown])
    axes.minorticks_off()
    axes.tick_params(labelsize=9 if large else 7.5)
