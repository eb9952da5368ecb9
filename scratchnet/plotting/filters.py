"""Figure 3 of the paper: what the auto-encoder has learnt, and what whitening does to what it learns from."""
import numpy as np

from ..errors import InputError
from .style import bare, mosaic, new_figure

SHOWN = 64


def filters_figure(whitened, unwhitened, titles=("with whitening", "without whitening")):
    """Show two sets of filters as grids of tiles, eight in a row.

    Each tile has its own contrast: middle gray is weight 0, black and white its largest weight of either sign.

    Parameters
    ----------
    whitened, unwhitened : (F, K, K) or (F, K, K, C) arrays
        Of three or more channels the first three are shown as red, green and blue; else the first, as gray.
    titles : pair of str

    Returns
    -------
    matplotlib.figure.Figure
        2 axes.
    """
    return tiles_figure(dict(zip(titles, (whitened, unwhitened))))


def tiles_figure(sets):
    """Show sets of filters or images as grids of tiles, eight in a row, each tile at its own contrast.

    Parameters
    ----------
    sets : dict
        {title: (n, K, K) or (n, K, K, C) array}; see `filters_figure`.

    Returns
    -------
    matplotlib.figure.Figure
        Up to three grids side by side.
    """
    columns = {1: 1, 2: 2, 4: 2}.get(len(sets), 3)
    lines = -(-len(sets) // columns)
    rows = -(-max(map(len, sets.values())) // 8)
    figure = new_figure(4.2 * columns, lines * (0.4 + 0.5 * rows))
    figure.get_layout_engine().set(wspace=0.06, hspace=0.04)
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes, (title, filters) in zip(panels, sets.items()):
        filters = _visible(filters)
        largest = np.abs(filters).max(axis=tuple(range(1, filters.ndim)), keepdims=True)
        _show(axes, filters, largest, title)
        axes.set_anchor("N")  # the shorter one hangs from the top
    for axes in panels[len(sets):]:
        axes.remove()
    return figure


def patches_figure(raw, whitened):
    """Show patches before and after whitening, and which pixels vary together.

    Parameters
    ----------
    raw, whitened : (n, K, K) or (n, K, K, C) arrays
        The same patches, n ≥ 2. The first 64 are shown, at one contrast for all; the covariance is of all.

    Returns
    -------
    matplotlib.figure.Figure
        4 axes of pictures and 2 of colour bars.
    """
    if raw.shape != whitened.shape or len(raw) < 2:
        raise InputError(f"expected the same two or more patches twice, got shapes {raw.shape} and {whitened.shape}")
    figure = new_figure(8.8, 8.2)
    figure.get_layout_engine().set(wspace=0.04, hspace=0.04)
    for row, patches, when in zip(figure.subplots(2, 2), (raw, whitened), ("before", "after")):
        visible = _visible(patches)
        _show(row[0], visible[:SHOWN], np.percentile(np.abs(visible), 99), f"patches {when} whitening")
        _covariance(figure, row[1], patches.reshape(len(patches), -1), f"covariance {when} whitening")
    return figure


def _covariance(figure, axes, patches, title):
    covariance = np.cov(patches, rowvar=False)
    largest = np.abs(covariance).max()
    image = axes.imshow(covariance, cmap="RdBu_r", vmin=-largest, vmax=largest)
    axes.set(title=title, xlabel="entry of the patch", ylabel="entry of the patch")
    axes.title.set_fontsize(11)
    figure.colorbar(image, ax=axes, shrink=0.85, label="covariance (squared units of the patches)")


def _visible(tiles):
    """Return tiles (n, K, K[, C]) as centred numbers (n, K, K) for gray or (n, K, K, 3) for colours."""
    if tiles.ndim not in (3, 4) or tiles.shape[1] != tiles.shape[2]:
        raise InputError(f"expected square tiles (n, K, K) or (n, K, K, C), got shape {tiles.shape}")
    tiles = tiles.astype(np.float64)
    if tiles.ndim == 4:
        tiles = tiles[..., :3] if tiles.shape[3] >= 3 else tiles[..., 0]
    return tiles


def _show(axes, tiles, largest, title):
    """Show numbers from −largest (black) over 0 (gray) to largest (white)."""
    scaled = np.clip(tiles / np.where(largest > 0, largest, 1), -1, 1) / 2 + 0.5
    axes.imshow(mosaic(scaled), cmap="gray", vmin=0, vmax=1)
    axes.set_title(title, fontsize=11)
    bare(axes)
