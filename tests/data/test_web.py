"""Servers that lie, drip, never end or speak nonsense: each is one line, soon, and nothing is left open."""
import io
import itertools
import os
import shutil
import ssl
import subprocess
import time
import urllib.error

import pytest
from lying_server import Liar

from scratchnet.data import web
from scratchnet.data.web import fetch
from scratchnet.errors import DataError

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LARGEST = 300_000


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(web, "PATIENCE", 0.4)


def once(content):
    return lambda number, request: [content]


def forever(start, piece, pause=None):
    def script(number, request):
        yield start
        while True:
            yield piece
            if pause:
                yield pause
    return script


def to(place, body=b""):
    return once(b"HTTP/1.1 302 Found\r\nLocation: " + place + b"\r\nConnection: close\r\n\r\n" + body)


LIES = {
    "an endless body": (forever(OK + b"\r\n", b"x" * 65536), "larger than any"),
    "an endless body in chunks": (forever(CHUNKED, b"1000\r\n" + b"x" * 4096 + b"\r\n"), "larger than any"),
    "a length beyond all measure": (forever(OK + b"Content-Length: 9" + b"0" * 17 + b"\r\n\r\n", b"x"),
                                    "larger than any"),
    "a byte now and then": (forever(OK + b"\r\n", b"x", 0.02), "broke off"),
    "a chunk now and then": (forever(CHUNKED, b"1\r\nx\r\n", 0.02), "broke off"),
    "a chunk whose length does not end": (forever(CHUNKED, b"0" * 1000),
                                          "could not be reached"),
    "a flood, then a byte now and then": (lambda number, request: itertools.chain(
        [OK + b"\r\n" + b"x" * 200_000], itertools.cycle([b"x", 0.02])), "broke off"),
    "silence": (lambda number, request: [9], "could not be reached"),
    "silence within": (lambda number, request: [OK + b"Content-Length: 9\r\n\r\nabc", 9], "broke off"),
    "a letter of the status now and then": (forever(b"HTTP/1.1 200 ", b"O", 0.02), "could not be reached"),
    "a header now and then": (forever(OK, b"A: b\r\n", 0.02), "could not be reached"),
    "endless headers": (forever(OK, b"A: b\r\n"), "could not be reached"),
    "an endless header": (forever(OK + b"A: ", b"b" * 1000), "could not be reached"),
    "an endless 100 Continue": (forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 99), "could not be reached"),
    "an endless 100 Continue, slowly": (forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.02), "could not be reached"),
    "a redirection to itself": (to(b"/"), "302"),
    "ever new redirections": (lambda number, request: to(b"/%d" % number)(number, request), "302"),
    "a redirection with an endless body": (forever(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", b"x" * 65536),
                                           "could not be reached"),
    "a redirection to a file": (to(b"file:///etc/hostname"), "302"),
    "a redirection to FTP": (to(b"ftp://127.0.0.1:9/x"), "unknown url type"),
    "a redirection to data": (to(b"data:,abc"), "302"),
    "a redirection to nowhere": (to(b"http://["), "could not be reached"),
    "a redirection to no port": (to(b"http://127.0.0.1:99999/"), "could not be reached"),
    "a redirection to a strange host": (to(b"http://a..b\xff/"), "could not be reached"),
    "a redirection to a label that is too long": (to(b"http://" + b"a" * 300 + b".b/"), "could not be reached"),
    "no answer": (once(b""), "could not be reached"),
    "no HTTP": (once(b"220 ready\r\n\r\n"), "could not be reached"),
    "a status that is none": (once(b"HTTP/1.1 999999 OK\r\n\r\n"), "could not be reached"),
    "another version": (once(b"HTTP/7.0 200 OK\r\n\r\n"), "could not be reached"),
    "a reason in two lines": (once(b"HTTP/1.1 503 a\rb\x1b[31m" + b"c" * 999 + b"\r\n\r\n"), "503 a b"),
    "a cut connection": (once(OK + b"Content-Length: 9\r\n\r\nabc"), "broke off after 3 of 9 bytes"),
    "a cut chunk": (once(CHUNKED + b"9\r\nabc"), "broke off"),
    "a length of a chunk that is none": (once(CHUNKED + b"zz\r\nabc"), "could not be"),
}


@pytest.mark.parametrize("lie", LIES)
def test_every_lie_is_one_line_and_soon(lie, tmp_path, in_time):
    script, words = LIES[lie]
    start = time.monotonic()
    with Liar(script) as server, pytest.raises(DataError, match=words) as error:
        fetch(server.url, tmp_path / "a.part", LARGEST)
    assert time.monotonic() - start < 4
    assert str(error.value).isprintable() and len(str(error.value)) < 300
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= LARGEST


@pytest.mark.parametrize("url", ["", "nonsense", "/a/path", "http://[", "http://", "http:///x",
                                 "http://127.0.0.1:9/a b", "http://127.0.0.1:99999/", "http://127.0.0.1:x/",
                                 "http://127.0.0.1:9/\0", "http://a..b/",
                                 "http://\udcff/", "http://127.0.0.1:9/é", "http://" + "a" * 300 + ".b/",
                                 "ftp://127.0.0.1:9/x", "file:///etc/hostname", "data:,abc", "javascript:1",
                                 "http://127.0.0.1:9/" + "x" * 100_000])
def test_what_is_no_address(url, tmp_path):
    with pytest.raises(DataError, match="could not be reached") as error:
        fetch(url, tmp_path / "a.part", LARGEST)
    assert str(error.value).isprintable() and os.listdir(tmp_path) == []


@pytest.mark.parametrize("answer", [b"503 busy\r\n\r\nlater", b"404 no\r\nContent-Length: 99\r\n\r\nhalf",
                                    b"302 Found\r\nLocation: file:///x\r\n\r\n", b"302 Found\r\nLocation: /\r\n\r\n"])
def test_an_error_of_the_server_is_closed(answer, tmp_path, monkeypatch):
    opened, closed = [], []

    class Watched(urllib.error.HTTPError):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            opened.append(self)

        def close(self):
            super().close()
            closed.append(self)
    monkeypatch.setattr("urllib.request.HTTPError", Watched)
    with Liar(once(b"HTTP/1.1 " + answer)) as server, pytest.raises(DataError, match=answer[:3].decode()):
        fetch(server.url, tmp_path / "a.part", LARGEST)
    assert (len(opened), len(closed)) == (1, 1) and opened[0].fp.closed


@pytest.mark.parametrize("lie", ["an endless body", "silence within", "a redirection to nowhere", "endless headers"])
def test_every_connection_is_closed(lie, tmp_path, monkeypatch):
    lines, init = [], web._Line.__init__

    def remember(self, socket, gate):
        init(self, socket, gate)
        lines.append((self, socket))
    monkeypatch.setattr(web._Line, "__init__", remember)
    with Liar(LIES[lie][0]) as server, pytest.raises(DataError):
        fetch(server.url, tmp_path / "a.part", LARGEST)
    assert lines and all(line.closed and socket.fileno() == -1 for line, socket in lines)


def test_what_comes_is_kept_and_continued(tmp_path):
    content, part = os.urandom(200_000), tmp_path / "a.part"

    def script(number, request):
        if number == 0:
            yield OK + b"Content-Length: 200000\r\n\r\n" + content[:120_000]
        elif b"Range: bytes=120000-\r\n" in request:
            yield b"HTTP/1.1 206 Partial Content\r\nContent-Length: 80000\r\n\r\n" + content[120_000:]
    with Liar(script) as server:
        with pytest.raises(DataError, match="120,000 of 200,000"):
            fetch(server.url, part, LARGEST)
        assert fetch(server.url, part, LARGEST) is True
    assert part.read_bytes() == content


def test_a_server_that_begins_anew(tmp_path):
    part = tmp_path / "a.part"
    part.write_bytes(b"begun")
    with Liar(once(OK + b"\r\nabcdefg")) as server:
        assert fetch(server.url, part, LARGEST) is True
    assert b"Range: bytes=5-" in server.asked[0] and part.read_bytes() == b"abcdefg"


def test_a_slow_server_that_goes_on_is_waited_for(tmp_path, monkeypatch):
    """Longer than `PATIENCE` in all, at more than `SLOWEST`."""
    monkeypatch.setattr(web, "SLOWEST", 1000)
    with Liar(lambda number, request: [OK + b"\r\n", *[b"x" * 100, 0.05] * 16]) as server:
        start = time.monotonic()
        assert fetch(server.url, tmp_path / "a.part", LARGEST) is False
        assert time.monotonic() - start > 2 * web.PATIENCE
    assert (tmp_path / "a.part").stat().st_size == 1600


def test_one_hundred_continue_and_a_redirection_are_followed(tmp_path):
    def script(number, request):
        yield b"HTTP/1.1 100 Continue\r\n\r\n"
        yield (OK + b"\r\nabc") if request.startswith(b"GET /new") else next(iter(to(b"/new", b"moved")(0, b"")))
    with Liar(script) as server:
        fetch(server.url, tmp_path / "a.part", LARGEST)
    assert (tmp_path / "a.part").read_bytes() == b"abc"


@pytest.fixture
def tls(tmp_path, monkeypatch):
    """A certificate for this machine that is trusted while a test runs."""
    pair = [tmp_path / "key", tmp_path / "certificate"]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", pair[0], "-out", pair[1], "-subj", "/CN=x", "-addext", "subjectAltName=IP:127.0.0.1"],
                   check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(pair[1]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair[1], pair[0])
    return context


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_https_goes_through_the_same_gate(tls, tmp_path, monkeypatch):
    with Liar(once(OK + b"Content-Length: 3\r\n\r\nabc"), tls) as server:
        fetch(server.url, tmp_path / "a.part", LARGEST)
    assert (tmp_path / "a.part").read_bytes() == b"abc"
    start = time.monotonic()
    with Liar(forever(OK, b"A: b\r\n", 0.02), tls) as server, pytest.raises(DataError, match="could not be reached"):
        fetch(server.url, tmp_path / "b.part", LARGEST)
    assert time.monotonic() - start < 4
    monkeypatch.delenv("SSL_CERT_FILE")
    with Liar(once(OK + b"\r\nabc"), tls) as server, pytest.raises(DataError, match="certificate verify failed"):
        fetch(server.url, tmp_path / "c.part", LARGEST)


def test_https_without_tls(tmp_path):
    with Liar(lambda number, request: [b"x", 9]) as server, pytest.raises(DataError, match="could not be reached"):
        fetch(server.url.replace("http:", "https:"), tmp_path / "a.part", LARGEST)


def test_proxies_are_used(tmp_path, monkeypatch):
    with Liar(once(OK + b"\r\nabc")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.rpartition("/")[0])
        monkeypatch.setenv("no_proxy", "")
        fetch("http://far.away.invalid/x", tmp_path / "a.part", LARGEST)
        assert proxy.asked[0].startswith(b"GET http://far.away.invalid/x ")
    assert (tmp_path / "a.part").read_bytes() == b"abc"


def test_the_gate_reads_no_more_than_it_may():
    class Endless:
        def makefile(self, mode, buffering):
            return io.FileIO("/dev/zero")

        def settimeout(self, seconds):
            assert 0 < seconds <= web.PATIENCE
    gate = web._Gate()
    line = web._Line(Endless(), gate)
    with pytest.raises(OSError, match="does not end"):
        line.makefile("rb").read()
    assert gate.left < 0
    line.close()
