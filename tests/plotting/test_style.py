"""What pictures share: tiles in a grid, a file that is whole or not there, and neither a screen nor pyplot."""
import subprocess
import sys

import numpy as np
import pytest

from scratchnet import plotting
from scratchnet.errors import OutputError
from scratchnet.plotting.style import mosaic


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
