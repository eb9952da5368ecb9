"""Dropout switches units off at random, and nothing where there is no generator."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, SettingsError
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


def test_a_rate_of_nothing_is_nothing(rng):
    x = rng.standard_normal((5, 6))
    y, cache = Dropout(0).forward(x, rng)
    assert y is x and cache[1] is None and repr(Dropout(0.25)) == "Dropout(0.25)"


def test_whole_numbers_are_refused(rng):
    with pytest.raises(InputError, match=r"Dropout\(0.5\) expected floating point numbers, got int64"):
        Dropout(0.5).forward(np.arange(3), rng)


def test_every_unit_is_dropped_by_itself():
    """Neither whole images nor whole channels go together, and the share that goes is the rate."""
    _, (_, mask) = Dropout(0.25).forward(np.ones((40, 8, 8, 5)), np.random.default_rng(3))
    for axes in ((1, 2, 3), (0, 1, 2)):
        dropped = (mask == 0).mean(axis=axes)
        assert ((0.1 < dropped) & (dropped < 0.4)).all()
    assert abs((mask == 0).mean() - 0.25) < 0.02
