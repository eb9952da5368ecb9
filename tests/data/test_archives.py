"""Archives with more in them than images."""
import gzip
import io
import os
import tarfile

import pytest
from fake_cifar import Fake, archive_of

from scratchnet.data import load
from scratchnet.data.archives import read_members
from scratchnet.errors import DataError


@pytest.fixture
def fake(monkeypatch):
    return Fake("cifar10", monkeypatch)


def member(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize("evil", [
    {"../climbs": b"x"}, {"/absolute": b"x"}, {"a/../../climbs": b"x"},
    {"link": member("cifar-10-batches-bin/test_batch.bin", tarfile.SYMTYPE, "/etc/passwd")},
    {"hard": member("hard", tarfile.LNKTYPE, "other")}, {"device": member("device", tarfile.CHRTYPE)}])
def test_an_archive_that_climbs_out_or_links(evil, fake, tmp_path):
    content = archive_of({**evil, **{f"cifar-10-batches-bin/{f}": c for f, c in fake.binary.items()}})
    fake.vouch_for("cifar-10-binary.tar.gz", content)
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(content)
    with pytest.raises(DataError, match="leads outside"):
        load("cifar10", tmp_path)
    assert os.listdir(tmp_path) == ["cifar-10-binary.tar.gz"]


def test_an_archive_that_unpacks_to_more_than_it_may(fake, tmp_path, in_time):
    huge = tarfile.TarInfo("cifar-10-batches-bin/readme.html")
    huge.size = 4 * fake.catalog.largest
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(huge, io.BytesIO(bytes(huge.size)))
    header = archive_of({"x": b""}, pax={"comment": "x" * huge.size})
    endless = archive_of({"x": b""}, pax={"size": str(1 << 62)})
    for content in (buffer.getvalue(), header, endless):
        fake.vouch_for("cifar-10-binary.tar.gz", content)
        (tmp_path / "cifar-10-binary.tar.gz").write_bytes(content)
        with pytest.raises(DataError, match="unpacks to more"):
            load("cifar10", tmp_path)


@pytest.mark.parametrize("format", ["old GNU", "PAX"])
def test_an_archive_with_a_file_of_holes(format, fake, tmp_path):
    """A few bytes that say they are 64 GB."""
    name, size = "cifar-10-batches-bin/test_batch.bin", 64 << 30
    holes = tarfile.TarInfo(name)
    if format == "PAX":
        content = archive_of({name: b"0\n"}, pax={"GNU.sparse.major": "1", "GNU.sparse.minor": "0",
                                                   "GNU.sparse.name": name, "GNU.sparse.realsize": str(size)})
    else:
        holes.type = tarfile.GNUTYPE_SPARSE
        header = bytearray(holes.tobuf(tarfile.GNU_FORMAT))
        header[483:495] = b"%011o\0" % size if size < 8**11 else b"\x80" + size.to_bytes(11, "big")
        header[148:156] = b"%06o\0 " % (sum(header[:148]) + 8 * 32 + sum(header[156:512]))
        content = gzip.compress(bytes(header) + bytes(10240))
    fake.vouch_for("cifar-10-binary.tar.gz", content)
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(content)
    with pytest.raises(DataError, match="a sparse file"):
        load("cifar10", tmp_path)


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b", gzip.compress(b"x" * 2000), gzip.compress(b"x" * 10240),
                                     archive_of({"x": b"x" * 30_000})[:-60]],
                         ids=["empty", "only a mark", "no archive", "a header of x", "cut"])
def test_what_cannot_be_unpacked(content):
    with pytest.raises(DataError, match="what came is not a readable .tar.gz") as error:
        read_members("what came", content, {"x": "x"}, 100_000)
    assert str(error.value).isprintable()
