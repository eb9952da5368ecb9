"""A data set of the layout of CIFAR, small and random, in every official form.

The hashes of its records stand in place of CIFAR's while a test runs, so that nothing of the real one is needed.
"""
import dataclasses
import hashlib
import io
import struct
import tarfile

import numpy as np

from scratchnet.data.catalog import CATALOGS

N = 12
FORMS = ["binary", "python", "binary archive", "python archive"]


def archive_of(members, pax=None):
    """Return a .tar.gz of {name: bytes or TarInfo}; `pax` are further headers of each."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        for name, content in members.items():
            member = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            member.pax_headers = pax or {}
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def text(content):
    """Return the opcode and content of a string, as Python 2 pickled it."""
    return b"T" + struct.pack("<i", len(content)) + content if len(content) > 255 else \
        b"U" + bytes([len(content)]) + content


def number(value):
    """Return the opcode and content of a whole number."""
    if 0 <= value < 256:
        return b"K" + bytes([value])
    return b"M" + struct.pack("<H", value) if 0 <= value < 65536 else b"J" + struct.pack("<i", value)


def python2_batch(pixels, labels, fortran=False, data_first=False):
    """Return a batch in the very opcodes of the official ones, which Python 2 pickled with protocol 2.

    Pixels are a string, and each object has its place in the memo. `labels` maps keys to lists.
    """
    rows, columns = pixels.shape
    array = (b"cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04" + number(0) + b"\x85" + text(b"b")
             + b"\x87Rq\x05(" + number(1) + number(rows) + number(columns) + b"\x86cnumpy\ndtype\nq\x06" + text(b"u1")
             + number(0) + number(1) + b"\x87Rq\x07(" + number(3) + text(b"|") + b"NNN" + number(-1) + number(-1)
             + number(0) + b"tb" + (b"\x88" if fortran else b"\x89") + text(pixels.tobytes("F" if fortran else "C"))
             + b"tb")
    lists = b"".join(text(key.encode()) + b"q\x08]q\x09(" + b"".join(map(number, each)) + b"e"
                     for key, each in labels.items())
    names = text(b"filenames") + b"]q\x0b(" + b"".join(text(b"s_%06d.png" % i) + b"q\x0c" for i in range(rows)) + b"e"
    data = text(b"data") + b"q\x02" + array
    return (b"\x80\x02}q\x01(" + text(b"batch_label") + text(b"training batch 1 of 5")
            + (data + lists if data_first else lists + data) + names + b"u.")


def evil_array():
    """Return a pickled array of eight bytes an item, whose dtype is told that they are pointers to objects."""
    def dtype(name):
        return b"cnumpy\ndtype\n" + text(name) + number(0) + number(1) + b"\x87R"
    fields = b"}" + text(b"a") + dtype(b"O") + number(0) + b"\x86s"
    lying = (dtype(b"V8") + b"(" + number(3) + text(b"|") + b"N" + text(b"a") + b"\x85" + fields + number(8)
             + number(1) + number(1) + b"tb")
    array = (b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n" + number(0) + b"\x85" + text(b"b") + b"\x87R("
             + number(1) + number(64) + b"\x85" + lying + b"\x89" + text(b"A" * 512) + b"tb")
    return b"\x80\x02}" + text(b"data") + array + b"s."


class Fake:
    """A data set of the layout of CIFAR with a few random images, known to the package while a test runs."""

    def __init__(self, name, monkeypatch, seed=0):
        real, rng = CATALOGS[name], np.random.default_rng(seed)
        self.tables = {file: rng.integers(0, 10, (N, real.label_bytes + 3072), dtype=np.uint8) for file in real.binary}
        self.binary = {file: table.tobytes() for file, table in self.tables.items()}
        self.python = {}
        for batch, table in zip(real.python, self.tables.values()):
            labels = {key: table[:, i].tolist() for i, key in enumerate(real.label_keys)}
            self.python[batch] = python2_batch(table[:, real.label_bytes:], labels)
        self.archives = {name: archive_of({f"{folder}/{file}": content for file, content in files.items()})
                         for name, folder, files in zip(real.archives, (real.binary_folder, real.python_folder),
                                                        (self.binary, self.python))}
        md5 = {name: hashlib.md5(content).hexdigest() for name, content in {**self.python, **self.archives}.items()}
        self.catalog = dataclasses.replace(
            real, binary={file: hashlib.sha1(content).hexdigest() for file, content in self.binary.items()},
            python={name: md5[name] for name in self.python}, archives={name: md5[name] for name in self.archives},
            largest=sum(map(len, self.python.values())))
        self.monkeypatch = monkeypatch
        monkeypatch.setitem(CATALOGS, name, self.catalog)

    def vouch_for(self, name, content, form="archives"):
        """Make `content` the official archive or batch called `name`."""
        hashes = {**getattr(self.catalog, form), name: hashlib.md5(content).hexdigest()}
        self.catalog = dataclasses.replace(self.catalog, **{form: hashes})
        self.monkeypatch.setitem(CATALOGS, self.catalog.name, self.catalog)

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
