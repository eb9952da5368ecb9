"""Figure 9: which class is taken for which."""
import numpy as np
import pytest
from drawn import draw, shown

from scratchnet import plotting
from scratchnet.errors import InputError


def test_small_confusion_prints_percent_of_the_actual_class(tmp_path):
    figure = plotting.confusion_figure(np.array([[3, 1, 0], [0, 8, 0], [0, 0, 0]]), ["cat", "dog", "$x$"])
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["75.0", "25.0", "0", "0", "100.0", "0"]
    assert [text.get_position() for text in axes.texts] == [(j, i) for i in (0, 1) for j in (0, 1, 2)]
    assert np.isnan(shown(axes)[2].astype(float)).all()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "actual class")
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["cat", "dog", r"\$x\$"]
    draw(figure, tmp_path)


def test_large_confusion_has_sparse_ticks_and_no_numbers(rng, tmp_path):
    figure = plotting.confusion_figure(rng.integers(0, 5, (100, 100)), [f"class{i}" for i in range(100)])
    axes = figure.axes[0]
    assert not axes.texts and [tick.get_text() for tick in axes.get_xticklabels()][:2] == ["class0", "class10"]
    draw(figure, tmp_path)


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(InputError):
        plotting.confusion_figure(np.zeros((3, 3)), ["a", "b"])
