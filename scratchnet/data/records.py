"""From CIFAR files in any of their official forms to verified records, without trusting a byte of them.

A record is what the official binary files hold. Only regular files are read, never more bytes of one than the largest
official file has, and nothing is opened whose hash is not official. Python batches are pickles, which may call anything
when they are loaded: their opcodes are listed, and none is carried out.
"""
import hashlib
import os
import pickletools
import stat

import numpy as np

from ..errors import DataError
from .archives import read_members, refuse_what_is_no_archive

PIXELS = 3 * 32 * 32
STRINGS = ("SHORT_BINSTRING", "BINSTRING")  # what Python 2 writes for strings,
NUMBERS = ("BININT1", "BININT2", "BININT")  # and for whole numbers


def read(catalog, place):
    """Return the verified bytes of each official binary file, {name: bytes}, from what lies at `place`.

    Parameters
    ----------
    catalog : Catalog
    place : Path
        A folder in the binary or Python form, a folder that contains one or an archive, or an archive.

    Raises
    ------
    DataError
        If nothing is found there, or what is there is incomplete, damaged, unsafe or something else.
    """
    form, path = find(catalog, place)
    if form == "archive":
        return read_archive(catalog, read_file(path, catalog.largest), path)
    names = catalog.binary if form == "binary" else catalog.python
    there = [name for name in names if os.path.lexists(path / name)]
    return _verified(catalog, {name: read_file(path / name, catalog.largest) for name in there}, path)


def _verified(catalog, files, what):
    """Return the records of files in either form, {name: bytes}, once all are there and right."""
    form = catalog.binary if any(name in files for name in catalog.binary) else catalog.python
    missing = [name for name in form if name not in files]
    if missing:
        raise DataError(f"{what} is incomplete: {', '.join(missing)} is missing; download it again")
    for name, digest in form.items():
        check_hash(files[name], digest, f"{what}: {name}")
    if form is catalog.python:
        return _verified(catalog, {binary: records_of_pickle(catalog, files[name], f"{what}: {name}")
                                   for binary, name in zip(catalog.binary, catalog.python)}, what)
    return {name: files[name] for name in catalog.binary}


def find(catalog, place):
    """Return ("binary" | "python" | "archive", path) for what lies at `place`."""
    isfile = os.path.isfile  # unlike Path.is_file, no exception where a name is too long or a folder forbidden
    if isfile(place):
        return "archive", place
    for folder in (place, place / catalog.binary_folder, place / catalog.python_folder):
        if any(isfile(folder / name) for name in catalog.binary):
            return "binary", folder
        if folder.name == catalog.python_folder and os.path.isdir(folder) \
                or any(isfile(folder / name) for name in catalog.python):
            return "python", folder
    for name in catalog.archives:
        if isfile(place / name):
            return "archive", place / name
    raise DataError(f"there is no {catalog.title} in {place}: run `scratchnet data download {catalog.name}`, or use "
                    "--data to say where its folder or archive is")


def pack(images, labels):
    """Return images (N, 32, 32, 3) and labels (N, or N by labels a record) as bytes in the official binary layout."""
    planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    return np.concatenate([labels.reshape(len(images), -1), planes], axis=1).tobytes()


def unpack(records, label_bytes):
    """Return images (N, 32, 32, 3) and labels (N, label_bytes) of records in the official binary layout."""
    table = np.frombuffer(records, np.uint8).reshape(-1, label_bytes + PIXELS)
    planes = table[:, label_bytes:].reshape(-1, 3, 32, 32)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), table[:, :label_bytes]


def check_hash(content, digest, what):
    """Refuse bytes whose MD5 or SHA-1, whichever `digest` is, differs from it."""
    if not content:
        raise DataError(f"{what} is empty: download it again")
    name = {32: "MD5", 40: "SHA-1"}[len(digest)]
    if hashlib.new(name.replace("-", ""), content).hexdigest() != digest:
        raise DataError(f"{what} is damaged, or not the official file (its {name} differs): download it again")


def read_file(path, largest):
    """Return the bytes of a regular file that has at most `largest`; anything else is refused unread."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise DataError(f"{path} is not a regular file, so it is not read")
            content = file.read(largest + 1)
    except (OSError, ValueError) as error:  # a ValueError is an impossible name
        raise DataError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    if len(content) > largest:
        raise DataError(f"{path} is not official: it is larger than any official file ({largest:,} bytes)")
    return content


def _without_waiting(path, flags):
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # a pipe without a writer is not waited for


# ---- archives ----

def _wanted(catalog):
    """Return the members that are read, by their full name in the archive: {member: file name}."""
    binary = {f"{catalog.binary_folder}/{name}": name for name in catalog.binary}
    return binary | {f"{catalog.python_folder}/{name}": name for name in catalog.python}


def read_archive(catalog, content, what):
    """Return the verified bytes of each official binary file from an official .tar.gz, read in memory.

    Parameters
    ----------
    catalog : Catalog
    content : bytes
        The archive. Its MD5 says whether it is an official one; how the file is called does not matter.
    what : str or Path
        What messages call it.
    """
    refuse_what_is_no_archive(what, content)
    if hashlib.md5(content).hexdigest() not in catalog.archives.values():
        raise DataError(f"{what} is truncated, damaged or not an official archive of {catalog.title} (its MD5 "
                        "differs): download it again")
    return _verified(catalog, read_members(what, content, _wanted(catalog), 2 * catalog.largest), what)


# ---- Python batches ----

def records_of_pickle(catalog, content, what):
    """Return the records that a pickled batch holds, as bytes in the layout of the binary files.

    A batch is a dictionary of a few entries. After the key of a list of labels come its numbers; the one string as long
    as an image or longer holds the pixels of all images, and the flag before it says in which order they lay in memory.
    Nothing else in the file matters.
    """
    labels, found = {key: bytearray() for key in catalog.label_keys}, []
    pixels, order = np.empty(0, np.uint8), "C"
    try:
        for opcode, value, position in pickletools.genops(content):
            if opcode.name in NUMBERS:
                found.append(value)
            elif opcode.name in STRINGS and len(value) < PIXELS:
                found = labels.get(value, [])
            elif opcode.name in STRINGS:
                pixels = np.frombuffer(content, np.uint8, len(value), position + 5)  # 5: the opcode and the length
            elif opcode.name in ("NEWTRUE", "NEWFALSE") and not len(pixels):
                order = "F" if opcode.name == "NEWTRUE" else "C"
        columns = [np.frombuffer(each, np.uint8) for each in labels.values()]
        return np.column_stack([*columns, pixels.reshape(-1, PIXELS, order=order)]).tobytes()
    except ValueError as error:
        raise DataError(f"{what} is not a CIFAR batch ({error}): download it again") from None
