"""Streams, warnings and signals of a process that runs a command."""
import io
import logging
import os
import signal
import subprocess
import sys
import threading
import warnings

import pytest
from terminal import surroundings

from scratchnet.cli import process


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_no_file_gets_the_number_of_a_stream(closed, tmp_path):
    code = ("from scratchnet.cli import process; import sys; process.prepare_streams(); file = open('file', 'w');"
            "print('out'); print('err', file=sys.stderr); sys.stdin.read(); file.write(str(file.fileno() > 2))")
    subprocess.run(["sh", "-c", f'exec "{sys.executable}" -c "{code}" {closed}'], cwd=tmp_path, env=surroundings(),
                   check=True, stdin=subprocess.DEVNULL)
    assert (tmp_path / "file").read_text(encoding="utf-8") == "True"


def test_any_text_goes_to_any_terminal(monkeypatch):
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer, "cp1252"))
    process.prepare_streams()
    print("é图\udcff")
    assert buffer.getvalue() == b"\xe9\\u56fe\\udcff\n"


def test_a_stream_that_takes_nothing_is_forgotten():
    with open("/dev/full", "w", encoding="utf-8") as stream:
        stream.write("lost")
        assert process.flush(stream).strerror == "No space left on device"
        assert process.flush(stream) is None  # nor does the end of the process trouble anybody
    assert process.flush(io.StringIO()) is None


def test_a_complaint_that_cannot_be_made_is_no_error(monkeypatch):
    with open("/dev/full", "w", encoding="utf-8", buffering=1) as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        process.complain("a line")
        monkeypatch.undo()


def test_warnings_are_lines_and_go_back_to_what_they_were(capsys):
    shown, resort = warnings.showwarning, logging.lastResort
    with process.warnings_as_lines():
        warnings.simplefilter("always")
        warnings.warn("of two\nlines \x1b[31m", UserWarning, stacklevel=1)
        logging.lastResort.handle(logging.makeLogRecord({"msg": "of %s\nlines", "args": ("two",)}))
    assert capsys.readouterr().err == ("scratchnet: warning: of two lines \\x1b[31m\n"
                                       "scratchnet: warning: of two lines\n")
    assert (warnings.showwarning, logging.lastResort) == (shown, resort)


@pytest.fixture
def ended(monkeypatch):
    codes = []
    monkeypatch.setattr(os, "_exit", codes.append)
    return codes


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_interrupts_and_the_next_does_not(number, ended):
    earlier = signal.getsignal(number)
    with process.Signals("farewell") as signals:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        signal.raise_signal(number)
        signal.raise_signal(signal.SIGINT)
        assert signals.caught == number and not ended
    assert signal.getsignal(number) is earlier


def test_a_later_signal_ends_a_process_that_does_not_end_itself(ended, monkeypatch, capsys):
    monkeypatch.setattr(process, "PATIENCE", 0)
    with process.Signals("farewell"):
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
    assert ended == [130] and capsys.readouterr().err == "scratchnet: farewell\n"


def test_what_is_ignored_stays_ignored_and_threads_have_no_say():
    earlier = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with process.Signals("farewell") as signals:
            signal.raise_signal(signal.SIGINT)
        assert signals.caught is None and signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, earlier)
    thread = threading.Thread(target=lambda: process.Signals("farewell").__enter__())
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGINT) is earlier


def test_nothing_interrupts_the_end_of_a_process():
    earlier = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        with process.Signals("farewell", last=True):
            pass
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGINT, earlier[0])
        signal.signal(signal.SIGTERM, earlier[1])


def test_who_has_nothing_more_to_do_watches_no_longer_than_that(ended, monkeypatch):
    """A signal that another part of the process expects, later, is not for a watch that has closed."""
    monkeypatch.setattr(process, "NOTICE", 0)
    earlier, threads = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}, None
    try:
        with process.Signals("farewell", last=True):
            threads = set(threading.enumerate())
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
    with process.Signals("farewell"), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    for thread in threads - {threading.current_thread()}:
        thread.join(0.5)
    assert not ended and signal.set_wakeup_fd(-1) == -1
