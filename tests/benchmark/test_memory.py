"""Memory, as Linux tells it."""
import numpy as np
import pytest

from scratchnet.benchmark import memory
from scratchnet.benchmark.memory import need, peak_memory, reset_peak, resident

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
def test_more_than_there_is_is_refused(on_linux, monkeypatch, tmp_path):
    if not on_linux:
        monkeypatch.setattr(memory, "Path", lambda name: tmp_path / "no/proc")
        assert peak_memory() is None and reset_peak() is None
    need(1 << 20)
    for far_too_much in (1 << 64, 10**30):
        with pytest.raises(MemoryError):
            need(far_too_much)


@linux
def test_what_others_hold_is_not_there_for_us():
    with pytest.raises(MemoryError, match="are left"):
        need(1 << 50)
