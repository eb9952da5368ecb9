"""Locks: one process at a time, gone with the process, no obstacle where there are none."""
import os
import subprocess
import sys

import pytest

from scratchnet import locks

HOLDER = ("import sys, time\nfrom scratchnet.locks import hold\nheld = hold(sys.argv[1])\n"
          "print(held is not None, flush=True)\nsys.stdin.read()")


@pytest.fixture
def other(tmp_path):
    """Another process that asks for the folder; it ends with the test."""
    started = []

    def ask():
        process = subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process, process.stdout.readline().strip() == "True"
    yield ask
    for process in started:
        process.communicate()


def test_a_folder_is_held_by_one_process_and_let_go_when_that_is_killed(other, tmp_path):
    process, got = other()
    assert got and locks.hold(tmp_path) is None and not other()[1]
    process.kill()
    process.wait()
    mine = locks.hold(tmp_path)
    assert mine is not None and not other()[1] and list(tmp_path.iterdir()) == []
    del mine
    assert other()[1]


def test_within_a_process_all_share_one_hold(other, tmp_path):
    first, second = locks.hold(tmp_path), locks.hold(str(tmp_path))
    assert first is second
    del first
    assert not other()[1]
    del second
    assert other()[1]


def test_a_file_is_locked_by_one_at_a_time(tmp_path):
    (tmp_path / "a").touch()
    with open(tmp_path / "a") as first, open(tmp_path / "a") as second:
        assert locks.lock(first.fileno()) is True and locks.lock(second.fileno()) is False
        first.close()
        assert locks.lock(second.fileno()) is True


@pytest.mark.parametrize("missing", ["module", "support", "folders"])
def test_where_there_are_no_locks_everybody_is_let_in(missing, other, tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(38, "Function not implemented")
    if missing == "module":
        monkeypatch.setattr(locks, "fcntl", None)
    elif missing == "support":
        monkeypatch.setattr(locks.fcntl, "flock", refuse)
    assert other()[1]
    if missing == "folders":
        real = os.open
        monkeypatch.setattr(os, "open", lambda path, *more: refuse() if path == tmp_path else real(path, *more))
    else:
        with open(tmp_path / "a", "w") as file:
            assert locks.lock(file.fileno()) is None
    assert locks.hold(tmp_path) is not None
