"""Bars and lines: they show how it goes, and stop nothing."""
import errno
import io
import sys

import pytest

from scratchnet.progress import bar, say


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("wanted, stream, shown", [
    (None, Terminal, True), (None, io.StringIO, False), (True, io.StringIO, True), (False, Terminal, False)])
def test_a_bar_is_shown_on_a_terminal_or_as_asked_for(wanted, stream, shown, monkeypatch):
    monkeypatch.setattr(sys, "stderr", stream())
    with bar(wanted, total=3, desc="epoch") as made:
        made.update(3)
    assert ("epoch" in sys.stderr.getvalue()) == shown


@pytest.mark.parametrize("wanted", [None, True])
def test_work_goes_on_without_streams(wanted, monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(sys, "stdout", None)
    with bar(wanted, total=3) as made:
        made.set_postfix(loss="1")
        made.update(3)
        say("a line")


def test_what_is_said_is_one_printable_line(capsys):
    say("  out/\x1b[31mred\nscratchnet: all is well")
    assert capsys.readouterr().out == "  out/\\x1b[31mred scratchnet: all is well\n"


@pytest.mark.parametrize("number, stops", [(errno.ENOSPC, False), (errno.EIO, False), (errno.EPIPE, True)])
def test_a_line_that_cannot_be_written_stops_the_work_only_where_nobody_reads(number, stops, monkeypatch):
    class Broken(io.StringIO):
        def write(self, text):
            raise OSError(number, "no")
    monkeypatch.setattr(sys, "stdout", Broken())
    if stops:
        with pytest.raises(BrokenPipeError):
            say("a line")
    else:
        say("a line")
