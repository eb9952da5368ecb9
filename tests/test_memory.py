"""Memory: the most that a process held, and what is left."""
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scratchnet import memory
from scratchnet.memory import free_memory, need, peak_memory, reset_peak, resident

linux = pytest.mark.skipif(reset_peak() is None, reason="only Linux tells")


def test_the_peak_is_read_in_megabytes():
    assert resident("Name:\tpython\nVmPeak:\t  999 kB\nVmHWM:\t  2048 kB\nVmRSS:\t 1 kB\n") == 2.0


@linux
def test_the_peak_counts_from_where_it_was_reset():
    np.ones(2**24)  # 128 MB, gone again
    before = reset_peak()
    held = np.ones(2**23)
    assert 55 < peak_memory() - before < 80 and held.size


@pytest.mark.parametrize("on_linux", [True, False])
def test_peak_memory_grows_by_what_is_held_in_megabytes(on_linux, monkeypatch):
    if not on_linux:
        monkeypatch.setattr(memory, "Path", lambda name: Path("/no/proc"))
    before, blocks = peak_memory(), []
    for _ in range(int(before / 32) + 4):  # what was freed earlier has to be held again first
        blocks.append(np.ones(2**22))
        if peak_memory() > before + 8:
            break
    reached = peak_memory()
    assert reached > before
    blocks.append(np.ones(2**23))
    assert 56 < peak_memory() - reached < 90
    blocks.clear()
    assert peak_memory() >= reached + 56  # it is the most that was ever held


def test_what_started_a_process_counts_for_nothing():
    """The figure that the kernel keeps for `getrusage` covers the parent, until another program takes its place."""
    held = np.ones(2**25)  # 256 MB
    code = "from scratchnet.memory import peak_memory; print(peak_memory())"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(child.stdout) < 200 and held.size


@pytest.mark.parametrize("on_linux", [True, False])
def test_more_than_there_is_is_refused(on_linux, monkeypatch):
    if not on_linux:
        monkeypatch.setattr(memory, "Path", lambda name: Path("/no/proc"))
        assert reset_peak() is None
    need(1 << 20)
    for far_too_much in (1 << 64, 10**30):
        with pytest.raises(MemoryError):
            need(far_too_much)


@linux
def test_what_others_hold_is_not_there_for_us():
    with pytest.raises(MemoryError, match="are left"):
        need(1 << 50)


def test_free_memory_is_what_the_kernel_and_the_container_leave(monkeypatch):
    free = free_memory()
    assert free is None or 2**26 < free < 2**50
    files = {"/proc/meminfo": "MemTotal:  9000 kB\nMemFree:  1000 kB\nMemAvailable:    4000 kB\n"}

    def read(path, encoding):
        if path.as_posix() not in files:
            raise FileNotFoundError(path)
        return files[path.as_posix()]
    monkeypatch.setattr(memory.Path, "read_text", read)
    assert free_memory() == 4000 * 1024
    files |= {"/sys/fs/cgroup/memory.max": "max\n", "/sys/fs/cgroup/memory.current": "700\n",
              "/sys/fs/cgroup/memory.stat": "anon 500\nfile 200\nfile_mapped 3\n"}
    assert free_memory() == 4000 * 1024
    files["/sys/fs/cgroup/memory.max"] = "1000\n"
    assert free_memory() == 1000 - 700 + 200
    del files["/proc/meminfo"]
    assert free_memory() == 500
    files.clear()
    assert free_memory() is None
