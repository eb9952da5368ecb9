"""The bridge to SciPy's L-BFGS: it finds minima, tells how it goes, and refuses to start nowhere."""
import numpy as np
import pytest

from scratchnet.backend import array_module, to_device
from scratchnet.errors import NonFiniteError
from scratchnet.training.lbfgs import minimize


def quadratic(xp, rng, n=6, dtype=np.float64):
    """Return f(θ) = (θ − c)ᵀ A (θ − c) / 2 with its gradient, and c."""
    root, centre = rng.standard_normal((n, n)), rng.standard_normal(n)
    A, c = (to_device(a.astype(dtype), xp) for a in (root @ root.T + np.eye(n), centre))

    def function(theta):
        assert array_module(theta) is xp and theta.dtype == dtype
        gradient = A @ (theta - c)
        return ((theta - c) * gradient).sum() / 2, gradient
    return function, centre


@pytest.mark.parametrize("dtype, rtol", [(np.float64, 1e-5), (np.float32, 1e-2)])
def test_the_minimum_of_a_quadratic_is_found(dtype, rtol, backend, rng):
    function, centre = quadratic(backend, rng, dtype=dtype)
    theta, costs = minimize(function, np.zeros(6), backend, dtype, 100)
    assert isinstance(theta, np.ndarray) and theta.dtype == np.float64
    np.testing.assert_allclose(theta, centre, rtol=rtol, atol=rtol)
    assert 1 < len(costs) <= 100 and all(type(cost) is float for cost in costs)
    assert all(b <= a for a, b in zip(costs, costs[1:])) and costs[-1] < 1e-5


def test_the_callback_is_told_each_iteration_in_order(rng):
    function, _ = quadratic(np, rng)
    rows = []
    theta, costs = minimize(function, np.zeros(6), np, np.float64, 100,
                            lambda iteration, cost, theta: rows.append((iteration, cost, theta.copy())))
    assert [row[0] for row in rows] == list(range(1, len(costs) + 1)) and [row[1] for row in rows] == costs
    for _, cost, seen in rows:
        assert cost == function(seen)[0]
    assert (rows[-1][2] == theta).all()


def test_it_stops_after_so_many_iterations(rng):
    function, centre = quadratic(np, rng)
    theta, costs = minimize(function, np.zeros(6), np, np.float64, 2)
    assert len(costs) == 2 and not np.allclose(theta, centre, rtol=1e-3)


@pytest.mark.parametrize("start", [np.nan, np.inf, -np.inf])
def test_a_start_that_is_not_finite_is_refused(start):
    told = []
    with pytest.raises(NonFiniteError, match="not finite at its starting point"):
        minimize(lambda theta: (theta.sum(), np.ones_like(theta)), np.array([start, 0.0]), np, np.float64, 5,
                 lambda *row: told.append(row))
    assert told == []


def test_a_start_without_a_slope_is_refused():
    with pytest.raises(NonFiniteError, match="gradient is not finite"):
        minimize(lambda theta: (theta.sum(), np.array([1, np.nan])), np.ones(2), np, np.float64, 5)


def test_a_line_search_may_look_where_the_objective_is_infinite():
    """−log θ + θ has its minimum at 1 and no value below 0, where a first long step may land."""
    def function(theta):
        return (theta - np.log(theta)).sum() if (theta > 0).all() else np.inf, 1 - 1 / theta
    theta, _ = minimize(function, np.array([0.05]), np, np.float64, 100)
    np.testing.assert_allclose(theta, 1, rtol=1e-4)
