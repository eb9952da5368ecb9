"""Checkpoints: whole or not there, and never wrong in silence."""
import json
import os
import signal
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest

from scratchnet import checkpoint, files
from scratchnet.errors import CheckpointError, OutputError

ARRAYS = {"param/conv1.W": np.arange(24, dtype=np.float32).reshape(2, 3, 4), "count": np.array(3.5)}


@pytest.fixture
def path(tmp_path):
    checkpoint.save(tmp_path / "a.npz", ARRAYS, {"epoch": 3, "mean": [0.1, 1 / 3]})
    return tmp_path / "a.npz"


def test_there_and_back(path):
    arrays, description = checkpoint.load(path)
    assert description == {"epoch": 3, "mean": [0.1, 1 / 3]} and set(arrays) == set(ARRAYS)
    for name, array in arrays.items():
        assert (array == ARRAYS[name]).all() and array.dtype == ARRAYS[name].dtype
    assert os.listdir(path.parent) == ["a.npz"]


def test_numpy_reads_it_without_pickle(path):
    with np.load(path) as file:
        assert (file["param/conv1.W"] == ARRAYS["param/conv1.W"]).all()


def test_every_damaged_byte_is_noticed_or_harmless(path):
    whole = path.read_bytes()
    noticed = 0
    for i in range(len(whole)):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 0x10]) + whole[i + 1:])
        try:
            arrays, description = checkpoint.load(path)
        except CheckpointError as error:
            noticed += 1
            assert str(path) in str(error) and "\n" not in str(error)
        else:  # a time stamp or the like: then all that was stored must have come through
            assert description["epoch"] == 3 and checkpoint.digest(arrays) == checkpoint.digest(ARRAYS)
    assert noticed > len(whole) * 0.6


@pytest.mark.parametrize("length", [0, 1, 20, 200, -30, -1])
def test_truncated(path, length):
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoint.load(path)


def test_missing_other_and_newer(path, tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint"):
        checkpoint.load(tmp_path / "none.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(2))
    with pytest.raises(CheckpointError, match="no checkpoint"):
        checkpoint.load(tmp_path / "other.npz")
    with zipfile.ZipFile(tmp_path / "newer.npz", "w") as file:
        file.writestr("header.json", json.dumps({"schema": 99, "sha256": "", "description": {}}))
    with pytest.raises(CheckpointError, match="newer version"):
        checkpoint.load(tmp_path / "newer.npz")


def test_objects_are_never_unpickled(tmp_path):
    with zipfile.ZipFile(tmp_path / "evil.npz", "w") as file:
        file.writestr("header.json", json.dumps({"schema": 1, "sha256": "", "description": {}}))
        with file.open("x.npy", "w") as member:
            np.lib.format.write_array(member, np.array([object], dtype=object))
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoint.load(tmp_path / "evil.npz")


def test_an_error_while_writing_leaves_the_old_file(path):
    before = path.read_bytes()
    with pytest.raises(ValueError):
        with files.atomic_write(path) as file:
            file.write(b"half of ")
            raise ValueError
    assert path.read_bytes() == before and os.listdir(path.parent) == ["a.npz"]


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        checkpoint.save(tmp_path / "file" / "a.npz", ARRAYS, {})


def test_fifty_kills_while_saving_leave_a_readable_checkpoint(tmp_path):
    """A child saves as fast as it can and is killed fifty times at random moments."""
    script = ("import sys, numpy as np\nfrom scratchnet import checkpoint\n"
              "i = int(sys.argv[2])\nprint('ready', flush=True)\n"
              "while True:\n    i += 1\n    checkpoint.save(sys.argv[1], {'a': np.full(300_000, i)}, {'i': i})\n")
    path, rng, newest = tmp_path / "a.npz", np.random.default_rng(0), 0
    for _ in range(50):
        child = subprocess.Popen([sys.executable, "-c", script, path, str(newest)], stdout=subprocess.PIPE)
        child.stdout.readline()
        time.sleep(rng.uniform(0, 0.06))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        if path.exists():
            arrays, description = checkpoint.load(path)
            assert description["i"] >= newest and (arrays["a"] == description["i"]).all()
            newest = description["i"]
    assert newest > 10
