"""Figure 4 of the paper: an image, its gray level and the two extra channels that the network sees."""
from ..errors import InputError
from .style import bare, literal, new_figure

COLUMNS = ("colour (R, G, B)", "gray", "mirrored gray\n(4th channel)", "equalised gray\n(5th channel)")


def channels_figure(images, names):
    """Show images with their channels, one row each.

    Parameters
    ----------
    images : (N, H, W, 5) uint8 array
        As `data.channels.add_channels` makes them. The plain gray level is channel 3 mirrored back.
    names : sequence of N str
        Their classes.

    Returns
    -------
    matplotlib.figure.Figure
        N x 4 axes.

    Raises
    ------
    InputError
        If the images have other than five channels, or there is not one name for each.
    """
    if images.ndim != 4 or images.shape[3] != 5 or len(names) != len(images):
        raise InputError(f"expected images (N, H, W, 5) and N names, got shape {tuple(images.shape)} and {len(names)}")
    figure = new_figure(6.4, 0.6 + 1.4 * len(images))
    grid = figure.subplots(len(images), len(COLUMNS), squeeze=False)
    for axes, title in zip(grid[0], COLUMNS):
        axes.set_title(title, fontsize=10)
    for row, image, name in zip(grid, images, names):
        mirrored, equalised = image[..., 3], image[..., 4]
        for axes, picture in zip(row, (image[..., :3], mirrored[:, ::-1], mirrored, equalised)):
            axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
            bare(axes)
        row[0].set_ylabel(literal(name), fontsize=10)
    return figure
