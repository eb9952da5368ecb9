"""From CIFAR files in any of their official forms to verified records, without trusting a byte of them.

A record is what the official binary files hold. Python batches are pickles, which may call anything when opened:
they are read by an unpickler that knows four names and refuses all others. Archives are read member by member
from an exact list of names, and nothing in them is ever written to disk by its own path.
"""
import hashlib
import io
import pickle
import tarfile
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
        members = read_archive(path, catalog.archives.get(path.name), _wanted(catalog))
        binary = all(name in members for name in catalog.binary)
        files = members if binary else {name: members.get(name) for name in catalog.python}
        source, form = path, "binary" if binary else "python"
    else:
        names = catalog.binary if form == "binary" else catalog.python
        files, source = {name: _file(path / name) for name in names}, path
    if form == "python":
        missing = [name for name, content in files.items() if content is None]
        if missing:
            raise DataError(f"{source} is incomplete: {', '.join(missing)} is missing; download it again")
        files = {binary: records_of_pickle(catalog, files[name], f"{source}: {name}")
                 for binary, name in zip(catalog.binary, catalog.python)}
    for name, digest in catalog.binary.items():
        check_sha1(files[name], digest, f"{source}: {name}")
    return {name: files[name] for name in catalog.binary}


def find(catalog, place):
    """Return ("binary" | "python" | "archive", path) for what lies at `place`."""
    if place.is_file():
        return "archive", place
    for folder in (place, place / catalog.binary_folder, place / catalog.python_folder):
        if any((folder / name).is_file() for name in catalog.binary):
            return "binary", folder
        if folder.name == catalog.python_folder and folder.is_dir() \
                or any((folder / name).is_file() for name in catalog.python):
            return "python", folder
    for name in catalog.archives:
        if (place / name).is_file():
            return "archive", place / name
    raise DataError(f"there is no {catalog.title} in {place}: run `scratchnet data download {catalog.name}`, or say "
                    "with --data where its folder or archive lies")


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


def read_archive(path, md5, wanted):
    """Return {file name: bytes} of the wanted members of a .tar.gz, read into memory.

    Parameters
    ----------
    path : Path
    md5 : str or None
        Hash of the whole archive; None for a file that is no official archive by its name.
    wanted : dict of str to str
        Member's full name: name in the result. Members of other names are passed over; a link, or a path that
        climbs out of the archive, condemns the whole of it.
    """
    content = _file(path)
    _refuse_what_is_no_archive(path, content)
    if md5 is None:
        raise DataError(f"{path} is not called like an official archive: give it its official name, or unpack it "
                        "and give the folder")
    if hashlib.md5(content).hexdigest() != md5:
        raise DataError(f"{path} is truncated, damaged or not the official archive (its MD5 differs): delete it and "
                        "download it again")
    return read_members(path, content, wanted)


def read_members(path, content, wanted):
    """Return the wanted members of an archive given as bytes; see `read_archive`."""
    files = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            for member in archive:
                parts = Path(member.name).parts
                if member.name.startswith("/") or ".." in parts or not (member.isfile() or member.isdir()):
                    raise DataError(f"{path} holds {member.name!r}, a link, a device or a path that climbs out: it is "
                                    "not the official archive; delete it")
                if member.isfile() and member.name in wanted:
                    files[wanted[member.name]] = archive.extractfile(member).read()
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise DataError(f"{path} is no readable .tar.gz ({error}): delete it and download it again") from None
    return files


def _refuse_what_is_no_archive(path, content):
    if not content:
        raise DataError(f"{path} is empty: delete it and download it again")
    if content.lstrip()[:1] == b"<":
        raise DataError(f"{path} is an HTML page, not an archive: the download was refused or redirected; "
                        "delete it and download it again")
    if not content.startswith(b"\x1f\x8b"):
        raise DataError(f"{path} is no .tar.gz archive: give the official folder or archive")


# ---- Python batches ----

class _Unpickler(pickle.Unpickler):
    """Knows what an array is made of, and nothing else."""

    def find_class(self, module, name):
        if (module, name) not in ALLOWED:
            raise DataError(f"it wants to call {module}.{name}, which no official batch does: do not use it")
        return super().find_class(module, name)


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
