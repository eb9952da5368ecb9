"""A private folder beside what is being made, which outlives a kill no longer than until the next try.

Its name cannot be guessed, so that nothing can be planted in it, and downloads that run at the same time do not meet.
While a process is at work there it holds a lock on the folder. One that nobody holds was left behind: the next process
of the same purpose takes it over with the parts of files in it, and clears the rest.
"""
import os
import shutil
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path

from ..errors import OutputError

try:
    import fcntl
except ImportError:  # Windows: nothing is taken over there
    fcntl = None


@contextmanager
def workplace(folder, purpose):
    """Give a private folder inside `folder`; it stays only if a part of a file, ``*.part``, is left in it.

    Parameters
    ----------
    folder : Path
        Is made, if it is not there.
    purpose : str
        What the same purpose left behind is taken over.

    Raises
    ------
    OutputError
        If `folder` cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        left = list(_left_behind(folder, purpose))
        place, lock = left.pop() if left else _new(folder, purpose)
        for other in left:
            _clear(*other)
        _clear_all_but_parts(place)
    except (OSError, ValueError) as error:  # a ValueError is an impossible name
        raise OutputError(f"cannot write to {folder}: {getattr(error, 'strerror', None) or error}; choose another "
                          "--data") from None
    try:
        yield place
    finally:
        if any(part.stat().st_size for part in place.glob("*.part")):
            _release(lock)
        else:
            _clear(place, lock)


def clear_what_was_left(folder, purpose):
    """Remove what processes that are gone left behind, as far as it can be removed."""
    for place, lock in _left_behind(folder, purpose):
        _clear(place, lock)


def _left_behind(folder, purpose):
    for place in sorted(folder.glob(f".scratchnet-{purpose}-*")):
        try:
            lock = _lock(place)
        except OSError:  # a process is at work there, or it is gone, or no folder of ours
            continue
        if lock is not None:
            yield place, lock


def _new(folder, purpose):
    while True:
        place = Path(tempfile.mkdtemp(prefix=f".scratchnet-{purpose}-", dir=folder))
        try:
            return place, _lock(place)
        except (BlockingIOError, FileNotFoundError):
            pass  # a process that began in the same moment took it for one left behind


def _lock(place):
    """Return an open lock on a folder of our own, or None where there are no locks.

    Raises BlockingIOError where another process holds it, another OSError where there is no such folder.
    """
    if fcntl is None:
        return None
    lock = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(lock).st_uid != os.geteuid() or not os.path.samestat(os.fstat(lock), os.lstat(place)):
            raise FileNotFoundError(place)
    except OSError as error:
        os.close(lock)
        if isinstance(error, (BlockingIOError, FileNotFoundError)):
            raise
        return None
    return lock


def _release(lock):
    if lock is not None:
        os.close(lock)


def _clear(place, lock):
    shutil.rmtree(place, ignore_errors=True)
    _release(lock)


def _clear_all_but_parts(place):
    for path in place.iterdir():
        there = path.lstat()
        if stat.S_ISDIR(there.st_mode):
            shutil.rmtree(path)
        elif path.suffix != ".part" or not stat.S_ISREG(there.st_mode) or there.st_nlink > 1:
            path.unlink()
