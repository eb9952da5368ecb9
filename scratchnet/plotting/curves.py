"""How training went: loss and accuracy, epoch by epoch."""
from matplotlib.ticker import MaxNLocator

from .style import SERIES, light, literal, new_figure

MARKERS = "os^Dv<>"


def curves_figure(histories):
    """Show loss and Top-1 per epoch, one line per method.

    Parameters
    ----------
    histories : dict of str to list of dict
        For each method its rows with "epoch", "loss", "train_top1" and perhaps "validation_top1" (fractions).

    Returns
    -------
    matplotlib.figure.Figure
        2 axes. Validation, where there is any, is a dashed line.
    """
    figure = new_figure(9.6, 4.4)
    loss, top1 = figure.subplots(1, 2)
    shown = "training images"
    for i, (method, history) in enumerate(histories.items()):
        epochs = [row["epoch"] for row in history]
        style = {"color": SERIES[i % len(SERIES)], "marker": MARKERS[i % len(MARKERS)], "markersize": 4.5,
                 "linewidth": 1.8}
        name = literal(method)
        loss.plot(epochs, [row["loss"] for row in history], label=name, **style)
        top1.plot(epochs, [100 * row["train_top1"] for row in history], label=name, **style)
        held = [(row["epoch"], 100 * row["validation_top1"]) for row in history
                if row.get("validation_top1") is not None]
        if held:
            shown = "training and validation images"
            top1.plot(*zip(*held), label=f"{name}, validation", **{**style, "linestyle": "--", "mfc": "white"})
    loss.set(title="Training loss", ylabel="mean cross-entropy (nats)")
    top1.set(title=f"Top-1 on {shown}", ylabel="images classified right (%)")
    for axes in (loss, top1):
        axes.set_xlabel("epoch")
        axes.title.set_fontsize(11)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        light(axes)
    loss.set_ylim(bottom=0)
    top1.set_ylim(0, 102)
    handles, labels = top1.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=min(len(handles), 4), frameon=False)
    return figure
