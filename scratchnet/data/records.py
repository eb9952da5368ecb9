"""From CIFAR files in any of their official forms to verified records, without trusting a byte of them.

A record is what the official binary files hold. Python batches are pickles, which may call anything when opened:
they are read by an unpickler that knows four names and refuses all others. Archives are read member by member
from an exact list of names, and nothing in them is ever written to disk by its own path.
"""
import hashlib
import io
import os
import pickle
import tarfile
import zlib
from pathlib import Path

import numpy as np

from ..errors import DataError

PIXELS = 3 * 32 * 32
ALLOWED = {("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"),
           ("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode")}


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
        return read_archive(catalog, _file(path), path)
    names = catalog.binary if form == "binary" else catalog.python
    return _verified(catalog, {name: _file(path / name) for name in names}, path)


def _verified(catalog, files, what):
    """Return the records of files in either form, {name: bytes}, once all are there and right."""
    python = not any(name in files for name in catalog.binary)
    missing = [name for name in (catalog.python if python else catalog.binary) if name not in files]
    if missing:
        raise DataError(f"{what} is incomplete: {', '.join(missing)} is missing; download it again")
    if python:
        files = {binary: records_of_pickle(catalog, files[name], f"{what}: {name}")
                 for binary, name in zip(catalog.binary, catalog.python)}
    for name, digest in catalog.binary.items():
        check_sha1(files[name], digest, f"{what}: {name}")
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
    raise DataError(f"there is no {catalog.title} in {place}: run `scratchnet data download {catalog.name}`, or say "
                    "with --data where its folder or archive lies")


def pack(images, labels):
    """Return images (N, 32, 32, 3) and labels (N, or N by labels a record) as bytes in the official binary layout."""
    planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    return np.concatenate([labels.reshape(len(images), -1), planes], axis=1).tobytes()


def unpack(records, label_bytes):
    """Return images (N, 32, 32, 3) and labels (N, label_bytes) of records in the official binary layout."""
    table = np.frombuffer(records, np.uint8).reshape(-1, label_bytes + PIXELS)
    planes = table[:, label_bytes:].reshape(-1, 3, 32, 32)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), table[:, :label_bytes]


def check_sha1(content, digest, what):
    """Refuse bytes whose SHA-1 is not `digest`."""
    if not content:
        raise DataError(f"{what} is empty: download it again")
    if hashlib.sha1(content).hexdigest() != digest:
        raise DataError(f"{what} is damaged, or not the official file (its SHA-1 differs): download it again")


def _file(path):
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path.parent} is incomplete: {path.name} is missing; download it again") from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None


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
    _refuse_what_is_no_archive(what, content)
    if hashlib.md5(content).hexdigest() not in catalog.archives.values():
        raise DataError(f"{what} is truncated, damaged or not an official archive of {catalog.title} (its MD5 "
                        "differs): download it again")
    return _verified(catalog, read_members(what, content, _wanted(catalog)), what)


def read_members(what, content, wanted):
    """Return {file name: bytes} of the wanted members of a .tar.gz given as bytes.

    `wanted` maps a member's full name to its name in the result. Members of other names are passed over; a link, or
    a path that climbs out of the archive, condemns the whole of it.
    """
    files = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            for member in archive:
                parts = Path(member.name).parts
                if member.name.startswith("/") or ".." in parts or not (member.isfile() or member.isdir()):
                    raise DataError(f"{what} holds {member.name!r}, a link, a device or a path that climbs out: it is "
                                    "not the official archive; do not use it")
                if member.isfile() and member.name in wanted:
                    files[wanted[member.name]] = archive.extractfile(member).read()
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
        raise DataError(f"{what} is no readable .tar.gz ({error}): download it again") from None
    return files


def _refuse_what_is_no_archive(what, content):
    if not content:
        raise DataError(f"{what} is empty: download it again")
    if content.lstrip()[:1] == b"<":
        raise DataError(f"{what} is an HTML page, not an archive: the download was refused or redirected; "
                        "download it again")
    if not content.startswith(b"\x1f\x8b"):
        raise DataError(f"{what} is no .tar.gz archive: give the official folder or archive")


# ---- Python batches ----

class _Unpickler(pickle.Unpickler):
    """Knows what an array is made of, and nothing else."""

    def find_class(self, module, name):
        if (module, name) not in ALLOWED:
            raise DataError(f"it wants to call {module}.{name}, which no official batch does: do not use it")
        return _dtype if name == "dtype" else super().find_class(module, name)


def _dtype(text, *flags):
    """Return np.dtype(text). The official batches give its flags as integers, of which NumPy 2.4.0 to 2.4.4 warn."""
    return np.dtype(text)


def records_of_pickle(catalog, content, what):
    """Return the records that a pickled batch holds, as bytes in the layout of the binary files."""
    try:
        batch = _Unpickler(io.BytesIO(content), encoding="latin1").load()
        labels = np.array([batch[key] for key in catalog.label_keys], np.uint8).T
        pixels = np.asarray(batch["data"])
        if pixels.dtype != np.uint8 or pixels.shape != (len(labels), PIXELS):
            raise ValueError(f"its pixels are {pixels.dtype} {pixels.shape}")
    except DataError as error:
        raise DataError(f"{what}: {error}") from None
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise DataError(f"{what} is damaged or no CIFAR batch ({type(error).__name__}: {error}): "
                        "download it again") from None
    return np.concatenate([labels, pixels], axis=1).tobytes()
