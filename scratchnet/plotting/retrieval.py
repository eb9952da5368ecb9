"""Figures 10 and 11 of the paper: a query image and the images that were found for it, in rank order."""
import numpy as np
from matplotlib.patches import Rectangle

from ..errors import InputError
from .style import BLUE, INK, VERMILLION, bare, literal, new_figure

COLUMNS = 10


def retrieval_figure(query, query_name, results, correct, distances, names):
    """Show a query on the left and its nearest images in rows of ten, right and wrong answers marked.

    A right answer has a solid blue frame and ✓; a wrong one a dashed orange frame, ✗ and its class. Above each
    stand rank and distance.

    Parameters
    ----------
    query : (H, W, 3) uint8 array
    query_name : str
        Class of the query.
    results : (n, H, W, 3) uint8 array
        In rank order, n ≥ 1.
    correct : (n,) bool array
    distances : (n,) float array
    names : sequence of n str
        Classes of the results.

    Returns
    -------
    matplotlib.figure.Figure
        n + 1 axes, the first one the query's.
    """
    n = len(results)
    if n == 0 or not n == len(correct) == len(distances) == len(names):
        raise InputError(f"expected one or more results, each with correct, distance and name, got {n}, "
                         f"{len(correct)}, {len(distances)} and {len(names)}")
    rows = -(-n // COLUMNS)
    figure = new_figure(11.5, max(1.33 * rows, 2) + 0.45)
    left, right = figure.subfigures(1, 2, width_ratios=(1.9, COLUMNS + 0.6))
    axes = left.subplots()
    axes.imshow(query)
    axes.set_title(f"query\n{literal(query_name)}", fontsize=12, fontweight="bold")
    bare(axes)
    grid = right.subplots(rows, COLUMNS, squeeze=False).ravel()
    for rank, (axes, image) in enumerate(zip(grid, results), 1):
        axes.imshow(image)
        _mark(axes, rank, correct[rank - 1], distances[rank - 1], names[rank - 1])
    for axes in grid[n:]:
        axes.remove()
    figure.suptitle(f"{int(np.sum(correct))} of the first {n} are right", fontsize=11)
    return figure


def _mark(axes, rank, correct, distance, name):
    colour = BLUE if correct else VERMILLION
    bare(axes)
    axes.set_title(f"{rank} {'✓' if correct else '✗'}", loc="left", fontsize=9, fontweight="bold", color=colour, pad=5)
    axes.set_title(f"{distance:.3f}", loc="right", fontsize=8, color=INK, pad=5)
    axes.add_patch(Rectangle((0, 0), 1, 1, transform=axes.transAxes, fill=False, edgecolor=colour, linewidth=3,
                             linestyle="-" if correct else (0, (2.2, 1.2)), clip_on=False))
    if not correct:
        axes.set_xlabel(literal(name), fontsize=8.5, color=colour, labelpad=4)
