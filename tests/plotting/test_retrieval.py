"""Figures 10 and 11: a query and what was found for it."""
import numpy as np
import pytest
from drawn import draw, shown, texts
from matplotlib.colors import to_rgba

from scratchnet import plotting
from scratchnet.errors import InputError
from scratchnet.plotting.style import BLUE, VERMILLION


@pytest.mark.parametrize("n", [1, 7, 30])
def test_retrieval_marks_right_and_wrong_by_more_than_colour(images, tmp_path, n):
    correct = np.arange(n) % 3 == 0
    names = ["dog" if right else "$cat" for right in correct]
    distances = np.linspace(0.1, 0.5, n)
    figure = plotting.retrieval_figure(images[30], "dog", images[:n], correct, distances, names)
    query, *tiles = figure.findobj(match=lambda artist: hasattr(artist, "get_xlabel"))
    assert len(tiles) == n and (shown(query) == images[30]).all() and "dog" in query.get_title()
    for i, axes in enumerate(tiles):
        assert (shown(axes) == images[i]).all()
        (frame,) = axes.patches
        assert axes.get_title(loc="left") == f"{i + 1} {'✓' if correct[i] else '✗'}"
        assert axes.get_title(loc="right") == f"{distances[i]:.3f}"
        assert (frame.get_linestyle() == "-") == correct[i]
        assert frame.get_edgecolor() == to_rgba(BLUE if correct[i] else VERMILLION)
        assert axes.get_xlabel() == ("" if correct[i] else r"\$cat")
    assert f"{correct.sum()} of the first {n} are right" in texts(figure)
    draw(figure, tmp_path)


@pytest.mark.parametrize("wrong", [
    lambda: plotting.retrieval_figure(np.zeros((8, 8, 3)), "a", np.zeros((2, 8, 8, 3)), [True], [0, 1], ["a", "b"]),
    lambda: plotting.retrieval_figure(np.zeros((8, 8, 3)), "a", np.zeros((0, 8, 8, 3)), [], [], [])])
def test_arrays_that_do_not_fit_are_refused(wrong):
    with pytest.raises(InputError):
        wrong()
