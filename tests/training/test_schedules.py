"""Learning rates over time."""
import numpy as np
import pytest

from scratchnet.errors import SettingsError
from scratchnet.training.schedules import constant, one_cycle, steps


def test_schedules():
    assert constant(0.5)(0.3) == 0.5
    rates = [steps(1.0)(p) for p in (0, 0.59, 0.6, 0.84, 1)]
    np.testing.assert_allclose(rates, [1, 1, 0.1, 0.01, 0.01])
    cycle = one_cycle(2.0, warm_up=0.25, start=0.1)
    np.testing.assert_allclose([cycle(p) for p in (0, 0.25, 0.625, 1)], [0.2, 2, 1, 0], atol=1e-12)


def test_steps_fall_at_the_points_that_are_asked_for():
    rate = steps(3.0, at=(0.5,), factor=0.2)
    np.testing.assert_allclose([rate(p) for p in (0, 0.49, 0.5, 1)], [3, 3, 0.6, 0.6])


def test_one_cycle_rises_to_its_peak_and_falls_to_its_end():
    cycle = one_cycle(0.4, warm_up=0.3, start=0.04, end=0.25)
    progress = np.linspace(0, 1, 101)
    rates = np.array([cycle(p) for p in progress])
    assert progress[rates.argmax()] == 0.3 and np.isclose(rates.max(), 0.4)
    assert (np.diff(rates[:31]) > 0).all() and (np.diff(rates[30:]) < 0).all()
    np.testing.assert_allclose(rates[[0, -1]], [0.016, 0.1])


@pytest.mark.parametrize("warm_up, first, last", [(0, 2, 0), (1, 0.2, 2)])
def test_one_cycle_may_only_fall_or_only_rise(warm_up, first, last):
    cycle = one_cycle(2.0, warm_up=warm_up, start=0.1)
    rates = [cycle(p) for p in (0, 0.25, 0.5, 0.75, 1)]
    np.testing.assert_allclose([rates[0], rates[-1]], [first, last], atol=1e-12)
    assert rates == sorted(rates, reverse=first > last)


@pytest.mark.parametrize("make", [
    lambda bad: constant(bad), lambda bad: steps(bad), lambda bad: steps(1.0, factor=bad),
    lambda bad: steps(1.0, [bad]), lambda bad: one_cycle(bad), lambda bad: one_cycle(1.0, warm_up=bad),
    lambda bad: one_cycle(1.0, start=bad),
    lambda bad: one_cycle(1.0, end=bad)])
@pytest.mark.parametrize("bad", [np.nan, -0.1, np.inf])
def test_numbers_that_make_no_schedule_are_refused(make, bad):
    with pytest.raises(SettingsError):
        make(bad)


def test_percents_are_no_shares():
    for make in (lambda: steps(1.0, at=(60, 84)), lambda: one_cycle(1.0, warm_up=30)):
        with pytest.raises(SettingsError, match="share of training from 0 to 1, got [36]0"):
            make()


def test_points_may_come_from_a_generator():
    rate = steps(1.0, at=(point for point in (0.5,)))
    assert [rate(p) for p in (0.6, 0.6, 0.4)] == [0.1, 0.1, 1.0]
