"""The command line: ``scratchnet COMMAND``.

`parser` defines what can be typed; `commands` and `data_commands` turn options into a call of the library and its
result into text. A command that ends early prints one line to stderr and returns an exit code: `troubles` explains
errors to the user, `process` looks after streams, warnings and signals.
"""
import os
import shlex
import signal
import sys

from ..errors import in_a_line
from . import process
from .troubles import explain

INTERRUPTED = "interrupted; a command that has --resume continues from its last checkpoint"
UNREAD = 128 + 13  # as of a process that SIGPIPE ends


def main(arguments=None):
    """Run one command and return its exit code.

    Parameters
    ----------
    arguments : list of str, optional
        What was typed after ``scratchnet``; None means what this process was started with.

    Returns
    -------
    int
        0 done; 1 a check failed; 2 a user's mistake, or something that the machine refused; 130 interrupted by Ctrl-C,
        143 by SIGTERM; 141 if the output is no longer being read.
    """
    process.prepare_streams()
    if arguments is None:
        os.environ["MPLBACKEND"] = "agg"  # pictures go to files: what a user has set for windows must not stop them
    with process.Signals(INTERRUPTED, last=arguments is None) as signals, process.warnings_as_lines():
        try:
            return _run(sys.argv[1:] if arguments is None else arguments)
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            code = _end(error, signals)
    if arguments is None and signals.caught:
        os._exit(code)  # without waiting for threads: what they compute nobody wants
    return code


def _run(arguments):
    from .parser import build_parser  # here, so that a library that cannot be imported ends in a line, too
    options = build_parser().parse_args(arguments)
    options.command_line = in_a_line(shlex.join(["scratchnet", *arguments]))
    code = options.run(options) or 0
    sys.stdout.flush()
    return code


def _end(error, signals):
    """Return the exit code after an error, of which the user is told; raise it again if it is a bug."""
    unwritten = process.flush(sys.stdout)
    if signals.caught or isinstance(error, KeyboardInterrupt):  # an import may turn an interruption into an ImportError
        process.complain(INTERRUPTED)
        return 128 + (signals.caught or signal.SIGINT)
    if isinstance(error, SystemExit) and unwritten is None:  # of the parser: it printed help, or a mistake
        raise error
    if BrokenPipeError in (type(error), type(unwritten)):  # e.g. `scratchnet gradcheck | head -1`
        return UNREAD
    line = explain(error, unwritten)
    if line is None:
        raise error
    process.complain(f"error: {line}")
    return 2
