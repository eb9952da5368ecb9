"""Learning rates over time, as plain functions.

Each returns ``rate(done)``, where `done` is the share of training that lies behind: 0 at the first step, 1 after the
last.
"""
from math import cos, pi


def constant(rate):
    """Return the same rate throughout."""
    return lambda done: rate


def steps(rate, at=(0.6, 0.84), factor=0.1):
    """Multiply the rate by `factor` each time the share done passes one of `at`."""
    return lambda done: rate * factor ** sum(done >= point for point in at)


def one_cycle(rate, warm_up=0.3, start=0.04, end=0.0):
    """Rise from start · rate to `rate` during `warm_up`, then fall along a cosine to end · rate (Smith, 2018)."""
    def at(done):
        if done < warm_up or warm_up == 1:  # with warm_up = 1 there is nothing to fall in
            return rate * (start + (1 - start) * (1 - cos(pi * done / warm_up)) / 2)
        return rate * (end + (1 - end) * (1 + cos(pi * (done - warm_up) / (1 - warm_up))) / 2)
    return at
