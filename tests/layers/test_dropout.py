"""Dropout switches units off at random, and nothing where there is no generator."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.errors import SettingsError
from scratchnet.layers import Dropout


def test_dropout_keeps_the_expected_value(backend):
    x = to_device(np.ones((200, 300), np.float32), backend)
    y, cache = Dropout(0.3).forward(x, np.random.default_rng(0))
    values = to_host(y)
    assert set(np.unique(values)) == {0, np.float32(1 / 0.7)} and values.dtype == np.float32
    assert abs(values.mean() - 1) < 0.01
    assert (to_host(Dropout(0.3).backward(x, cache)[0]) == values).all()


def test_dropout_is_repeatable_and_off_without_a_generator(rng):
    x = rng.standard_normal((5, 6))
    first, second = (Dropout(0.5).forward(x, np.random.default_rng(7))[0] for _ in range(2))
    assert (first == second).all() and (first == 0).any()
    y, cache = Dropout(0.5).forward(x)
    assert y is x and Dropout(0.5).backward(x, cache)[0] is x


def test_refusals():
    for rate in (-0.1, 1.0):
        with pytest.raises(SettingsError, match="rate"):
            Dropout(rate)
