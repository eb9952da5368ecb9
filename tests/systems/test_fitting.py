"""What a system can learn from, and how it is told to."""
import numpy as np
import pytest

from scratchnet.errors import CheckpointError, InputError
from scratchnet.systems.fitting import Fitting, bar, check_images, check_labels


@pytest.mark.parametrize("wrong", [np.zeros((2, 32, 32, 3)), np.zeros((2, 3, 32, 32), np.uint8), [[1]],
                                   np.zeros((2, 64, 64, 3), np.uint8), np.zeros((32, 32, 3), np.uint8)])
def test_only_colour_images_of_bytes_are_taken(wrong):
    with pytest.raises(InputError, match="expected colour images .N, 32, 32, 3. of uint8, got"):
        check_images(wrong)
    check_images(np.zeros((2, 32, 32, 3), np.uint8))


def test_labels_say_how_many_classes_there_are():
    assert check_labels(np.array([0, 6, 2]), 3, None) == 7 and check_labels(np.array([0, 0]), 2, None) == 2
    assert check_labels(np.array([0, 6], np.uint8), 2, 10) == 10
    masked = np.ma.masked_array([0, 6], [False, True])
    with pytest.raises(InputError, match="mask"):
        check_labels(masked, 2, None)
    assert check_labels([0, 6], 2, None) == 7
    for labels, n, classes, words in (([0, 1], 3, None, "3 images"), ([0.0, 1.0], 2, None, "whole numbers"),
                                      ([-1, 0], 2, None, "from 0 on"), ([], 0, None, "at least one"),
                                      ([0, 6], 2, 6, "labels go up to 6")):
        with pytest.raises(InputError, match=words):
            check_labels(np.array(labels), n, classes)


@pytest.mark.parametrize("progress, shown", [(True, True), (False, False)])
def test_a_bar_is_shown_as_asked_for(progress, shown, capsys):
    fitting = Fitting(None, None, {}, progress, print, None, 30.0)
    with bar(fitting, total=3, desc="learning") as drawn:
        drawn.update(3)
    assert ("learning" in capsys.readouterr().err) == shown


def test_a_part_is_made_once_and_goes_on_where_it_was_kept(tmp_path):
    calls, shapes = [], {"a": ((2,), np.float32)}

    def make(start, keep):
        calls.append(start and (start[0]["a"].tolist(), start[1]))
        keep({"a": np.ones(2, np.float32)}, {"i": 1})
        if len(calls) == 1:
            raise KeyboardInterrupt
        return {"a": np.full(2, 2, np.float32)}, {"i": 2}
    fitting = Fitting(None, tmp_path / "checkpoint.npz", {}, False, print, None, 0.0)
    with pytest.raises(KeyboardInterrupt):
        fitting.part("thing", {"seed": 1}, shapes, make)
    for _ in range(2):
        arrays, state = fitting.part("thing", {"seed": 1}, shapes, make)
        assert arrays["a"].tolist() == [2, 2] and state == {"i": 2}
    assert calls == [None, ([1, 1], {"i": 1})]
    fitting.part("thing", {"seed": 1}, shapes, make, again=True)
    assert calls[2:] == [([2, 2], {"i": 2})]
    for about, forms, words in (({"seed": 2}, shapes, "another seed"),
                                ({"seed": 1}, {"a": ((3,), np.float32)}, r"\(3,\)")):
        with pytest.raises(CheckpointError, match=words):
            fitting.part("thing", about, forms, make)
    nowhere = Fitting(None, None, {}, False, print, None, 0.0)
    assert nowhere.part("thing", {}, shapes, make)[1] == {"i": 2} and len(list(tmp_path.iterdir())) == 1


def test_a_part_is_kept_no_more_often_than_asked_for(tmp_path):
    def make(start, keep):
        keep({}, {"i": 1})
        assert not (tmp_path / "thing.npz").exists()
        return {}, {"i": 2}
    Fitting(None, tmp_path / "checkpoint.npz", {}, False, print, None, 1e9).part("thing", {}, {}, make)
    assert (tmp_path / "thing.npz").exists()
