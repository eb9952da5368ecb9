"""Balanced parts of a training set."""
import numpy as np
import pytest

from scratchnet.data import hold_out
from scratchnet.errors import InputError, SettingsError


def test_hold_out_is_a_balanced_partition(rng):
    labels = rng.permutation(np.repeat(np.arange(7), 30))
    remaining, held = hold_out(labels, 24, rng)
    assert sorted([*remaining, *held]) == list(range(210)) and len(held) == 24
    counts = np.bincount(labels[held], minlength=7)
    assert counts.min() == 3 and counts.max() == 4 and (np.diff(held) > 0).all()


def test_hold_out_refusals(rng):
    labels = np.array([0] * 9 + [1])
    for count in (0, 10, -1):
        with pytest.raises(SettingsError, match="between 1 and 9"):
            hold_out(labels, count, rng)
    with pytest.raises(SettingsError, match="class 1 has only 1"):
        hold_out(labels, 4, rng)


@pytest.mark.parametrize("labels", [np.eye(4), np.eye(4, dtype=int), np.zeros((4, 1), int),
                                    [0.0, float("nan"), 1.0, 1.0], ["a", "b"], np.array([True, False]),
                                    [[0, 1], [1, 0]]])
def test_labels_that_are_none(labels, rng):
    with pytest.raises(InputError, match="one whole number per image"):
        hold_out(labels, 1, rng)


def test_a_list_of_labels_is_as_good_as_an_array():
    labels = [0, 1, 0, 1, 1, 0]
    for found, expected in zip(hold_out(labels, 2, np.random.default_rng(0)),
                               hold_out(np.array(labels, np.uint8), 2, np.random.default_rng(0))):
        assert found.tolist() == expected.tolist() and len(found) in (2, 4)


def test_images_and_the_classes_that_give_one_more_are_drawn():
    labels = np.repeat(np.arange(4), 10)
    held = [hold_out(labels, 6, np.random.default_rng(seed))[1] for seed in range(40)]
    generous = np.sum([np.bincount(labels[chosen]) > 1 for chosen in held], axis=0)
    assert (generous >= 10).all() and set(np.concatenate(held)) == set(range(40))
