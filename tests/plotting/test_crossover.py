"""Time against batch, and where the curves cross."""
import pytest
from drawn import draw, texts

from scratchnet import plotting

SIZES = (1, 4, 16, 64)
CPU, GPU = (2, 8, 32, 128), (24, 24, 24, 25)


def rows(case, **curves):
    return [{"case": case, "backend": name, "batch": batch, "median_ms": ms, "spread_ms": [ms * 0.9, ms * 1.2]}
            for name, points in curves.items() for batch, ms in zip(SIZES, points)]


def lines(axes):
    """The curves of a panel, without the mark."""
    return [line for line in axes.lines if len(line.get_xdata()) == len(SIZES)]


def marks(axes):
    return [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == ":"]


def test_two_curves_per_image_cross_at_the_mark_on_logarithmic_axes(tmp_path):
    found = plotting.crossover_figure(rows("training step", numpy=CPU, cupy=GPU), {"training step": (12, 11.7)},
                                      "From 12 on.", "Some machine.")
    axes, = found.axes
    assert axes.get_xscale() == axes.get_yscale() == "log" and marks(axes) == [11.7]
    assert [[*line.get_ydata()] for line in lines(axes)] == [[2.0] * 4, pytest.approx([24, 6, 1.5, 25 / 64])]
    assert len({line.get_color() for line in lines(axes)}) == len({line.get_marker() for line in lines(axes)}) == 2
    assert {"GPU faster from 12 on", "CPU, 2 ms", "GPU, 0.39 ms", "GPU 5.1× as fast", "From 12 on.", "Some machine.",
            "16"} <= {*texts(found)}
    shaded, = axes.patches
    assert shaded.get_x() == 11.7 and shaded.get_x() + shaded.get_width() >= 64
    draw(found, tmp_path)


def test_each_layer_has_a_panel_with_its_own_crossing(tmp_path):
    cases = ("training step", *(f"layer{i}" for i in range(7)))
    found = plotting.crossover_figure([row for case in cases for row in rows(case, numpy=CPU, cupy=GPU)],
                                      {case: (i + 2, i + 1.5) for i, case in enumerate(cases)})
    assert [axes.get_title(loc="left") for axes in found.axes] == [*cases]
    assert [marks(axes) for axes in found.axes] == [[i + 1.5] for i in range(8)]
    assert "7" in texts(found.axes[5])
    draw(found, tmp_path)


def test_ahead_from_the_first_batch_and_never_have_no_crossing_to_mark(tmp_path):
    both = [*rows("training step", numpy=CPU, cupy=(1, 2, 3, 4)), *rows("conv1", numpy=(1, 2, 3, 4), cupy=CPU)]
    found = plotting.crossover_figure(both, {"training step": (1, 1.0), "conv1": None})
    ahead, behind = found.axes
    assert marks(ahead) == marks(behind) == [] and len(ahead.patches) == 1 and not behind.patches
    assert {"GPU faster throughout", "GPU 32× as fast"} <= {*texts(ahead)} and "GPU 32× as slow" in texts(behind)
    draw(found, tmp_path)


def test_one_backend_alone_shows_its_times(tmp_path):
    found = plotting.crossover_figure([*rows("training step", numpy=CPU), *rows("conv1", numpy=GPU)], {})
    assert {"CPU, 2 ms", "2 ms per image", "0.39 ms per image"} <= {*texts(found)}
    assert all(len(lines(axes)) == 1 and not marks(axes) for axes in found.axes)
    draw(found, tmp_path)


def test_a_single_batch_and_curves_of_different_length(tmp_path):
    draw(plotting.crossover_figure(rows("training step", numpy=CPU)[:1], {}), tmp_path)
    cut_off = rows("training step", numpy=CPU, cupy=GPU)[:-1]
    found = plotting.crossover_figure(cut_off, {"training step": (12, 11.7)})
    assert "GPU 1.3× as fast" in texts(found)  # at 16, the largest that both have
    draw(found, tmp_path)


def test_the_scale_has_few_plain_numbers():
    for spread in (1.01, 3, 40, 1e5):
        points = [(i + 1) * spread**i for i in range(4)]
        axes, = plotting.crossover_figure(rows("training step", numpy=points), {}).axes
        labels = [text.get_text() for text in axes.get_yticklabels()]
        assert len(labels) <= 7 and all("$" not in label for label in labels)
        assert [text.get_text() for text in axes.get_xticklabels()] == ["1", "4", "16", "64"]
