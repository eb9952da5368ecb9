"""Figure 4: an image and what becomes of it."""
import numpy as np
import pytest
from drawn import draw, shown

from scratchnet import plotting
from scratchnet.data.channels import add_channels, gray
from scratchnet.errors import InputError


def test_channels_show_colour_gray_mirrored_and_equalised(images, tmp_path):
    five = add_channels(images[:3])
    figure = plotting.channels_figure(five, ["cat", "dog", "ship"])
    assert len(figure.axes) == 3 * 4
    second_row = [shown(axes) for axes in figure.axes[4:8]]
    for picture, expected in zip(second_row, (images[1], gray(images)[1], five[1, ..., 3], five[1, ..., 4])):
        assert (picture == expected).all()
    assert figure.axes[4].get_ylabel() == "dog"
    draw(figure, tmp_path)


@pytest.mark.parametrize("wrong", [
    lambda: plotting.channels_figure(np.zeros((2, 8, 8, 3), np.uint8), ["a", "b"]),
    lambda: plotting.channels_figure(np.zeros((2, 8, 8, 5), np.uint8), ["a"])])
def test_arrays_that_do_not_fit_are_refused(wrong):
    with pytest.raises(InputError):
        wrong()
