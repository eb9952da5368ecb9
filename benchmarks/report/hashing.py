"""Binary codes: the tables of the results page, one for each protocol, and a picture of MAP and precision.

From results/systems/*.json, runs of `scratchnet reproduce` with systems that make codes, and from results/codes/*.json,
written by `scratchnet codes`: codes made of the descriptors of other systems.
"""
from matplotlib.lines import Line2D

from scratchnet import plotting
from scratchnet.documents import CODES, RESULT
from scratchnet.plotting.curves import MARKERS
from scratchnet.plotting.style import GRAY, INK, SERIES, light, new_figure
from scratchnet.report.hashing import hashing_tables

from . import read, write_between

DATASET = "cifar10"
PICTURE = "MAP of codes against their length, and precision within the first N images, under four protocols"


def write(results, root):
    """Write the tables of results/README.md and the picture, if there are codes."""
    runs = [content["run"] for content in read(results / "systems", RESULT).values()]
    for content in read(results / "codes", CODES).values():
        runs += content["runs"]
    tables = hashing_tables([run for run in runs if run["dataset"] == DATASET], DATASET)
    if tables:
        write_between(root / "benchmarks/results/README.md", "hashing",
                      "\n".join([*map(table, tables), f"![{PICTURE}](hashing.png)\n"]))
        plotting.save(figure(tables), results / "hashing.png")


def table(content):
    """Return one protocol's table in Markdown."""
    lines = [f"**{content['name']}**: {content['title']}; {content['queries']:,} queries, {content['gallery']:,} "
             f"images; {content['figure']['title']}.", "",
             "| codes | labels | bits | published | ours | worst to best order | descriptors | class floor |",
             "|---|---|---|---|---|---|---|---|"]
    for row in content["rows"]:
        order = "" if row["low"] is None else f"{row['low']:.3f} to {row['high']:.3f}"
        ours = "" if row["codes"] is None else f"**{row['codes']:.3f}**"
        cells = (row["label"] + ", published only" * (row["codes"] is None), f"{row['learnt']:,}", row["bits"],
                 _cell(row["published"]), ours, order, _cell(row["descriptor"]), _cell(row["floor"]))
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def _cell(value):
    return "" if value is None else f"{value:.3f}"


def figure(tables):
    """Return a column for each protocol: above MAP against bits, below precision of our longest codes against depth."""
    drawn = new_figure(4.2 * len(tables), 7.6)
    panels = drawn.subplots(2, len(tables), squeeze=False)
    methods = list(dict.fromkeys(row["method"] for content in tables for row in content["rows"] if row["precision"]))
    styles = {method: {"color": SERIES[i % len(SERIES)], "marker": MARKERS[i % len(MARKERS)], "markersize": 5}
              for i, method in enumerate(methods)}
    names = {}
    for (above, below), content in zip(panels.T, tables):
        rows = {}
        for row in content["rows"]:
            if row["gallery"] in (None, content["gallery"]):  # another gallery is not comparable
                rows.setdefault(row["method"], []).append(row)
        for method, lines in rows.items():
            style = styles.get(method, {"color": GRAY})
            names[method] = lines[0]["label"]
            _line(above, lines, "codes", **style)
            last = _line(above, lines, "published", **style, linestyle="--", mfc="white", linewidth=1)
            if method not in styles:
                name = names[method].split(" (")[0]
                above.annotate(f"{name} ", last, ha="right", va="top" if name == "CNNH" else "bottom", fontsize=8,
                               color=GRAY)
            found = [row for row in lines if row["precision"]]
            if found:
                depths, values = zip(*sorted(max(found, key=lambda row: row["bits"])["precision"].items()))
                codes, descriptors = zip(*values)
                below.plot(depths, codes, **style)
                below.plot(depths, descriptors, color=style["color"], linestyle=":", linewidth=1)
        above.set(title=content["name"], xlabel="bits", ylabel=content["figure"]["title"], ylim=(0, 1),
                  xticks=sorted({row["bits"] for row in content["rows"]}))
        below.set(xlabel="first N images", ylabel="precision", ylim=(0, 1), xscale="log", xticks=depths,
                  xticklabels=[f"{depth:,}" for depth in depths])
        below.minorticks_off()
        light(above)
        light(below)
    handles = [Line2D([], [], **styles[method], label=names[method]) for method in methods if method in names]
    handles += [Line2D([], [], color=INK, linestyle="--", linewidth=1, label="published"),
                Line2D([], [], color=INK, linestyle=":", linewidth=1, label="descriptors, by angle")]
    drawn.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return drawn


def _line(axes, rows, key, **style):
    """Draw a figure of rows that have it against bits, and return its last point."""
    points = [(row["bits"], row[key]) for row in rows if row[key]]
    if points:
        axes.plot(*zip(*points), **style)
        return points[-1]
    return None
