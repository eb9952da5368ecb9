"""The bridge from an objective on any backend to SciPy's L-BFGS.

SciPy's optimiser works on float64 vectors on the host; the objective may want float32 on a GPU. Each evaluation
takes the parameters over and brings cost and gradient back: a few thousand numbers, against millions of patch
values that stay where they are.
"""
import numpy as np
from scipy.optimize import minimize as scipy_minimize

from ..backend import to_device, to_host
from ..errors import NonFiniteError


def minimize(function, theta, xp, dtype, iterations, callback=None):
    """Minimise ``function(theta) -> (cost, gradient)`` from `theta` by L-BFGS and return the best vector.

    Parameters
    ----------
    function : callable
        Is given theta as an array of `xp` and `dtype`.
    theta : (n,) float64 array
        Start, on the host.
    xp, dtype
        Backend and precision of the evaluations.
    iterations : int
        At most so many line searches.
    callback : callable, optional
        ``callback(iteration, cost, theta)`` after each iteration, theta on the host.

    Returns
    -------
    theta : (n,) float64 array
    costs : list of float
        After each iteration.

    Raises
    ------
    NonFiniteError
        If the objective or its gradient is not finite at the start.
    """
    costs = []

    def evaluate(vector):
        # A line search may probe where the objective is infinite; it then steps back by itself.
        with np.errstate(all="ignore"):
            cost, gradient = function(to_device(vector, xp, dtype))
        return float(cost), to_host(gradient).astype(np.float64)

    def after(intermediate_result):
        costs.append(float(intermediate_result.fun))
        if callback:
            callback(len(costs), costs[-1], intermediate_result.x)

    if not all(np.isfinite(found).all() for found in evaluate(theta)):
        raise NonFiniteError("the objective or its gradient is not finite at its starting point: look at the patches "
                             "and settings")
    result = scipy_minimize(evaluate, theta, jac=True, method="L-BFGS-B", callback=after,
                            options={"maxiter": iterations, "maxfun": 4 * iterations})
    return result.x, costs
