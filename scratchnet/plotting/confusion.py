"""Figure 9 of the paper: which class is taken for which."""
import numpy as np

from ..errors import InputError
from .style import INK, literal, new_figure

PRINTED = 20   # up to so many classes, numbers fit into the cells


def confusion_figure(confusion, class_names):
    """Show a confusion matrix, actual class on the vertical axis, in percent of the actual class.

    Parameters
    ----------
    confusion : (C, C) array
        How often class i (row) was taken for class j (column).
    class_names : sequence of C str
        With more than 20 classes, the heat map has no numbers and every tenth name.

    Returns
    -------
    matplotlib.figure.Figure
        1 axes and 1 of the colour bar. The row of a class that never occurs is empty.
    """
    confusion, C = np.asarray(confusion), len(class_names)
    if confusion.shape != (C, C):
        raise InputError(f"{C} classes have a confusion matrix ({C}, {C}), got shape {confusion.shape}")
    total = confusion.sum(axis=1, keepdims=True)
    percent = np.where(total > 0, 100 * confusion / np.maximum(total, 1), np.nan)
    few = C <= PRINTED
    figure = new_figure(8.4 if few else 9, 7.2 if few else 8)
    axes = figure.subplots()
    image = axes.imshow(percent, cmap="Blues", vmin=0, vmax=100 if few else None)
    ticks = np.arange(0, C, 1 if few else 10)
    names = [literal(class_names[i]) for i in ticks]
    axes.set_xticks(ticks, names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(ticks, names)
    axes.set(title="Confusion matrix", xlabel="predicted class", ylabel="actual class")
    if few:
        _print_cells(axes, percent)
    figure.colorbar(image, ax=axes, shrink=0.8, label="share of the actual class (%)")
    return figure


def _print_cells(axes, percent):
    for (i, j), value in np.ndenumerate(percent):
        if not np.isnan(value):
            axes.text(j, i, f"{value:.1f}" if value else "0", ha="center", va="center",
                      fontsize=9 if len(percent) <= 10 else 6, color="white" if value > 55 else INK)
