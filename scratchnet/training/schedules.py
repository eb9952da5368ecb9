"""Learning rates over time, as plain functions.

Each returns ``rate(done)``, where `done` is the share of training that lies behind: 0 at the first step, 1 after the
last.
"""
from math import cos, pi

from ..checks import not_negative
from ..errors import SettingsError


def constant(rate):
    """Return the same rate throughout."""
    not_negative(rate=rate)
    return lambda done: rate


def steps(rate, at=(0.6, 0.84), factor=0.1):
    """Multiply the rate by `factor` each time the share done passes one of `at`."""
    at = tuple(at)
    not_negative(rate=rate, factor=factor)
    _shares(at)
    return lambda done: rate * factor ** sum(done >= point for point in at)


def one_cycle(rate, warm_up=0.3, start=0.04, end=0.0):
    """Rise from start · rate to `rate` during `warm_up`, then fall along a cosine to end · rate (Smith, 2018)."""
    not_negative(rate=rate, start=start, end=end)
    _shares([warm_up])

    def at(done):
        if done < warm_up or warm_up == 1:  # with warm_up = 1 there is nothing to fall in
            return rate * (start + (1 - start) * (1 - cos(pi * done / warm_up)) / 2)
        return rate * (end + (1 - end) * (1 + cos(pi * (done - warm_up) / (1 - warm_up))) / 2)
    return at


def _shares(points):
    """Refuse what is no share of training; 60 for 60 % would never come."""
    for point in points:
        if not 0 <= point <= 1:
            raise SettingsError(f"a point of a schedule is a share of training from 0 to 1, got {point}")
