"""The pictures: what is in them, that they need neither a screen nor pyplot, that a file is whole or not there."""
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.image import imread

from scratchnet import plotting
from scratchnet.data.channels import add_channels, gray
from scratchnet.errors import InputError, OutputError
from scratchnet.plotting.style import mosaic


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (31, 32, 32, 3)).astype(np.uint8)


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


def test_channels_show_colour_gray_mirrored_and_equalised(images, tmp_path):
    five = add_channels(images[:3])
    figure = plotting.channels_figure(five, ["cat", "dog", "ship"])
    assert len(figure.axes) == 3 * 4
    second_row = [shown(axes) for axes in figure.axes[4:8]]
    for picture, expected in zip(second_row, (images[1], gray(images)[1], five[1, ..., 3], five[1, ..., 4])):
        assert (picture == expected).all()
    assert figure.axes[4].get_ylabel() == "dog"
    draw(figure, tmp_path)


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


def test_mosaic_puts_tiles_in_reading_order_on_white():
    sheet = mosaic(np.arange(3)[:, None, None] / 4 * np.ones((3, 2, 2)), columns=2, zoom=1, gap=1)
    assert sheet.tolist() == [[0, 0, 1, 0.25, 0.25], [0, 0, 1, 0.25, 0.25], [1] * 5, [0.5, 0.5, 1, 1, 1],
                              [0.5, 0.5, 1, 1, 1]]


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


def test_curves_draw_a_line_a_method_and_validation_dashed(tmp_path):
    rows = [{"epoch": e, "loss": 2 / e, "train_top1": 0.1 * e, "seconds": 1.0} for e in (1, 2, 3)]
    histories = {"cnn_rgb": rows, "cnn_rgb_da": [{**row, "validation_top1": 0.5} for row in rows]}
    figure = plotting.curves_figure(histories)
    loss, top1 = figure.axes
    assert [list(line.get_ydata()) for line in loss.lines] == [[2, 1, 2 / 3]] * 2
    assert np.allclose(top1.lines[0].get_ydata(), [10, 20, 30])
    assert np.allclose(top1.lines[2].get_ydata(), 50) and top1.lines[2].get_linestyle() == "--"
    assert len({line.get_color() for line in loss.lines}) == len({line.get_marker() for line in loss.lines}) == 2
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["cnn_rgb", "cnn_rgb_da", "cnn_rgb_da, validation"]
    draw(figure, tmp_path)


def test_curves_of_a_single_epoch_and_of_none(tmp_path):
    row = {"epoch": 1, "loss": 2.3, "train_top1": 0.1, "seconds": 1.0}
    draw(plotting.curves_figure({"cnn_rgb": [row]}), tmp_path)
    draw(plotting.curves_figure({}), tmp_path)


def test_small_confusion_prints_percent_of_the_actual_class(tmp_path):
    figure = plotting.confusion_figure(np.array([[3, 1, 0], [0, 8, 0], [0, 0, 0]]), ["cat", "dog", "$x$"])
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["75.0", "25.0", "0", "0", "100.0", "0"]
    assert np.isnan(shown(axes)[2].astype(float)).all()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "actual class")
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["cat", "dog", r"\$x\$"]
    draw(figure, tmp_path)


def test_large_confusion_has_sparse_ticks_and_no_numbers(rng, tmp_path):
    figure = plotting.confusion_figure(rng.integers(0, 5, (100, 100)), [f"class{i}" for i in range(100)])
    axes = figure.axes[0]
    assert not axes.texts and [tick.get_text() for tick in axes.get_xticklabels()][:2] == ["class0", "class10"]
    draw(figure, tmp_path)


@pytest.mark.parametrize("n", [1, 7, 30])
def test_retrieval_marks_right_and_wrong_by_more_than_colour(images, tmp_path, n):
    correct = np.arange(n) % 3 == 0
    names = ["dog" if right else "$cat" for right in correct]
    figure = plotting.retrieval_figure(images[30], "dog", images[:n], correct, np.linspace(0, 0.5, n), names)
    query, *tiles = figure.findobj(match=lambda artist: hasattr(artist, "get_xlabel"))
    assert len(tiles) == n and (shown(query) == images[30]).all() and "dog" in query.get_title()
    for i, axes in enumerate(tiles):
        assert (shown(axes) == images[i]).all()
        (frame,) = axes.patches
        assert axes.get_title(loc="left") == f"{i + 1} {'✓' if correct[i] else '✗'}"
        assert (frame.get_linestyle() == "-") == correct[i]
        assert axes.get_xlabel() == ("" if correct[i] else r"\$cat")
    assert f"{correct.sum()} of the first {n} are right" in texts(figure)
    colours = {axes.patches[0].get_edgecolor() for axes in tiles}
    assert len(colours) == len(set(correct))
    draw(figure, tmp_path)


def test_comparison_has_a_panel_a_measure_and_leaves_out_what_is_missing(tmp_path):
    rows = [{"panel": "Top-1 (%)", "label": "A", "paper": 73.5, "ours": 75.0},
            {"panel": "Top-1 (%)", "label": "B", "paper": 79.3, "ours": 77.0},
            {"panel": "MAP", "label": "B", "paper": None, "ours": 0.4}]
    figure = plotting.comparison_figure(rows)
    assert [axes.get_title() for axes in figure.axes] == ["Top-1 (%)", "MAP"]
    ours = [line for line in figure.axes[1].lines if line.get_marker() == "D" and len(line.get_xdata())]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in ours] == [(0.4, 1)]
    assert not [line for line in figure.axes[1].lines if line.get_marker() == "o" and len(line.get_xdata())]
    draw(figure, tmp_path)


@pytest.mark.parametrize("wrong", [
    lambda: plotting.channels_figure(np.zeros((2, 8, 8, 3), np.uint8), ["a", "b"]),
    lambda: plotting.channels_figure(np.zeros((2, 8, 8, 5), np.uint8), ["a"]),
    lambda: plotting.filters_figure(np.zeros((64, 25)), np.zeros((64, 25))),
    lambda: plotting.patches_figure(np.zeros((9, 5, 5)), np.zeros((8, 5, 5))),
    lambda: plotting.confusion_figure(np.zeros((3, 3)), ["a", "b"]),
    lambda: plotting.retrieval_figure(np.zeros((8, 8, 3)), "a", np.zeros((2, 8, 8, 3)), [True], [0, 1], ["a", "b"]),
    lambda: plotting.retrieval_figure(np.zeros((8, 8, 3)), "a", np.zeros((0, 8, 8, 3)), [], [], [])])
def test_arrays_that_do_not_fit_are_refused(wrong):
    with pytest.raises(InputError):
        wrong()


def test_save_keeps_the_old_file_when_drawing_fails(tmp_path):
    path = tmp_path / "deep" / "picture.png"
    plotting.save(plotting.curves_figure({}), path)
    before = path.read_bytes()
    broken = plotting.curves_figure({})
    broken.suptitle("$\\nonsense{$")
    with pytest.raises(ValueError):
        plotting.save(broken, path)
    assert path.read_bytes() == before and [p.name for p in path.parent.iterdir()] == ["picture.png"]


def test_save_says_where_it_cannot_write(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write"):
        plotting.save(plotting.curves_figure({}), tmp_path / "file" / "picture.png")


def test_pictures_need_no_pyplot():
    code = ("import sys; from scratchnet import plotting; plotting.png(plotting.curves_figure({})); "
            "sys.exit('matplotlib.pyplot' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
