"""A data set of the layout of CIFAR, small and random, in every official form.

The hashes of its records stand in place of CIFAR's while a test runs, so that nothing of the real one is needed.
"""
import dataclasses
import hashlib
import io
import pickle
import struct
import tarfile

import numpy as np

from scratchnet.data.catalog import CATALOGS

N = 12
FORMS = ["binary", "python", "binary archive", "python archive"]


def archive_of(members):
    """Return a .tar.gz of {name: bytes or TarInfo}."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
            else:
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def python2_batch(pixels, labels):
    """Return a batch in the very opcodes of the official ones, which Python 2 pickled.

    Unlike what Python 3 writes, pixels are a str, modules have their old names, and dtype gets integer flags.
    """
    def text(content):
        return b"T" + struct.pack("<i", len(content)) + content

    def number(value):
        return b"J" + struct.pack("<i", value)

    rows, columns = pixels.shape
    array = (b"cnumpy.core.multiarray\n_reconstruct\n" + b"cnumpy\nndarray\n" + number(0) + b"\x85" + text(b"b")
             + b"\x87R(" + number(1) + number(rows) + number(columns) + b"\x86" + b"cnumpy\ndtype\n" + text(b"u1")
             + number(0) + number(1) + b"\x87R(" + number(3) + text(b"|") + b"NNN" + number(-1) + number(-1) + number(0)
             + b"tb\x89" + text(pixels.tobytes()) + b"tb")
    lists = b"".join(text(key.encode()) + b"](" + b"".join(map(number, each)) + b"e" for key, each in labels.items())
    return b"\x80\x02}(" + text(b"data") + array + lists + b"u."


class Fake:
    """A data set of the layout of CIFAR with a few random images, known to the package while a test runs."""

    def __init__(self, name, monkeypatch, seed=0):
        real, rng = CATALOGS[name], np.random.default_rng(seed)
        self.tables = {file: rng.integers(0, 10, (N, real.label_bytes + 3072), dtype=np.uint8) for file in real.binary}
        self.binary = {file: table.tobytes() for file, table in self.tables.items()}
        self.python = {}
        for batch, table in zip(real.python, self.tables.values()):
            labels = {key: table[:, i].tolist() for i, key in enumerate(real.label_keys)}
            self.python[batch] = pickle.dumps({"data": table[:, real.label_bytes:], **labels}, protocol=2)
        self.archives = {name: archive_of({f"{folder}/{file}": content for file, content in files.items()})
                         for name, folder, files in zip(real.archives, (real.binary_folder, real.python_folder),
                                                        (self.binary, self.python))}
        self.catalog = dataclasses.replace(
            real, binary={file: hashlib.sha1(content).hexdigest() for file, content in self.binary.items()},
            archives={name: hashlib.md5(content).hexdigest() for name, content in self.archives.items()})
        self.monkeypatch = monkeypatch
        monkeypatch.setitem(CATALOGS, name, self.catalog)

    def vouch_for(self, name, content):
        """Make `content` the official archive called `name`."""
        archives = {**self.catalog.archives, name: hashlib.md5(content).hexdigest()}
        self.monkeypatch.setitem(CATALOGS, self.catalog.name, dataclasses.replace(self.catalog, archives=archives))

    def write(self, folder, form):
        """Write one form below `folder` and return where it lies."""
        if form.endswith("archive"):
            name = [*self.archives][form == "python archive"]
            (folder / name).write_bytes(self.archives[name])
            return folder / name
        files, name = ((self.binary, self.catalog.binary_folder), (self.python, self.catalog.python_folder))[
            form == "python"]
        (folder / name).mkdir()
        for file, content in files.items():
            (folder / name / file).write_bytes(content)
        return folder / name
