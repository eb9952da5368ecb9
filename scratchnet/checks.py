"""What settings must be, checked in one place."""
import operator
from math import inf
from numbers import Real

from .errors import SettingsError


def positive(**sizes):
    """Refuse sizes that are not whole numbers of at least 1; NumPy's whole numbers are as good as Python's."""
    for name, value in sizes.items():
        try:
            right = not isinstance(value, bool) and operator.index(value) >= 1
        except TypeError:
            right = False
        if not right:
            raise SettingsError(f"{name} must be a whole number of at least 1, got {value!r}")


def not_negative(**amounts):
    """Refuse amounts that are not finite numbers of at least 0."""
    for name, value in amounts.items():
        if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= value < inf:
            raise SettingsError(f"{name} must be a finite number of at least 0, got {value!r}")


def typed(text, example, name):
    """Return what a person typed as a value of the type of `example`."""
    try:
        if isinstance(example, bool):
            return {"yes": True, "true": True, "no": False, "false": False}[text.lower()]
        return type(example)(text)
    except (ValueError, KeyError):
        raise SettingsError(f"{name} takes a value like {example}, got {text!r}") from None
