"""Is the backward pass the derivative of the forward pass?

For a random upstream gradient dy, the scalar L = Σ dy · f(x) has the gradient that `backward` claims. Central
differences, (L(v + h) − L(v − h)) / 2h, measure the same gradient without any formula. In float64 the two
agree to about ten digits where the code is right; where it is wrong, they rarely agree to one.

The upstream gradient is random because a gradient of ones hides every mistake that moves values about without
changing their sum. Where a step crosses a kink of ReLU or pooling, the difference quotient means nothing:
such a step is recognised by the layer's `branches` and another coordinate is measured instead.
"""
import numpy as np

from .backend import array_module, to_device, to_host
from .checks import positive
from .errors import InputError

STEP = 1e-5
TOLERANCE_SMOOTH, TOLERANCE_KINKED = 1e-7, 1e-6


def relative_error(a, b):
    """Return max |a − b| / max(max |a|, max |b|): the largest error on the scale of the whole array.

    An element-by-element ratio would compare rounding noise with rounding noise wherever a gradient is zero. Arrays of
    different shapes, or in which something is not finite, are infinitely far apart.
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return float("inf")
    scale = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0))
    return float(np.abs(a - b).max(initial=0) / scale) if scale else 0.0


def numerical_gradient(function, array, step=STEP, coordinates=None):
    """Return the central differences of the scalar `function()` with respect to elements of `array`.

    Parameters
    ----------
    function : callable
        Takes nothing and returns (value, branches); it reads `array`, which is changed and restored in place.
    array : float64 array
    step : float
        h. The error of the quotient is of order h² plus rounding / h.
    coordinates : sequence of int, optional
        Flat indices to measure; None means all.

    Returns
    -------
    coordinates : (n,) int array
        Those that were measured: a coordinate whose step crosses a kink is left out.
    gradient : (n,) float64 array

    Raises
    ------
    InputError
        If the array is not float64: in float32, rounding would make errors of a thousandth of a right gradient.
    """
    _check_float64(array=array)
    measured, slopes = [], []
    for i in range(array.size) if coordinates is None else coordinates:
        index = np.unravel_index(int(i), array.shape)
        before = float(array[index])
        array[index] = before + step
        high, branches_high = function()
        array[index] = before - step
        low, branches_low = function()
        array[index] = before
        if all(bool((a == b).all()) for a, b in zip(branches_high, branches_low)):
            measured.append(int(i))
            slopes.append((float(high) - float(low)) / (2 * step))
    return np.array(measured, dtype=np.int64), np.array(slopes)


def check_layer(layer, x, rng, samples=None, step=STEP, training_seed=None):
    """Compare a layer's (or network's) backward pass with central differences.

    Parameters
    ----------
    layer : Layer
        With float64 parameters.
    x : float64 array
        Its input.
    rng : numpy.random.Generator
        Draws the upstream gradient and the coordinates.
    samples : int, optional
        Coordinates to measure in each array; None means all.
    training_seed : int, optional
        Seed of the generator that every forward pass is given: the layer works as in training.

    Returns
    -------
    dict of str to float
        Relative error for "x" and for each parameter; infinite where a gradient has another shape or is not finite.

    Raises
    ------
    InputError
        If x or a parameter is not float64.
    """
    xp = array_module(x)
    _check_float64(x=x, **layer.params)

    def forward():
        return layer.forward(x, None if training_seed is None else np.random.default_rng(training_seed))

    y, cache = forward()
    dy = to_device(rng.standard_normal(y.shape), xp)
    dx, grads = layer.backward(dy.copy(), cache)

    def loss():
        y, cache = forward()
        return (y * dy).sum(), layer.branches(cache)

    return _compare(loss, {"x": x, **layer.params}, {"x": dx, **grads}, rng, samples, step)


def check_function(function, arrays, rng, samples=None, step=STEP):
    """The same for ``function(**arrays) -> (scalar, {name: gradient})``, such as a loss or an objective."""
    _check_float64(**arrays)
    _, grads = function(**arrays)
    return _compare(lambda: (function(**arrays)[0], ()), arrays, grads, rng, samples, step)


def _compare(loss, arrays, grads, rng, samples, step):
    if samples is not None:
        positive(samples=samples)
    errors = {}
    for name, array in arrays.items():
        if grads[name].shape != array.shape:
            errors[name] = float("inf")
            continue
        order = rng.permutation(array.size)
        wanted = array.size if samples is None else min(samples, array.size)
        # A few spare coordinates replace those whose step crosses a kink.
        at, numeric = numerical_gradient(loss, array, step, order[:wanted + wanted // 2])
        if len(at) < min(wanted, 1 + wanted // 2):
            raise ValueError(f"{name}: too many steps cross a kink; use a smaller step or inputs further apart")
        errors[name] = relative_error(to_host(grads[name]).ravel()[at], numeric)
    return errors


def _check_float64(**arrays):
    """Refuse arrays in which a step of 1e-5 is as coarse as their own rounding."""
    for name, array in arrays.items():
        if array.dtype != np.float64:
            raise InputError(f"central differences need float64, and {name} is {array.dtype}: build layers with "
                             "dtype=np.float64, and convert inputs with x.astype(np.float64)")


def spaced(shape, rng, gap=0.05):
    """Return float64 numbers in random order that all differ by at least `gap` and keep gap / 2 away from zero.

    With them no step of a ReLU or pooling check can cross a kink.
    """
    n = int(np.prod(shape))
    values = (np.arange(n) - n // 2 + 0.5) * gap
    return rng.permutation(values).reshape(shape)
