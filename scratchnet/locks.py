"""Locks that die with their process, on files and on folders: flock(2), which leaves nothing behind.

Where there is none (Windows, some network file systems) everybody is let in.
"""
import os
import threading
from weakref import WeakValueDictionary

try:
    import fcntl
except ImportError:  # it is a module of Unix
    fcntl = None

_held, _guard = WeakValueDictionary(), threading.Lock()


def lock(fd):
    """Lock an open file until it is closed: True if that worked, False if somebody else has it, None if nobody can."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (OSError, AttributeError):
        return None
    return True


class Hold:
    """A folder that belongs to this process as long as this object lives."""

    def __init__(self, fd):
        self._fd = fd

    def __del__(self):
        os.close(self._fd)


def hold(folder):
    """Return a `Hold` of a folder, or None if another process has one.

    Within a process, all who ask for the same folder share one.
    """
    try:
        fd = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folders
        return Hold(os.open(os.devnull, os.O_RDONLY))
    with _guard:
        key = os.fstat(fd).st_dev, os.fstat(fd).st_ino
        held = _held.get(key)
        if held is not None or lock(fd) is False:
            os.close(fd)
            return held
        _held[key] = held = Hold(fd)
    return held
