"""What all pictures share: colours, an empty figure, tiles in a grid, and a way to the disk."""
import io

import numpy as np
from matplotlib.figure import Figure

from ..files import atomic_write

DPI = 150
INK, GRAY = "#222222", "#767676"
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK = "#E69F00", "#56B4E9", "#000000"
SERIES = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)   # Okabe and Ito (2008), without the yellow


def new_figure(width, height):
    """Return an empty figure of `width` x `height` inches that arranges itself so that labels do not overlap."""
    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def png(figure):
    """Return a figure as the bytes of a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def save(figure, path):
    """Write a figure as PNG, atomically: a file is whole or not there.

    Raises
    ------
    OutputError
        If the place cannot be written to.
    """
    with atomic_write(path) as file:
        file.write(png(figure))


def literal(name):
    """Return a name as matplotlib must get it to show it letter by letter: a dollar sign would start a formula."""
    return str(name).replace("$", r"\$")


def bare(axes):
    """Remove ticks, labels and frame from axes that show nothing but a picture."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def light(axes):
    """Reduce the frame of a plot to what is needed to read it: two lines and a faint grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRAY)
    axes.grid(color="#E5E5E5", linewidth=0.8)
    axes.set_axisbelow(True)


def mosaic(tiles, columns=8, zoom=8, gap=6):
    """Lay small pictures out in rows on white.

    Parameters
    ----------
    tiles : (n, K, K) or (n, K, K, 3) array
        From 0 to 1.
    columns : int
    zoom, gap : int
        Side of a tile's pixel, and white between tiles, in pixels of the result.

    Returns
    -------
    (rows·(K·zoom + gap) − gap, columns·(K·zoom + gap) − gap[, 3]) array
    """
    n, K = tiles.shape[:2]
    rows, side = -(-n // columns), K * zoom + gap
    large = tiles.repeat(zoom, axis=1).repeat(zoom, axis=2)
    sheet = np.ones((rows * side - gap, columns * side - gap, *tiles.shape[3:]))
    for i, tile in enumerate(large):
        y, x = i // columns * side, i % columns * side
        sheet[y:y + K * zoom, x:x + K * zoom] = tile
    return sheet
