"""The paper's figures and ours on one scale."""
from drawn import draw

from scratchnet import plotting


def test_comparison_has_a_panel_a_measure_and_leaves_out_what_is_missing(tmp_path):
    rows = [{"panel": "Top-1 (%)", "label": "A", "paper": 73.5, "ours": 75.0},
            {"panel": "Top-1 (%)", "label": "B", "paper": 79.3, "ours": 77.0},
            {"panel": "MAP", "label": "B", "paper": None, "ours": 0.4}]
    figure = plotting.comparison_figure(rows)
    assert [axes.get_title() for axes in figure.axes] == ["Top-1 (%)", "MAP"]
    ours = [line for line in figure.axes[1].lines if line.get_marker() == "D" and len(line.get_xdata())]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in ours] == [(0.4, 1)]
    assert not [line for line in figure.axes[1].lines if line.get_marker() == "o" and len(line.get_xdata())]
    assert all(axes.get_ylim() == (1.5, -0.5) for axes in figure.axes)  # the first method stands at the top
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["A", "B"]
    draw(figure, tmp_path)
