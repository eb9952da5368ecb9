"""What an error means to the user of a command: a line that says what was wrong and what to do."""
import traceback

from ..errors import ScratchnetError


def explain(error, unwritten=None):
    """Return the line for an error, or None for a bug, which wants its traceback.

    Parameters
    ----------
    error : BaseException
    unwritten : OSError, optional
        Why standard output takes nothing more.
    """
    if isinstance(error, ScratchnetError):
        return str(error)
    library = _broken_library(error)
    if library:
        return (f"the library {library} cannot be imported ({type(error).__name__}: {error}): reinstall it, "
                f"e.g. with pip install --force-reinstall {library}")
    if isinstance(error, MemoryError) or "can't start new thread" in str(error):
        return (f"the machine does not have enough memory or threads left ({str(error) or 'MemoryError'}): close other "
                "programs, or ask for less, e.g. with --threads 1")
    if unwritten and isinstance(error, OSError | SystemExit):
        return (f"cannot write to standard output ({unwritten.strerror}): free some space there, or redirect it "
                "elsewhere")
    if isinstance(error, OSError):
        return (f"cannot read or write {_place(error)} ({error.strerror or error}): check its name, its permissions "
                "and the free space, or choose another place")
    if isinstance(error, UnicodeError):
        return f"a text or a path contains characters that cannot be used here ({error}): choose another name"
    return None


def _broken_library(error):
    """Return the name of the library whose import failed, if it is that which failed."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        name = error.name.partition(".")[0]
        return None if name == "scratchnet" else name
    for frame, _ in traceback.walk_tb(error.__traceback__):
        name = frame.f_globals.get("__name__", "").partition(".")[0]
        if frame.f_code.co_name == "<module>" and name not in ("scratchnet", "__main__"):
            return name
    return None


def _place(error):
    names = [str(name) for name in (error.filename, error.filename2) if name is not None]
    return " or ".join(names) or "a file or stream"
