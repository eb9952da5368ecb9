"""Timing that is fair, waits for the device, and knows when to stop."""
import numpy as np
import pytest

from scratchnet.benchmark import timing
from scratchnet.benchmark.timing import LEAST, PAUSE, Timing, duration, interleave, on_device, rows
from scratchnet.memory import reset_peak


def test_a_gpu_is_timed_until_it_is_done_and_by_its_own_clock(gpu):
    timed = interleave({"cupy": on_device(lambda: gpu.work(0.007), gpu)}, 2, 5)["cupy"]
    assert timed.ms == timed.device_ms == pytest.approx([7] * 5) and timed.peak_mb is None


def test_what_the_host_does_meanwhile_is_in_the_time_but_not_in_the_devices(gpu):
    def step():
        gpu.work(0.002)
        gpu.clock.work(0.005)  # e.g. an array that is fetched too early
        gpu.work(0.002)
    timed = interleave({"cupy": on_device(step, gpu)}, 0, 3)["cupy"]
    assert timed.ms == pytest.approx([7] * 3)
    assert interleave({"numpy": on_device(step, np)}, 0, 3)["numpy"].ms == pytest.approx([5] * 3)


def test_candidates_warm_up_and_then_take_turns():
    calls = []
    timed = interleave({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 2, 3)
    assert "".join(calls) == "aabbababab" and [len(t.ms) for t in timed.values()] == [3, 3]


def test_only_between_two_on_a_processor_is_there_a_pause(gpu):
    on_gpu = on_device(lambda: gpu.work(0.001), gpu)
    for candidates in ({"numpy": int}, {"cupy": on_gpu}, {"numpy": int, "cupy": on_gpu}):
        interleave(candidates, 1, 2)
    assert set(gpu.clock.naps) == {0}
    timed = interleave({"numpy": int, "torch": int}, 1, 2)
    assert gpu.clock.naps[-4:] == [PAUSE] * 4 and timed["torch"].ms == [0, 0]  # and the pause is in nobody's time


@pytest.mark.parametrize("takes, warmed, timed", [
    (0.001, 10, 40),              # all of them
    (0.05, 10, 20),               # until the second is over, on average over both
    (5.0, 1, LEAST)])             # slow: still one to warm up, and enough for a median
def test_it_ends_in_time_but_not_too_early(takes, warmed, timed, gpu):
    calls = []
    found = interleave({"numpy": lambda: calls.append(gpu.clock.work(takes))}, 10, 40, seconds=0.999)["numpy"]
    assert (len(calls), len(found.ms)) == (warmed + timed, timed)
    assert found.ms == pytest.approx([takes * 1e3] * timed)


def test_a_row_has_the_median_and_the_spread_and_no_outlier_moves_them():
    timed = {"numpy": Timing([*range(1, 20), 1e6], 3.5), "cupy": Timing([2.0, 4.0, 3.0], None, [1.0, 1.0, 5.0])}
    cpu, gpu = rows("conv1", timed, 1_000_000, "tf32", batch=8)
    assert cpu == {"case": "conv1", "backend": "numpy", "median_ms": 10.5, "repeats": 20, "peak_mb": 3.5, "batch": 8,
                   "spread_ms": pytest.approx([2.9, 18.1]), "gflops": pytest.approx(2 / 10.5)}
    assert (gpu["median_ms"], gpu["device_ms"], gpu["precision"]) == (3.0, 1.0, "tf32")
    assert "gflops" not in rows("relu1", timed)[0]


@pytest.mark.skipif(reset_peak() is None, reason="only Linux tells the peak of a process since a moment")
def test_the_memory_of_a_candidate_is_what_its_warm_up_took():
    def taking(megabytes):
        return lambda: np.ones(megabytes << 17).sum()
    found = interleave({"large": taking(64), "small": taking(1)}, 1, 1)
    assert 50 < found["large"].peak_mb < 90 and found["small"].peak_mb < 30


@pytest.mark.parametrize("ms, words", [(0.0512, "0.05 ms"), (3.104, "3.10 ms"), (40.4, "40 ms"), (1580, "1.6 s")])
def test_a_time_is_said_as_people_say_it(ms, words):
    assert duration(ms) == words


def test_the_real_clock_is_used_where_nobody_pretends():
    timed = interleave({"numpy": lambda: timing.time.sleep(0.01)}, 0, 3)["numpy"]
    assert 10 <= min(timed.ms) < 1000
