"""What one sees of a long computation: bars on a terminal, and messages.

Neither may stop the work: it continues without a terminal, without any stream, and with a log file on a full disk.
"""
import sys

from tqdm import tqdm

from .errors import in_a_line


def bar(progress=None, **settings):
    """Return a bar of tqdm that is gone when it is done.

    Parameters
    ----------
    progress : bool, optional
        Show it; None means only on a terminal.
    settings
        Of tqdm: total, desc, unit, initial, ...
    """
    hidden = True if sys.stderr is None else None if progress is None else not progress
    return tqdm(leave=False, disable=hidden, **settings)


def say(line):
    """Print a line beside the bars."""
    if sys.stdout is None:
        return
    try:
        tqdm.write(in_a_line(line))
    except BrokenPipeError:  # nobody reads any more
        raise
    except OSError:  # what the line was about is worth more than the line
        pass
