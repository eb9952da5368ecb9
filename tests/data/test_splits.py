"""Balanced parts of a training set."""
import numpy as np
import pytest

from scratchnet.data import hold_out
from scratchnet.errors import SettingsError


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
