"""Learning rates over time."""
import numpy as np

from scratchnet.training.schedules import constant, one_cycle, steps


def test_schedules():
    assert constant(0.5)(0.3) == 0.5
    rates = [steps(1.0)(p) for p in (0, 0.59, 0.6, 0.84, 1)]
    np.testing.assert_allclose(rates, [1, 1, 0.1, 0.01, 0.01])
    cycle = one_cycle(2.0, warm_up=0.25, start=0.1)
    np.testing.assert_allclose([cycle(p) for p in (0, 0.25, 0.625, 1)], [0.2, 2, 1, 0], atol=1e-12)
