"""Files: whole or not there, however many write, whatever lies at the place or at the temporary name."""
import json
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from scratchnet import files
from scratchnet.errors import OutputError
from scratchnet.files import atomic_write, check_place


def put(path, content=b"new"):
    with atomic_write(path) as file:
        file.write(content)


def test_json_has_lists_of_numbers_in_one_line_and_loses_nothing(tmp_path):
    value = {"confusion": [[1, -2], [3e-7, 4.5]], "names": ["a [1,\n  2]", "[1,   2]"], "none": [],
             "rows": [{"x": [1]}, 2]}
    files.write_json(tmp_path / "a.json", value)
    text = (tmp_path / "a.json").read_text()
    assert json.loads(text) == value and "[1, -2],\n" in text


def test_an_error_while_writing_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error):
            with atomic_write(path) as file:
                file.write(b"half of ")
                raise error
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a"]


def test_writers_of_one_path_do_not_meet(tmp_path):
    """One has begun when another writes from beginning to end: both succeed, and the last to end has the name."""
    with atomic_write(tmp_path / "a") as first:
        first.write(b"first")
        put(tmp_path / "a", b"second")
        assert (tmp_path / "a").read_bytes() == b"second"
        first.write(b", longer")
    assert (tmp_path / "a").read_bytes() == b"first, longer" and os.listdir(tmp_path) == ["a"]


def test_a_temporary_name_cannot_be_foretold_and_a_link_there_is_not_followed(tmp_path, monkeypatch):
    names = set()
    for _ in range(3):
        with atomic_write(tmp_path / "a"):
            (name,) = set(os.listdir(tmp_path)) - {"a"}
            assert files.PART.fullmatch(name)
            names.add(name)
    assert len(names) == 3
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / f".scratchnet-{'00' * 8}.part").symlink_to(victim)
    monkeypatch.setattr(os, "urandom", bytes)
    with pytest.raises(OutputError, match="File exists"):
        put(tmp_path / "a")
    assert victim.read_bytes() == b"precious"


WRITER = ("import sys, time\nfrom scratchnet.files import atomic_write\nwith atomic_write(sys.argv[1]) as file:\n"
          "    file.write(b'half')\n    file.flush()\n    print('at work', flush=True)\n    time.sleep(60)\n")


def test_what_a_killed_writer_left_is_removed_by_the_next_one_and_a_living_ones_is_not(tmp_path):
    def start():
        process = subprocess.Popen([sys.executable, "-c", WRITER, tmp_path / "a"], stdout=subprocess.PIPE)
        process.stdout.readline()
        return process
    dead, alive = start(), start()
    dead.kill()
    dead.communicate()
    assert len(os.listdir(tmp_path)) == 2
    put(tmp_path / "b")
    left = set(os.listdir(tmp_path)) - {"b"}
    alive.kill()
    alive.communicate()
    assert len(left) == 1 and files.PART.fullmatch(*left)
    put(tmp_path / "b")
    assert os.listdir(tmp_path) == ["b"]


def test_where_nothing_can_be_locked_leftovers_are_removed_after_a_day(tmp_path, monkeypatch):
    monkeypatch.setattr("scratchnet.locks.fcntl", None)
    names = [f".scratchnet-{digit * 16}.part" for digit in "abc"]
    for name, age in zip(names, (0, 3600, 2 * 86400)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))
    put(tmp_path / "x")
    assert sorted(os.listdir(tmp_path)) == [*names[:2], "x"]


def test_only_what_is_ours_is_removed(tmp_path):
    others = {".scratchnet-0123.part", ".a.part", f"scratchnet-{'a' * 16}.part", f".scratchnet-{'a' * 16}.part"}
    for name in others:
        (tmp_path / name).touch()
    (tmp_path / f".scratchnet-{'b' * 16}.part").mkdir()
    (tmp_path / f".scratchnet-{'c' * 16}.part").symlink_to(tmp_path / ".a.part")
    os.mkfifo(tmp_path / f".scratchnet-{'d' * 16}.part")
    before = set(os.listdir(tmp_path))
    put(tmp_path / "x")
    assert before - set(os.listdir(tmp_path)) == {f".scratchnet-{'a' * 16}.part"}


def test_who_loses_its_file_before_it_is_locked_takes_another(tmp_path, monkeypatch):
    """The moment between creating and locking: somebody else takes the file for a leftover."""
    real, taken = files.lock, []

    def late(fd):
        if not taken:
            taken.extend(tmp_path.iterdir())
            taken[0].unlink()
        return real(fd)
    monkeypatch.setattr(files, "lock", late)
    put(tmp_path / "a")
    assert len(taken) == 1 and (tmp_path / "a").read_bytes() == b"new" and os.listdir(tmp_path) == ["a"]


def test_links_are_followed_and_stay(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk/real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("disk/real")
    (tmp_path / "chain").symlink_to("link")
    (tmp_path / "fresh").symlink_to("disk/none yet")
    for name, real in (("link", "real"), ("chain", "real"), ("fresh", "none yet")):
        put(tmp_path / name, name.encode())
        assert (tmp_path / name).is_symlink() and (tmp_path / "disk" / real).read_bytes() == name.encode()
    assert sorted(os.listdir(tmp_path / "disk")) == ["none yet", "real"]


def test_what_is_no_regular_file_is_written_through_and_stays(tmp_path):
    null = os.stat("/dev/null")
    put("/dev/null")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode) and os.stat("/dev/null").st_ino == null.st_ino
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    found, end = [], os.open(tmp_path / "pipe", os.O_RDWR)
    reader = threading.Thread(target=lambda: found.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    time.sleep(0.1)
    put(tmp_path / "link", b"x" * 100_000)
    os.close(end)
    reader.join()
    assert found == [b"x" * 100_000] and stat.S_ISFIFO(os.lstat(tmp_path / "pipe").st_mode)


def test_standard_output_is_written_through_wherever_it_goes(tmp_path):
    script = ("from scratchnet.files import atomic_write\nprint('before')\n"
              "with atomic_write('/dev/stdout') as file:\n    file.write(b'content\\n')\n")
    with open(tmp_path / "out", "wb") as out:
        subprocess.run([sys.executable, "-c", script], stdout=out, check=True)
    assert (tmp_path / "out").read_text() == "before\ncontent\n" and os.listdir(tmp_path) == ["out"]
    piped = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert piped.stdout == "before\ncontent\n"


@pytest.fixture
def refusing(tmp_path):
    """Places that cannot be written, by name."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("no folder/file")
    return {"folder": "it is a folder", "file/a": "", "pipe": "No such device", "loop": "symbolic links",
            "dangling": "No such file", "x" * 300: "name too long", f"{'y' * 300}/a": "name too long"}


def test_a_place_that_cannot_be_written_is_one_line_and_nothing_is_left(refusing, tmp_path):
    before = sorted(os.listdir(tmp_path))
    for name, words in refusing.items():
        for use in (put, check_place)[:1 if name == "pipe" else 2]:
            with pytest.raises(OutputError, match="cannot write") as error:
                use(tmp_path / name)
            assert words in str(error.value) and "\n" not in str(error.value)
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize("forbidden", ["open", "mkdir"])
def test_a_folder_without_rights_is_one_line(forbidden, tmp_path, monkeypatch):
    def refuse(*arguments, **more):  # to root, who may run the tests, nothing is forbidden
        raise PermissionError(13, "Permission denied")
    monkeypatch.setattr(os, forbidden, refuse)
    for use in (put, check_place):
        with pytest.raises(OutputError, match="cannot write .*Permission denied"):
            use(tmp_path / "new/a")


def test_a_place_that_can_be_written_is_left_as_it_is(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    for name in ("a", "b", "new folder/c"):
        check_place(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == b"old" and sorted(os.listdir(tmp_path)) == ["a", "new folder"]
    check_place("/dev/null")


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_permissions_are_those_of_the_old_file_or_those_of_a_new_one(mode, tmp_path):
    (tmp_path / "old").touch()
    (tmp_path / "old").chmod(mode)
    (tmp_path / "like").touch()
    for name in ("old", "new"):
        put(tmp_path / name)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes["old"] == mode and modes["new"] == modes["like"]


def test_the_longest_name_that_a_folder_can_hold_can_be_written(tmp_path):
    put(tmp_path / ("x" * 255))
    assert (tmp_path / ("x" * 255)).read_bytes() == b"new"


@pytest.mark.parametrize("place", ["/dev/zero", "/dev/null", "pipe", "folder"])
def test_only_regular_files_are_read(place, tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="regular file|directory"):
        files.open_file(tmp_path / place)
    (tmp_path / "a").write_bytes(b"content")
    (tmp_path / "link").symlink_to("a")
    for name in ("a", "link"):
        with files.open_file(tmp_path / name) as file:
            assert file.read() == b"content"


def test_nothing_in_this_project_writes_past_these_functions():
    """Whoever opens a file to write it in place, or renames one, would have to think of all of this again."""
    root, found = Path(__file__).parents[1], []
    own = {"scratchnet/files.py", *(f"scratchnet/data/{name}.py" for name in ("downloader", "workplace", "sheets"))}
    for path in (path for room in ("scratchnet", "benchmarks", "tutorials") for path in (root / room).rglob("*.py")):
        name = path.relative_to(root).as_posix()
        for i, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for call in ("write_text(", "write_bytes(", "os.replace(", ".part\"", "nbformat.write("):
                if call in line and name not in own and "/proc/self" not in line:
                    found.append(f"{name}:{i}: {line.strip()}")
    assert not found, "\n".join(found)
