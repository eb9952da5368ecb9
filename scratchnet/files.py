"""Files that are whole or not there.

What is written goes to a temporary file, is synced and renamed: whoever reads finds the old file or the new one, never
half of one.
"""
import json
import os
import re
from contextlib import contextmanager
from pathlib import Path

from .errors import OutputError

NUMBERS = re.compile(r"\[\n([-+.,\deE\s]+)\]")  # in indented JSON; no string holds a line break


@contextmanager
def atomic_write(path):
    """Give a temporary file to write (binary) and make it `path` at the end of the block, if all went well."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from None
    finally:
        if temporary.is_file():
            temporary.unlink()


def write_json(path, value):
    """Write `value` as indented JSON, lists of numbers in one line each, atomically."""
    text = NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", json.dumps(value, indent=1))
    with atomic_write(path) as file:
        file.write((text + "\n").encode())
