"""Errors that a user can cause.

Every class here carries a message of one line that says what was wrong and what to do about it. The command
line prints that line and exits with code 2; a program catches the class. Anything else that escapes is a bug.
"""


class ScratchnetError(Exception):
    """Base class: something that the caller, not the library, can mend."""


class InputError(ScratchnetError, ValueError):
    """An array of the wrong rank, layout, dtype, range or content."""


class SettingsError(ScratchnetError, ValueError):
    """An option, name or size that does not exist or makes no sense."""


class DataError(ScratchnetError):
    """A data file or folder that is missing, damaged, unsafe or not what it claims to be."""


class CheckpointError(ScratchnetError):
    """A checkpoint that is damaged, from another architecture or from a newer version."""


class BackendError(ScratchnetError, RuntimeError):
    """A backend that was asked for and does not answer."""


class CapacityError(ScratchnetError, MemoryError):
    """A batch that does not fit into memory."""


class OutputError(ScratchnetError, OSError):
    """A place that cannot be written."""


class NonFiniteError(ScratchnetError, FloatingPointError):
    """A loss, gradient or parameter that is infinite or not a number."""
