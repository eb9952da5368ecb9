"""What settings must be, checked in one place."""
import operator
from math import inf
from numbers import Real

import numpy as np

from .errors import SettingsError


def positive(**sizes):
    """Return sizes as Python's whole numbers, which do not overflow; refuse what is not whole and at least 1."""
    return _whole(1, sizes)


def counts(**numbers):
    """Return numbers as Python's whole numbers, which do not overflow; refuse what is not whole and at least 0."""
    return _whole(0, numbers)


def _whole(least, numbers):
    for name, value in numbers.items():
        try:
            right = not isinstance(value, bool | np.bool) and operator.index(value) >= least
        except TypeError:
            right = False
        if not right:
            raise SettingsError(f"{name} must be a whole number of at least {least}, got {value!r}")
    return [operator.index(value) for value in numbers.values()]


def flags(**values):
    """Return values as Python's truth values; refuse what is neither true nor false."""
    for name, value in values.items():
        if value not in (False, True):
            raise SettingsError(f"{name} must be yes or no, got {value!r}")
    return [bool(value) for value in values.values()]


def not_negative(**amounts):
    """Refuse amounts that are not finite numbers of at least 0."""
    for name, value in amounts.items():
        if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= value < inf:
            raise SettingsError(f"{name} must be a finite number of at least 0, got {value!r}")


def real_type(dtype):
    """Refuse to compute in any type but float32 and float64; in whole numbers, initial weights would all be 0."""
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise SettingsError(f"dtype must be float32 or float64, got {np.dtype(dtype)}")


def typed(text, example, name):
    """Return what a person typed as a value of the type of `example`."""
    try:
        if isinstance(example, bool):
            return {"yes": True, "true": True, "no": False, "false": False}[text.lower()]
        return type(example)(text)
    except (ValueError, KeyError):
        raise SettingsError(f"{name} takes a value like {example}, got {text!r}") from None
