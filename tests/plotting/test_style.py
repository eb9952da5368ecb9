"""What pictures share: tiles in a grid, a file that is whole or not there, and neither a screen nor pyplot."""
import subprocess
import sys

import numpy as np
import pytest

from scratchnet import plotting
from scratchnet.errors import OutputError
from scratchnet.plotting.style import DPI, SERIES, bare, light, literal, mosaic, new_figure, png


def test_mosaic_puts_tiles_in_reading_order_on_white():
    sheet = mosaic(np.arange(3)[:, None, None] / 4 * np.ones((3, 2, 2)), columns=2, zoom=1, gap=1)
    assert sheet.tolist() == [[0, 0, 1, 0.25, 0.25], [0, 0, 1, 0.25, 0.25], [1] * 5, [0.5, 0.5, 1, 1, 1],
                              [0.5, 0.5, 1, 1, 1]]


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


def test_mosaic_of_colours_and_of_a_row_that_is_full(rng):
    tiles = rng.random((4, 3, 3, 3))
    sheet = mosaic(tiles, columns=2, zoom=2, gap=3)
    assert sheet.shape == (2 * 9 - 3, 2 * 9 - 3, 3) and (sheet[6:9] == 1).all() and (sheet[:, 6:9] == 1).all()
    assert (sheet[:6:2, :6:2] == tiles[0]).all() and (sheet[1:6:2, 10::2] == tiles[1]).all()
    assert (sheet[9::2, :6:2] == tiles[2]).all() and (sheet[9::2, 9::2] == tiles[3]).all()


def test_a_name_with_dollars_is_shown_letter_by_letter():
    assert literal("$5 and $6") == r"\$5 and \$6" and literal(7) == "7"
    figure = new_figure(2, 1)
    figure.suptitle(literal("$a^2$"))
    assert figure.texts[0].get_text() == r"\$a^2\$" and png(figure).startswith(b"\x89PNG")


def test_a_file_has_the_size_that_was_asked_for():
    header = png(new_figure(3, 2))
    assert [int.from_bytes(header[i:i + 4]) for i in (16, 20)] == [3 * DPI, 2 * DPI]


def test_bare_axes_hold_nothing_but_a_picture_and_light_ones_two_lines_and_a_grid():
    axes = new_figure(2, 2).subplots()
    light(axes)
    assert [name for name, spine in axes.spines.items() if spine.get_visible()] == ["left", "bottom"]
    assert all(line.get_visible() for line in axes.get_xgridlines())
    bare(axes)
    assert not any(spine.get_visible() for spine in axes.spines.values())
    assert len(axes.get_xticks()) == len(axes.get_yticks()) == 0


def test_the_colours_of_a_series_are_all_different():
    assert len(set(SERIES)) == len(SERIES) == 7
