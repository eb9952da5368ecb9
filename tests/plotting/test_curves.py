"""Training curves."""
import numpy as np
from drawn import draw

from scratchnet import plotting


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
