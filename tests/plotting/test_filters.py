"""Figure 3: filters and patches, with and without whitening."""
import numpy as np
import pytest
from drawn import draw, shown

from scratchnet import plotting
from scratchnet.errors import InputError


@pytest.mark.parametrize("shape, colours", [((64, 5, 5), ()), ((64, 5, 5, 1), ()), ((64, 5, 5, 3), (3,)),
                                            ((64, 5, 5, 5), (3,))])
def test_filters_have_two_grids_of_64_tiles_at_their_own_contrast(rng, tmp_path, shape, colours):
    whitened, unwhitened = rng.normal(size=shape), rng.normal(size=shape) * 1000
    whitened[7] = 0  # a dead unit is middle gray, not a division by zero
    figure = plotting.filters_figure(whitened, unwhitened)
    assert [axes.get_title() for axes in figure.axes] == ["with whitening", "without whitening"]
    for axes in figure.axes:
        sheet = shown(axes)
        assert sheet.shape == (8 * 46 - 6, 8 * 46 - 6, *colours)
        tiles = [sheet[y * 46:y * 46 + 40, x * 46:x * 46 + 40] for y in range(8) for x in range(8)]
        assert all(abs(tile - 0.5).max() == pytest.approx(0.5) for i, tile in enumerate(tiles) if i != 7)
    assert (shown(figure.axes[0])[:40, 7 * 46:] == 0.5).all()
    draw(figure, tmp_path)


def test_few_filters_make_a_low_picture(rng):
    few = plotting.filters_figure(rng.normal(size=(40, 5, 5)), rng.normal(size=(8, 5, 5)))
    assert few.get_size_inches().tolist() == pytest.approx([8.4, 0.4 + 5 * 0.5])


def test_patches_show_covariance_before_and_after(rng, tmp_path):
    raw = rng.normal(size=(200, 3, 3)).cumsum(axis=2)
    whitened = rng.normal(size=raw.shape)
    figure = plotting.patches_figure(raw, whitened)
    pictures = [axes for axes in figure.axes if axes.images and axes.get_title()]
    assert [axes.get_title() for axes in pictures] == ["patches before whitening", "covariance before whitening",
                                                       "patches after whitening", "covariance after whitening"]
    assert np.allclose(shown(pictures[1]), np.cov(raw.reshape(200, 9).T))
    assert np.allclose(shown(pictures[3]), np.cov(whitened.reshape(200, 9).T))
    draw(figure, tmp_path)


@pytest.mark.parametrize("wrong", [
    lambda: plotting.filters_figure(np.zeros((64, 25)), np.zeros((64, 25))),
    lambda: plotting.patches_figure(np.zeros((9, 5, 5)), np.zeros((8, 5, 5)))])
def test_arrays_that_do_not_fit_are_refused(wrong):
    with pytest.raises(InputError):
        wrong()
