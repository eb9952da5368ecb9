"""The paper's figures and ours on one scale, one line per method."""
from .style import BLUE, GRAY, VERMILLION, light, literal, new_figure


def comparison_figure(rows):
    """Show pairs of numbers as a dot plot, one panel per measure.

    Parameters
    ----------
    rows : list of dict
        "panel" (what is measured, with its unit), "label" (the method), "paper" and "ours" (a number, or None
        where there is none). Panels and labels come in order of appearance.

    Returns
    -------
    matplotlib.figure.Figure
        One axes a panel.
    """
    panels = list(dict.fromkeys(row["panel"] for row in rows))
    labels = list(dict.fromkeys(row["label"] for row in rows))
    figure = new_figure(2 + 2.9 * len(panels), 1.5 + 0.42 * len(labels))
    for axes, panel in zip(figure.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels):
        for row in rows:
            if row["panel"] == panel:
                _pair(axes, labels.index(row["label"]), row["paper"], row["ours"])
        axes.set_title(literal(panel), fontsize=11)
        axes.set_yticks(range(len(labels)), [literal(label) for label in labels])
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.margins(x=0.15)
        light(axes)
    for marker, label in ((PAPER, "paper"), (OURS, "ours")):
        figure.axes[0].plot([], [], label=label, **marker)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    return figure


PAPER = {"color": VERMILLION, "marker": "o", "mfc": "white", "mew": 2, "ms": 9, "linestyle": "none"}
OURS = {"color": BLUE, "marker": "D", "ms": 6, "linestyle": "none"}


def _pair(axes, y, paper, ours):
    if paper is not None and ours is not None:
        axes.plot([paper, ours], [y, y], color=GRAY, linewidth=1.2, zorder=1)
    for value, marker in ((paper, PAPER), (ours, OURS)):
        if value is not None:
            axes.plot(value, y, **marker)
