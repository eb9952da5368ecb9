"""What comes from outside: CIFAR files in every form, and the embedded images.

Damaged files are refused by their hash. So that what lies behind that door is tried, too, forged ones are vouched for:
they get the official hash while a case runs. Still nothing but the official images may come out.
"""
import dataclasses
import gzip
import hashlib
import os
import pickle
import pickletools
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from fake_cifar import Fake, evil_array, text
from harness import BYTES, Kind, cut, flip, move, noise, overwrite

from scratchnet.data import load, mini
from scratchnet.data.catalog import CATALOGS

PATCH = pytest.MonkeyPatch()
INSIDE = (flip, cut, overwrite, move, noise)


def digest(dataset):
    """Return one hash of all images and labels."""
    return hashlib.sha256(b"".join(array.tobytes() for array in dataset)).hexdigest()


# ---- files, in each form ----

def kind_of(form, name, attacks=()):
    """Return the kind of the file `name` of a data set in one form; `attacks` are damages that know its format."""
    fake = Fake("cifar10", PATCH)
    PATCH.undo()

    def make(folder):
        PATCH.setitem(CATALOGS, "cifar10", fake.catalog)
        place = fake.write(folder, form)
        return place if place.is_file() else place / name

    def use(path):
        try:
            return digest(load("cifar10", path.parent))
        finally:
            PATCH.setitem(CATALOGS, "cifar10", fake.catalog)

    def vouched(damage):
        def forged(rng, path):
            damage(rng, path)
            md5 = hashlib.md5(path.read_bytes()).hexdigest()
            known = "python" if form == "python" else "archives"
            hashes = {**getattr(fake.catalog, known), path.name: md5}
            PATCH.setitem(CATALOGS, "cifar10", dataclasses.replace(fake.catalog, **{known: hashes}))
        forged.__name__ = f"vouched_{damage.__name__}"
        return forged
    ways = (*INSIDE, *attacks, *attacks, *attacks) if form != "binary" else ()
    return Kind(make, use, BYTES, tuple(vouched(damage) for damage in ways))


# ---- pickles ----

SNIPPETS = (
    b"cos\nsystem\nU\x04true\x85R", b"c__builtin__\neval\nU\x011\x85R", b"cnumpy\ndtype\nU\x01OK\x00K\x01\x87R}b",
    b"cnumpy\ndtype\nU\x02V8K\x00K\x01\x87R(K\x03U\x01|NU\x01a\x85}K\x08K\x01K\x01tb", b"cnumpy\nndarray\n)\x81",
    b"c_codecs\nencode\n" + text(b"x" * 300) + b"U\x08punycode\x86R", b"(" * 20_000, b"]" * 20_000, b"0", b"1", b"2",
    b"a", b"e", b"s", b"u", b"R", b"b", b"t", b"\x81", b"\x92", b"\x93", b"\x94", b"Q", b"P1\n", b"\x82\x01",
    b"i__main__\nx\n", b"r\xff\xff\xff\x7f", b"j\xff\xff\xff\x7f", b"T\xff\xff\xff\x7f", b"T\xff\xff\xff\xff",
    b"X\xff\xff\xff\xff", b"\x8b\xff\xff\xff\x7f", b"\x8d" + b"\xff" * 8, b"\x95" + b"\xff" * 8,
    b"\x96" + b"\xff" * 7 + b"\x7f", b"I" + b"9" * 20_000 + b"\n", b"L" + b"9" * 20_000 + b"L\n", b"F1e999\n",
    b"V\\ud800\n", b"S'\\x'\n", b"\x80\xff", text(b"labels"), text(b"data"), b"K\xff", b"J\xff\xff\xff\xff", b"\x88",
    b"\x89", text(b"x" * 3072), text(b"x" * 3073))


def snippets(rng, path):
    """Insert what an attacker would, between the opcodes of a good batch."""
    content = path.read_bytes()
    places = [position for _, _, position in pickletools.genops(content)]
    for _ in range(rng.integers(1, 4)):
        place = places[rng.integers(0, len(places))]
        content = content[:place] + SNIPPETS[rng.integers(0, len(SNIPPETS))] + content[place:]
    path.write_bytes(content)


def opcodes(rng, path):
    """Put a row of opcodes there, with arguments that may suit them."""
    content = b"\x80\x02"
    for _ in range(rng.integers(1, 200)):
        opcode = pickletools.opcodes[rng.integers(0, len(pickletools.opcodes))]
        size = opcode.arg.n if opcode.arg else 0
        argument = rng.bytes(size) if size > 0 else b"%d\nx\n" % rng.integers(0, 100) if size == -1 else \
            b"\x03\x00\x00\x00\x00\x00\x00\x00"[:{-2: 1, -3: 4, -4: 4, -5: 8}.get(size, 0)] + b"abc" * (size < -1)
        content += opcode.code.encode("latin1") + argument
    path.write_bytes(content + b".")


class Call:
    """Is pickled as a call."""

    def __reduce__(self):
        return os.system, ("exit 1",)


def pickles(rng, path):
    """Put a pickle of something else there."""
    things = (Call(), [Call()], {"data": Call(), "labels": [1]}, {"data": b"x" * 3072, "labels": [1]}, {}, [], 0, None,
              {"labels": [0] * 12}, {"data": np.zeros((12, 3072), np.uint8), "labels": list(range(12))},
              {"data": np.zeros((12, 3072)), "labels": [0.5] * 12}, {"labels": list(range(300))},
              np.zeros((3, 3072), "O"))
    path.write_bytes(evil_array() if rng.random() < 0.1 else
                     pickle.dumps(things[rng.integers(0, len(things))], int(rng.integers(0, 6))))


# ---- archives ----

NAMES = (
    "../x", "/etc/x", "a/../../x", "x\n\x1b[31m", "\udcff", "", ".", "cifar-10-batches-bin/test_batch.bin",
    "cifar-10-batches-bin/../x", "x" * 300, "cifar-10-batches-py/data_batch_1", "cifar-10-batches-bin")
TYPES = (
    tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE,
    tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CONTTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK,
    tarfile.GNUTYPE_SPARSE, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, b"Z")
HEADERS = (
    {}, {"size": "99999999999"}, {"size": "-1"}, {"path": "../x"}, {"linkpath": "/"}, {"mtime": "nan"},
    {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "99999999999"},
    {"GNU.sparse.map": "0,1,9", "GNU.sparse.size": "99999999999"}, {"hdrcharset": "x"}, {"uid": "x"})


def members(rng, path):
    """Put members into the archive that no official one has, or leave some out, or let their headers lie."""
    with tarfile.open(path) as good:
        blocks = [member.tobuf() + _padded(good.extractfile(member).read()) for member in good]
    for _ in range(rng.integers(1, 4)):
        way = rng.random()
        if way < 0.1:
            del blocks[rng.integers(0, len(blocks))]
        elif way < 0.3:
            block = bytearray(blocks[rng.integers(0, len(blocks))])
            block[rng.integers(0, 512)] = rng.integers(0, 256)
            block[148:156] = b"%06o\0 " % (sum(block[:148]) + 8 * 32 + sum(block[156:512]))
            blocks.insert(rng.integers(0, len(blocks) + 1), bytes(block))
        else:
            blocks.insert(rng.integers(0, len(blocks) + 1), _member(rng))
    path.write_bytes(gzip.compress(b"".join(blocks) + bytes(1024), 1))


def _member(rng):
    member = tarfile.TarInfo(NAMES[rng.integers(0, len(NAMES))])
    member.type = TYPES[rng.integers(0, len(TYPES))]
    member.linkname = NAMES[rng.integers(0, len(NAMES))]
    member.pax_headers = HEADERS[rng.integers(0, len(HEADERS))]
    content = rng.bytes(rng.integers(0, 2000))
    member.size = len(content) if rng.random() < 0.7 else int(2 ** rng.uniform(0, 62))
    return member.tobuf(tarfile.PAX_FORMAT, errors="surrogateescape") + _padded(content)


def _padded(content):
    return content + bytes(-len(content) % 512)


def bombs(rng, path):
    """Let the archive unpack to a lot: in a member, in a header, before it, or in many streams."""
    size = int(2 ** rng.uniform(20, 27))
    member = tarfile.TarInfo(NAMES[rng.integers(0, len(NAMES))])
    member.size, zeros = size, bytes(size)
    if rng.random() < 0.5:
        member.type = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME)[rng.integers(0, 3)]
    good = path.read_bytes()
    bomb = gzip.compress((member.tobuf(errors="surrogateescape") if rng.random() < 0.7 else b"") + zeros, 1)
    path.write_bytes((bomb, bomb + good, good + bomb, gzip.compress(b"") * 10_000 + bomb)[rng.integers(0, 4)])


# ---- the embedded images ----

def embedded(name):
    """Return the kind of one file of the embedded data set."""
    def make(folder):
        shutil.copytree(Path(mini.__file__).with_name("mini"), folder / "mini")
        PATCH.setattr(mini, "files", lambda package: folder)
        return folder / "mini" / name

    def use(path):
        return hashlib.sha256(b"".join(mini.records())).hexdigest()
    return Kind(make, use, INSIDE)


KINDS = {
    "binary folder": kind_of("binary", "data_batch_3.bin"),
    "python folder": kind_of("python", "data_batch_3", (snippets, opcodes, pickles)),
    "binary archive": kind_of("binary archive", "", (members, bombs)),
    "python archive": kind_of("python archive", "", (members,)),
    "embedded sheet": embedded("test.webp"), "embedded index": embedded("index.json"),
}
