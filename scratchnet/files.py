"""Files that are complete or absent, and that are regular files.

What is written goes to a temporary file beside its place, is synced and renamed: whoever reads finds the old file or
the new one, never half of one, however many write. The temporary name is drawn by chance and the file must not exist,
so nobody can put a link there beforehand, and no two writers meet. Its writer keeps it locked until it has its name: a
temporary file that can be locked was left by a process that was killed, and the next who writes to that folder takes
it away.
"""
import errno
import json
import os
import re
import stat
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import OutputError
from .locks import fcntl, lock

NUMBERS = re.compile(r"\[\n([-+.,\deE\s]+)\]")  # in indented JSON; no string holds a line break
PART = re.compile(r"\.scratchnet-[0-9a-f]{16}\.part")
STREAM = re.compile(r"/dev(/fd)?/[^/]+|/proc/.+")  # what is opened for this process, though it may be a file
DAY = 86400
BINARY, NONBLOCK = getattr(os, "O_BINARY", 0), getattr(os, "O_NONBLOCK", 0)


@contextmanager
def atomic_write(path):
    """Give a file to write (binary) and make it `path` at the end of the block, if all went well.

    Links are followed: what they mean is replaced, and they stay. A file that is replaced keeps its permissions. What
    is no regular file, a device or a pipe, is written through and stays what it is.

    Raises
    ------
    OutputError
        If `path` cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with (_replacing(os.path.realpath(path)) if _is_replaceable(path) else _through(path)) as file:
            yield file
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from None


def check_place(path):
    """Refuse a path that `atomic_write` could not write, before anything is computed that would be lost.

    Raises
    ------
    OutputError
        As `atomic_write`.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if _is_replaceable(path):
            fd, part = _create(os.path.dirname(os.path.realpath(path)))
            os.close(fd)
            os.unlink(part)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from None


def write_json(path, value):
    """Write `value` as indented JSON, lists of numbers in one line each, atomically."""
    text = NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", json.dumps(value, indent=1))
    with atomic_write(path) as file:
        file.write((text + "\n").encode())


def open_file(path):
    """Open a regular file to read it (binary); another one, which may never end, is an OSError."""
    file = open(path, "rb", opener=lambda path, flags: os.open(path, flags | NONBLOCK))
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is no regular file")
    return file


def _is_replaceable(path):
    """Return whether a new file can take the place of what is at `path`, be it a file or nothing."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return True
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, "it is a folder")
    return stat.S_ISREG(mode) and not STREAM.fullmatch(os.path.abspath(path))


@contextmanager
def _through(path):
    if sys.stdout:
        sys.stdout.flush()  # it may be what is written to
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | BINARY | NONBLOCK)  # a pipe that nobody reads is refused
    with open(fd, "wb") as file:
        os.set_blocking(fd, True)
        yield file


@contextmanager
def _replacing(path):
    folder = os.path.dirname(path)
    fd, part = _create(folder)
    try:
        with open(fd, "wb") as file:
            _sweep(folder)
            yield file
            file.flush()
            os.fsync(fd)
            with suppress(FileNotFoundError):
                os.chmod(part, stat.S_IMODE(os.stat(path).st_mode))
            if not fcntl:
                file.close()  # Windows renames no open file
            os.replace(part, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(part)
        raise


def _create(folder):
    """Create a temporary file and lock it; return its descriptor and path."""
    for _ in range(100):
        part = os.path.join(folder, f".scratchnet-{os.urandom(8).hex()}.part")
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, 0o666)
        if lock(fd) is not False and os.path.exists(part):
            return fd, part
        os.close(fd)  # before it was locked, somebody took it for a leftover
    raise OSError(errno.EBUSY, "somebody removes each temporary file")


def _sweep(folder):
    """Remove the temporary files of writers that were killed: those not locked, or a day old where nothing locks."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if PART.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with suppress(OSError), open_file(entry.path) as file:
                    free = lock(file.fileno())
                    if free or free is None and time.time() - os.fstat(file.fileno()).st_mtime > DAY:
                        os.unlink(entry.path)
