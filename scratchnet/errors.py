"""Errors that a user can cause.

The message of each is one line that says what was wrong and what to do about it. The command
line prints that line and exits with code 2; a program catches the class. Anything else that escapes is a bug.
"""
import re

LINE_BREAK = re.compile(r"\s*[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]\s*")


class ScratchnetError(Exception):
    """Base class: something that the caller, not the library, can fix."""


class InputError(ScratchnetError, ValueError):
    """An array of the wrong rank, layout, dtype, range or content."""


class SettingsError(ScratchnetError, ValueError):
    """An option, name or size that does not exist or makes no sense."""


class DataError(ScratchnetError):
    """A data file or folder that is missing, damaged, unsafe or not what it claims to be."""


class CheckpointError(ScratchnetError):
    """A checkpoint that is damaged, from another architecture or from a newer version."""


class BackendError(ScratchnetError, RuntimeError):
    """A backend that was asked for and is not available."""


class CapacityError(ScratchnetError, MemoryError):
    """A batch that does not fit into memory."""


class OutputError(ScratchnetError, OSError):
    """A place that cannot be written to."""


class NonFiniteError(ScratchnetError, FloatingPointError):
    """A loss, gradient or parameter that is infinite or not a number."""


def in_a_line(text):
    """Return text from elsewhere (a path, a server's answer, another library's message) as one line for a terminal.

    A line break becomes a blank. What a terminal would not show as it is, or would obey, becomes its escape.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii")
                   for c in LINE_BREAK.sub(" ", str(text)))
