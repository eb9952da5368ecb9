"""What a server may send: good answers, damaged ones, and those that stall, drip, lie or never end.

Each case is an answer in a file. Words in it tell the server what to do from there on.
"""
import os
import tempfile
from pathlib import Path

import pytest
from fake_cifar import Fake
from harness import Kind, cut, flip, move, overwrite
from lying_server import Liar
from outside import digest

from scratchnet.data import download, load
from scratchnet.data.catalog import CATALOGS
from scratchnet.errors import DataError

PATCH = pytest.MonkeyPatch()
STALL, DRIP, FOREVER, CUT = (b"\0STALL\0", b"\0DRIP\0", b"\0FOREVER\0", b"\0CUT\0")
HEAD = b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Type: application/x-gzip\r\n"
LINES = (
    b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n", b"HTTP/1.1 301 x\r\nURI: //127.0.0.1:99999\r\n\r\n",
    b"HTTP/1.1 503 a\x1b[31m\rb\r\n\r\n", b"HTTP/1.1 416 No\r\n\r\n", b"HTTP/1.1 206 x\r\n\r\n",
    b"HTTP/1.1 204 x\r\n\r\n", b"HTTP/1.1 401 x\r\n\r\n", b"HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\n\r\n",
    b"HTTP/1.1 -1 x\r\n\r\n", b"ICY 200 OK\r\n\r\n", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n",
    b"Content-Length: 9e9\r\n", b"Content-Length: " + b"9" * 5000, b"Content-Length: 99999999999\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip\r\n", b"Content-Encoding: gzip\r\n",
    b"Connection: keep-alive\r\n", b"A: b\r\n" * 200, b"A: " + b"b" * 70_000 + b"\r\n", b" folded\r\n", b": none\r\n",
    b"\xff\xfe: \x00\r\n", b"\r\n", b"\n", b"\0", b"ffffffffffffffff\r\n", b"-5\r\n", b"0\r\n",
    b"1;x=" + b"y" * 9000 + b"\r\n", STALL, DRIP, FOREVER, CUT)


def server(chunked):
    """Return the kind of what a server sends: a good answer with the archive, in chunks or in one piece.

    Words in it tell the server what to do from there on: wait, send letter by letter, repeat the rest for ever, or end.
    """
    fake = Fake("cifar10", PATCH)
    PATCH.undo()
    archive = fake.archives["cifar-10-binary.tar.gz"]
    lengths = (7, 5000, len(archive) - 5007)

    def make(folder):
        for name, value in {"web.PATIENCE": 0.3, "downloader.ORIGIN": "http://127.0.0.1:9/"}.items():
            PATCH.setattr(f"scratchnet.data.{name}", value)
        PATCH.setattr("scratchnet.data.downloader.shutil.which", lambda name: None)
        PATCH.setitem(CATALOGS, "cifar10", fake.catalog)
        body, start = b"Content-Length: %d\r\n\r\n" % len(archive) + archive, 0
        if chunked:
            body = b"Transfer-Encoding: chunked\r\n\r\n"
            for length in lengths:
                body += b"%x\r\n" % length + archive[start:start + length] + b"\r\n"
                start += length
            body += b"0\r\n\r\n"
        (folder / "answer").write_bytes(HEAD + body)
        return folder / "answer"
    return Kind(make, _download, (flip_of_the_head, flip, cut, overwrite, move, lines, lines, lines))


def _download(path):
    """Download from a server that sends what the file says, and leave nothing."""
    answer = path.read_bytes()
    with tempfile.TemporaryDirectory() as folder, Liar(lambda number, request: _play(answer)) as liar:
        try:
            found = digest(load("cifar10", download("cifar10", folder, [liar.url], lambda line: None)))
            assert os.listdir(folder) == ["cifar-10-batches-bin"]
            return found
        except DataError:
            assert sum(file.stat().st_size for file in Path(folder).rglob("*")) < 10**6
            for place in Path(folder).iterdir():  # all that may stay is a part to go on from
                assert place.name.startswith(".scratchnet-cifar10-")
                assert [part.suffix for part in place.iterdir()] == [".part"]
            raise


def _play(answer):
    for word, do in ((CUT, _cut), (STALL, _stall), (FOREVER, _forever), (DRIP, _drip)):
        before, found, after = answer.partition(word)
        if found:
            yield from _play(before)
            yield from do(after)
            return
    yield answer


def _cut(after):
    return ()


def _stall(after):
    yield 3.0
    yield after


def _drip(after):
    for letter in after:
        yield bytes([letter])
        yield 0.02


def _forever(after):
    while True:
        yield after * (1 + 65536 // max(1, len(after))) or b"x" * 65536


def flip_of_the_head(rng, path):
    """Change a letter of the headers."""
    content = bytearray(path.read_bytes())
    content[rng.integers(0, len(HEAD) + 40)] = rng.integers(0, 256)
    path.write_bytes(content)


def lines(rng, path):
    """Insert lines of headers, further answers, or another behaviour, mostly where a line ends."""
    content = path.read_bytes()
    for _ in range(rng.integers(1, 4)):
        ends = [0] + [place for place in range(2, len(HEAD) + 40) if content[place - 2:place] == b"\r\n"]
        place = rng.integers(0, len(content)) if rng.random() < 0.2 else ends[rng.integers(0, len(ends))]
        content = content[:place] + LINES[rng.integers(0, len(LINES))] + content[place:]
    path.write_bytes(content)


KINDS = {"answer of a server": server(False), "answer of a server in chunks": server(True)}
