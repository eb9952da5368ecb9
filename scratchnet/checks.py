"""What settings must be, checked in one place."""
import operator

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
