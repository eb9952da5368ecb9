"""Folders that nobody else works in, and what becomes of those whose process is gone."""
import fcntl
import os
import subprocess
import sys
import threading

import pytest

from scratchnet.data.workplace import clear_what_was_left, workplace
from scratchnet.errors import OutputError

AT_WORK = """
import sys, time
from pathlib import Path
from scratchnet.data.workplace import workplace
with workplace(Path(sys.argv[1]), "cifar10") as place:
    (place / "a.part").write_bytes(b"begun")
    (place / "folder").mkdir()
    (place / "folder" / "file").write_bytes(b"x")
    print(place, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def process(tmp_path):
    """A process at work in a folder below tmp_path, and that folder."""
    with subprocess.Popen([sys.executable, "-c", AT_WORK, tmp_path], stdout=subprocess.PIPE, text=True) as child:
        child.place = tmp_path / child.stdout.readline().strip()
        yield child
        child.kill()


def test_it_is_private_has_no_name_to_guess_and_goes(tmp_path):
    names = set()
    for _ in range(3):
        with workplace(tmp_path / "new", "cifar10") as place:
            names.add(place.name)
            (place / "x").write_text("x")
            assert place.stat().st_mode & 0o777 == 0o700 and place.parent == tmp_path / "new"
    assert len(names) == 3 and os.listdir(tmp_path / "new") == []


def test_a_part_of_a_file_stays_and_is_taken_over_by_the_same_purpose(tmp_path):
    with workplace(tmp_path, "cifar10") as first:
        (first / "a.part").write_bytes(b"begun")
        (first / "other").write_bytes(b"x")
    with workplace(tmp_path, "cifar100") as other:
        assert other != first
    with workplace(tmp_path, "cifar10") as second:
        assert second == first and os.listdir(second) == ["a.part"]
        (second / "a.part").write_bytes(b"")
    assert os.listdir(tmp_path) == []


def test_a_folder_is_left_alone_until_its_process_is_gone(tmp_path, process):
    with workplace(tmp_path, "cifar10") as place:
        assert place != process.place
    clear_what_was_left(tmp_path, "cifar10")
    assert (process.place / "folder" / "file").read_bytes() == b"x"
    process.kill()
    process.wait()
    with workplace(tmp_path, "cifar10") as place:
        assert place == process.place and os.listdir(place) == ["a.part"]
    clear_what_was_left(tmp_path, "cifar10")
    assert os.listdir(tmp_path) == []


def test_nothing_is_followed_or_taken_that_somebody_planted(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    folder = tmp_path / "data"
    planted = folder / ".scratchnet-cifar10-planted"
    planted.mkdir(parents=True)
    (planted / "a.part").symlink_to(victim)
    (planted / "b.part").hardlink_to(victim)
    os.mkfifo(planted / "c.part")
    (folder / ".scratchnet-cifar10-link").symlink_to(tmp_path)
    (folder / ".scratchnet-cifar10-file").write_text("x")
    with workplace(folder, "cifar10") as place:
        assert os.listdir(place) == []
    assert victim.read_text() == "mine" and sorted(os.listdir(folder)) == [".scratchnet-cifar10-file",
                                                                           ".scratchnet-cifar10-link"]


def test_many_at_once(tmp_path):
    """Each has its own, also where one begins while another looks for what was left behind."""
    barrier, taken, failed = threading.Barrier(8), [], []

    def work():
        barrier.wait()
        try:
            for _ in range(30):
                with workplace(tmp_path, "cifar10") as place:
                    taken.append(place)
                    (place / "x").touch(exist_ok=False)
        except Exception as error:
            failed.append(error)
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed and len(taken) == 240 and os.listdir(tmp_path) == []


def test_a_folder_that_goes_while_it_is_locked_is_not_held_for_ones_own(tmp_path, monkeypatch):
    """As where another process clears it in the same moment."""
    lock = fcntl.flock

    def slowly(*arguments):
        monkeypatch.undo()
        for place in tmp_path.iterdir():
            place.rmdir()
        lock(*arguments)
    monkeypatch.setattr(fcntl, "flock", slowly)
    with workplace(tmp_path, "cifar10") as place:
        assert place.is_dir() and os.listdir(tmp_path) == [place.name]


@pytest.mark.parametrize("name", ["file", "file/below", "x" * 300, "\0", "\ud800"])
def test_where_nothing_can_be_made(name, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="--data"), workplace(tmp_path / name, "cifar10"):
        pass


def test_without_locks_nothing_is_taken_over(tmp_path, monkeypatch):
    """As on Windows, and on file systems that have none."""
    monkeypatch.setattr("scratchnet.data.workplace.fcntl", None)
    with workplace(tmp_path, "cifar10") as first:
        (first / "a.part").write_bytes(b"begun")
    with workplace(tmp_path, "cifar10") as second:
        assert second != first
    assert os.listdir(tmp_path) == [first.name]
