"""Files that are whole or not there.

A checkpoint is one .npz (a zip of plain .npy arrays, no pickle) with a JSON description as one more member, so
that arrays and description cannot part. It is written to a temporary file, synced and renamed: whoever reads
finds the old file or the new one, never half of one. The description carries a SHA-256 over all arrays.
"""
import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np

from .backend import to_host
from .errors import CheckpointError
from .files import atomic_write

SCHEMA = 1


def digest(arrays):
    """Return the SHA-256 of names, dtypes, shapes and bytes of a dict of arrays, as hexadecimal text."""
    sha = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(to_host(arrays[name]))
        sha.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        sha.update(array.data)
    return sha.hexdigest()


def save(path, arrays, description):
    """Write `arrays` (dict of str to array) and `description` (anything JSON holds) to `path`, atomically."""
    arrays = {name: to_host(array) for name, array in arrays.items()}
    header = {"schema": SCHEMA, "sha256": digest(arrays), "description": description}
    with atomic_write(path) as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr("header.json", json.dumps(header))
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            archive.writestr(f"{name}.npy", member.getbuffer())


def load(path):
    """Return (arrays, description) of a checkpoint.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, of another kind, or written by a newer version.
    """
    path = Path(path)
    try:
        arrays, header = _read(path)
    except FileNotFoundError:
        raise CheckpointError(f"there is no checkpoint {path}") from None
    except Exception as error:  # zipfile, json and NumPy raise many classes on damaged bytes
        raise CheckpointError(f"{path} is damaged or no checkpoint ({type(error).__name__}: {error}): "
                              "restore it from a copy, or make it again") from None
    if header["schema"] > SCHEMA:
        raise CheckpointError(f"{path} was written by a newer version (schema {header['schema']}, "
                              f"this version reads up to {SCHEMA}): upgrade scratchnet")
    if digest(arrays) != header["sha256"]:
        raise CheckpointError(f"{path} is damaged (its contents do not match its SHA-256): "
                              "restore it from a copy, or make it again")
    return arrays, header["description"]


def _read(path):
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        header = json.loads(archive.read("header.json"))
        if not (isinstance(header["schema"], int) and isinstance(header["sha256"], str) and "description" in header):
            raise ValueError("its header is incomplete")
        for name in archive.namelist():
            if name.endswith(".npy"):
                arrays[name[:-4]] = np.lib.format.read_array(io.BytesIO(archive.read(name)), allow_pickle=False)
    return arrays, header
