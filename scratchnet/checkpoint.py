"""Arrays and their description, in one file that proves its own integrity.

A checkpoint is one .npz (a zip of plain .npy arrays, no pickle) with a JSON description as one more member, so
that arrays and description cannot part, and a SHA-256 over all of that as the last one. Nothing in it is compressed or
has a date: equal content makes equal bytes. It is written to a temporary file, synced and renamed, and read only if it
is a regular file of which every byte of content is what was written.
"""
import hashlib
import io
import json
import os
import struct
import zipfile
from math import prod
from pathlib import Path

import numpy as np

from . import schema
from .backend import to_host
from .errors import CapacityError, CheckpointError
from .files import atomic_write, open_file

SCHEMA = 2
HEADER, DIGEST = "header.json", "sha256"
HEADER_LIMIT, DIRECTORY_LIMIT = 2**24, 2**20  # bytes; our largest have some 100,000 and 10,000
LIMIT = 2**30  # bytes of a file that is no gallery; our largest has some 10,000,000
BLOCK = 2**20
REMEDY = "restore it from a copy, or make it again"


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
    sha = hashlib.sha256()
    with atomic_write(path) as file, zipfile.ZipFile(file, "w") as archive:
        def add(name, *pieces):
            member = zipfile.ZipInfo(name)  # of 1980, the first year that a zip can hold, whatever the clock says
            member.create_system, member.external_attr = 3, 0o644 << 16
            member.file_size = sum(map(len, pieces))
            sha.update(f"{name} {member.file_size}\n".encode())
            with archive.open(member, "w") as file:
                for piece in pieces:
                    file.write(piece)
                    sha.update(piece)
        add(HEADER, json.dumps({"schema": SCHEMA, "description": description}).encode())
        for name in sorted(arrays):
            array, header = np.asarray(to_host(arrays[name]), order="C"), io.BytesIO()
            np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(array))
            add(f"{name}.npy", header.getvalue(), array.reshape(-1).view(np.uint8).data)
        add(DIGEST, sha.hexdigest().encode())


def load(path, older=False, limit=LIMIT):
    """Return (arrays, description) of a checkpoint.

    Parameters
    ----------
    path : path
    older : bool
        Also of one of schema 1, whose SHA-256 is of the arrays alone: for whoever writes it anew.
    limit : int
        Bytes that the file may have.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, of another kind, or written by an older or newer version.
    CapacityError
        If its arrays do not fit into memory.
    """
    path = Path(path)
    try:
        with open_file(path) as file, zipfile.ZipFile(_limited(file)) as archive:
            members = _members(archive, os.fstat(file.fileno()).st_size, limit)
            header = json.loads(archive.read(members[HEADER]))
            newer, older = header["schema"] > SCHEMA, older and header["schema"] == 1
            if older or header["schema"] == SCHEMA:
                if not older:
                    _verify(archive, members)
                arrays = {name.removesuffix(".npy"): _array(archive.read(member)) for name, member in members.items()
                          if name.endswith(".npy")}
                if older and digest(arrays) != header["sha256"]:
                    raise _Damage("its arrays do not match their SHA-256")
                return arrays, header["description"]
    except FileNotFoundError:
        raise CheckpointError(f"there is no checkpoint {path}") from None
    except MemoryError:
        raise CapacityError(f"{path} does not fit into memory") from None
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror or error}") from None
    except Exception as error:  # zipfile, json and NumPy raise many classes on damaged bytes
        why = error if isinstance(error, _Damage) else type(error).__name__
        raise CheckpointError(f"{path} is damaged or not a checkpoint ({why}): {REMEDY}") from None
    raise CheckpointError(f"{path} was written by a newer version: upgrade scratchnet" if newer else
                          f"{path} was written by an older version: python -m scratchnet.experiments.upgrade {path} "
                          "converts it")


class _Damage(Exception):
    """What is wrong with a file, in words of ours."""


def check(description, form, path):
    """Refuse a description that does not fit its form; see `schema`."""
    try:
        schema.check(description, form)
    except schema.Misfit as error:
        raise CheckpointError(f"{path} does not hold what it should: {error}: {REMEDY}") from None


def check_arrays(arrays, wanted, path):
    """Refuse arrays that are not finite, or of other names, shapes or dtypes than those of the arrays `wanted`."""
    check_shapes(arrays, {name: (array.shape, array.dtype) for name, array in wanted.items()}, path)


def check_shapes(arrays, wanted, path):
    """Refuse arrays that are not finite, or not as `wanted`: {name: (shape, dtype)}; None is any length, any float."""
    for name in {**wanted, **arrays}:
        (shape, dtype), array = wanted.get(name, ((), "nothing")), arrays.get(name)
        found = "nothing" if array is None else f"{array.dtype} {array.shape}"
        if (name not in wanted or array is None or len(shape) != array.ndim
                or any(right not in (None, size) for right, size in zip(shape, array.shape))
                or (array.dtype.kind != "f" if dtype is None else array.dtype != dtype)):
            right = f"{np.dtype(dtype) if dtype else 'float'} {shape}" if name in wanted else "nothing"
            raise CheckpointError(f"{path} was made for another architecture: {name} should be {right}, the file has "
                                  f"{found}")
        if not np.isfinite(array).all():
            raise CheckpointError(f"{path} is damaged: {name} is not finite: {REMEDY}")


def _limited(file):
    """Return the file of a zip, after a look at its end: a directory larger than any of ours is not even read."""
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - 22))
    mark, entries, size = struct.unpack("<4s6xHI6x", file.read(22))
    if mark != b"PK\5\6" or size > DIRECTORY_LIMIT:
        raise _Damage("it does not end as one")
    return file


def _members(archive, size, limit):
    """Return the members by name, if they can be what `save` wrote into a file of `size` bytes."""
    members = {member.filename: member for member in archive.infolist()}
    if (len(members) < len(archive.infolist()) or HEADER not in members
            or any(member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size
                   or not name.isprintable() for name, member in members.items())
            or sum(member.file_size for member in members.values()) > size or size > limit
            or members[HEADER].file_size > HEADER_LIMIT):
        raise _Damage("its members are not those of a checkpoint")
    return members


def _verify(archive, members):
    """Refuse contents that do not match the last member, reading block by block: they may be too large for memory."""
    sha = hashlib.sha256()
    *content, last = members.values()
    for member in content:
        sha.update(f"{member.filename} {member.file_size}\n".encode())
        with archive.open(member) as file:
            while block := file.read(BLOCK):
                sha.update(block)
    if (last.filename, last.file_size) != (DIGEST, 64) or archive.read(last) != sha.hexdigest().encode():
        raise _Damage("its contents do not match its SHA-256")


def _array(content):
    """Return the array of a .npy member."""
    file = io.BytesIO(content)
    if np.lib.format.read_magic(file) != (1, 0):
        raise _Damage("it holds an array in another format")
    shape, by_columns, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.kind not in "biuf" or prod(shape) * dtype.itemsize != len(content) - file.tell():
        raise _Damage("an array is shorter or longer than its header says")
    array = np.frombuffer(content, dtype, offset=file.tell())
    return array.reshape(shape, order="F" if by_columns else "C").copy()
