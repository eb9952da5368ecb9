"""What a test looks for in a picture: the arrays and texts that it shows, and its pixels once it is a file."""
import numpy as np
from matplotlib.image import imread

from scratchnet import plotting


def shown(axes):
    """The array behind the only image of some axes."""
    (image,) = axes.images
    return np.asarray(image.get_array())


def texts(figure):
    return [text.get_text() for text in figure.findobj(match=lambda artist: hasattr(artist, "get_text"))]


def draw(figure, tmp_path):
    """Save a figure and return its pixels, which must show something."""
    plotting.save(figure, tmp_path / "picture.png")
    pixels = imread(tmp_path / "picture.png")[..., :3]
    assert pixels.std() > 0.01
    return pixels
