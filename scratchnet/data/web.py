"""A file from a web address, with limits on everything: no server is trusted, or waited for without end.

Whatever arrives (status lines, headers, redirections, chunks, bytes) is read through one gate, which knows until when
and how much may still come. A server that stalls, drips or never ends is abandoned; what arrived is
kept, and the next attempt continues from there. Only http and https are supported.
"""
import http.client
import io
import time
import urllib.error
import urllib.request

from ..errors import DataError, in_a_line
from ..progress import bar

PATIENCE = 8  # seconds that a server may take until its answer begins, or stay silent
SLOWEST = 10_000  # bytes a second that it must send on average
ASIDE = 1 << 20  # bytes that may come beside the content: headers and redirections
BLOCK = 1 << 16


def fetch(url, part, largest):
    """Append to the file `part` what is missing of `url`, and return whether part of it was there already.

    Parameters
    ----------
    url : str
    part : Path
        Stays as it is where the transfer breaks off, so that the next one goes on from there.
    largest : int
        More bytes than these are not fetched.

    Raises
    ------
    DataError
        If the server cannot be reached, refuses, breaks off, is too slow or sends too much.
    """
    have = part.stat().st_size if part.exists() else 0
    gate = _Gate()
    try:
        request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
        with _opener(gate).open(request) as answer:
            _copy(answer, part, have * (answer.status == 206), largest, gate)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != 416 or not have:  # 416: nothing is missing, the earlier transfer was whole
            raise DataError(f"the server answered {error.code} {_shortly(error.reason)}") from None
    except (OSError, ValueError, ArithmeticError, http.client.HTTPException) as error:
        reason = _shortly(getattr(error, "reason", error)) or type(error).__name__
        if part.exists() and part.stat().st_size:
            raise DataError(f"broke off ({reason}); the next attempt continues from there") from None
        raise DataError(f"could not be reached ({reason})") from None
    finally:
        gate.close()
    return have > 0


def _copy(answer, part, have, largest, gate):
    """Write an answer behind the `have` bytes of a part that it continues."""
    total = None if answer.length is None else have + answer.length
    gate.left += largest
    with open(part, "ab" if have else "wb") as file, bar(total=total, initial=have, unit="B", unit_scale=True,
                                                         desc=part.stem) as shown:
        while block := answer.read1(BLOCK):
            gate.grant(len(block))
            have += len(block)
            if max(have, total or 0) > largest:
                file.truncate(0)
                raise DataError(f"what the server sends is larger than any official archive ({largest:,} bytes)")
            file.write(block)
            shown.update(len(block))
    if have < (total or 0):
        raise DataError(f"broke off after {have:,} of {total:,} bytes; the next attempt continues from there")


def _shortly(reason):
    return in_a_line(reason).strip()[:200]


class _Gate:
    """Until when and how much a server may still send.

    Its time is short until the content begins. Then every byte adds what it takes at the slowest rate that is borne,
    but never more than `PATIENCE` lies ahead.
    """

    def __init__(self):
        self.until, self.left, self.answers = time.monotonic() + PATIENCE, ASIDE, []

    def grant(self, size):
        """Let the server go on, which has sent `size` bytes of content."""
        self.until = min(self.until + size / SLOWEST, time.monotonic() + PATIENCE)

    def wait(self):
        """Return how many seconds are left."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("it is too slow")
        return left

    def close(self):
        """Close every answer that was opened, and its connection."""
        for answer in self.answers:
            answer.close()


class _Line(io.RawIOBase):
    """What arrives at a socket, read through a gate. For http.client it stands in place of the socket."""

    def __init__(self, socket, gate):
        self.socket, self.raw, self.gate = socket, socket.makefile("rb", buffering=0), gate

    def makefile(self, mode):
        return io.BufferedReader(self)

    def readable(self):
        return True

    def readinto(self, buffer):
        self.socket.settimeout(self.gate.wait())
        size = self.raw.readinto(buffer) or 0
        self.gate.left -= size
        if self.gate.left < 0:
            raise OSError("it does not end")
        return size

    def close(self):
        self.raw.close()
        super().close()


class _Web(urllib.request.AbstractHTTPHandler):
    """Opens http and https with connections that read through a gate."""

    http_request = https_request = urllib.request.AbstractHTTPHandler.do_request_

    def __init__(self, gate):
        super().__init__()
        self.gate = gate

    def _connect(self, kind, host, timeout, **settings):
        connection = kind(host, timeout=self.gate.wait(), **settings)
        connection.response_class = self._answer
        return connection

    def _answer(self, socket, *more, **named):
        self.gate.answers.append(http.client.HTTPResponse(_Line(socket, self.gate), *more, **named))
        return self.gate.answers[-1]

    def http_open(self, request):
        return self.do_open(lambda *a, **s: self._connect(http.client.HTTPConnection, *a, **s), request)

    def https_open(self, request):
        return self.do_open(lambda *a, **s: self._connect(http.client.HTTPSConnection, *a, **s), request)


def _opener(gate):
    """Return an opener that speaks nothing but http and https, also behind a redirection."""
    opener = urllib.request.OpenerDirector()
    for handler in (_Web(gate), urllib.request.ProxyHandler(), urllib.request.UnknownHandler(),
                    urllib.request.HTTPRedirectHandler(), urllib.request.HTTPDefaultErrorHandler(),
                    urllib.request.HTTPErrorProcessor()):
        opener.add_handler(handler)
    return opener
