"""Binary codes: the tables of the results page, one for each protocol, and a picture of MAP and precision.

From results/systems/*.json, runs of `scratchnet reproduce` with systems that make codes, and from results/codes/*.json,
written by `scratchnet codes`: codes made of the descriptors of other systems.
"""
from scratchnet import plotting
from scratchnet.documents import CODES, RESULT
from scratchnet.plotting.curves import MARKERS
from scratchnet.plotting.style import GRAY, SERIES, light, new_figure
from scratchnet.report.hashing import hashing_tables

from . import read, write_between

DATASET = "cifar10"


def write(results, root):
    """Write the tables of results/README.md and the picture, if there are codes."""
    runs = [content["run"] for content in read(results / "systems", RESULT).values()]
    for content in read(results / "codes", CODES).values():
        runs += content["runs"]
    tables = hashing_tables([run for run in runs if run["dataset"] == DATASET], DATASET)
    if tables:
        write_between(root / "benchmarks/results/README.md", "hashing", "\n".join(map(table, tables)))
        plotting.save(figure(tables), results / "hashing.png")


def table(content):
    """Return one protocol's table in Markdown."""
    own = next(row for row in content["rows"] if row["codes"] is not None)
    lines = [f"**{content['name']}**: {content['title']}; {own['queries']:,} queries, {own['gallery']:,} images; "
             f"{content['figure']['title']}.", "",
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
    """Return MAP against bits, a panel for each protocol: ours, and dashed what is published."""
    drawn = new_figure(4.2 * len(tables), 4.4)
    own = list(dict.fromkeys(row["label"] for content in tables for row in content["rows"] if row["codes"] is not None))
    for axes, content in zip(drawn.subplots(1, len(tables), squeeze=False)[0], tables):
        for label in dict.fromkeys(row["label"] for row in content["rows"]):
            i = own.index(label) if label in own else None
            style = {"color": GRAY} if i is None else {"color": SERIES[i % len(SERIES)],
                                                       "marker": MARKERS[i % len(MARKERS)], "markersize": 5}
            for key, more in (("codes", {"label": label}), ("published", {"linestyle": "--", "mfc": "white",
                                                                          "linewidth": 1})):
                points = [(row["bits"], row[key]) for row in content["rows"] if row["label"] == label and row[key]]
                if points:
                    axes.plot(*zip(*points), **style, **more)
            if i is None:
                name = label.split(" (")[0]
                axes.annotate(f"{name} ", points[-1], ha="right", va="top" if name == "CNNH" else "bottom", fontsize=8,
                              color=GRAY)
        axes.set(title=content["name"], xlabel="bits", ylabel=content["figure"]["title"], ylim=(0, 1),
                 xticks=sorted({row["bits"] for row in content["rows"]}))
        light(axes)
    handles, labels = drawn.axes[0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return drawn
