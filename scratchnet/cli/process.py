"""What a process needs at its door: streams that take any text, warnings of one line, and signals that end it soon."""
import io
import logging
import os
import signal
import sys
import threading
import time
import warnings
from contextlib import contextmanager, suppress

from ..errors import in_a_line

NOTICE = 0.7  # seconds within which the main thread must notice a signal
PATIENCE = 2.0  # seconds that cleaning up after a first signal may take before a second one ends the process at once


def prepare_streams():
    """Make sure that there are three streams, and that any text can be printed, whatever the terminal's alphabet.

    A process may be started without them (``2>&-``). Then the next file that is opened would get the number of a
    stream, and what somebody prints would go into that file; so the null device takes the free numbers.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace", line_buffering=True)


def flush(stream):
    """Write what a stream still holds. Where that fails, forget it, and return the error."""
    try:
        stream.flush()
    except OSError as error:
        with suppress(OSError):  # a stream of a calling program's own has no number
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
        return error
    return None


def complain(line):
    """Print a line on stderr."""
    with suppress(OSError):
        print(f"scratchnet: {in_a_line(line)}", file=sys.stderr)
    flush(sys.stderr)


@contextmanager
def warnings_as_lines():
    """Let warnings, and what libraries log, be lines like those of errors."""
    logged, logging.lastResort = logging.lastResort, _Lines(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *where, **more: complain(f"warning: {message}")
            yield
    finally:
        logging.lastResort = logged


class _Lines(logging.Handler):
    def emit(self, record):
        complain(f"warning: {record.getMessage()}")


class Signals:
    """While it is open, the first SIGINT or SIGTERM raises a KeyboardInterrupt, and the next spare what that cleans up.

    Signals that come together (a terminal and a wrapper may both send one) are one; a later one ends a process that
    does not come to its end. A signal that is ignored, as under ``nohup``, stays so.

    Parameters
    ----------
    farewell : str
        Line to print where the process is ended at once.
    last : bool
        Whether the process has nothing more to do afterwards. Then its end is not interrupted, and it is also ended
        where the main thread is in one long call of a library and so does not notice a signal.

    Attributes
    ----------
    caught : int or None
        Number of the signal that came.
    """

    def __init__(self, farewell, last=False):
        self.farewell, self.last, self.caught, self._earlier = farewell, last, None, {}
        self._theirs = None

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():  # no other may set a handler
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                    self._earlier[number] = signal.signal(number, self._handle)
            if self.last:
                ours, self._theirs = os.pipe()
                os.set_blocking(self._theirs, False)
                signal.set_wakeup_fd(self._theirs, warn_on_full_buffer=False)  # the system itself tells it
                with suppress(RuntimeError):  # no thread is left
                    threading.Thread(target=self._watch, args=[ours], daemon=True).start()
        return self

    def __exit__(self, *error):
        for number, handler in self._earlier.items():
            signal.signal(number, signal.SIG_IGN if self.last else handler)
        if self._theirs is not None:
            signal.set_wakeup_fd(-1)
            os.close(self._theirs)

    def _handle(self, number, frame):
        if self.caught is None:
            self.caught, self._since = number, time.monotonic()
            raise KeyboardInterrupt
        if time.monotonic() - self._since > PATIENCE:
            self._end(self.caught)

    def _watch(self, ours):
        while told := os.read(ours, 1):
            if told[0] in self._earlier:
                time.sleep(NOTICE)
                if self.caught is None:
                    self._end(told[0])
        os.close(ours)

    def _end(self, number):
        complain(self.farewell)
        os._exit(128 + number)
