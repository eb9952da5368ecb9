"""Fair timing, written once: to the end of the work, after a warm-up, in turn, and the median.

The candidates run A B A B ..., in one process, on the same data, so that a busy minute of the machine hits all of them.
Between two candidates on a processor there is a short pause: the idle threads of one library go on spinning for some
milliseconds and would take a core from the next. On a GPU a step ends when the device is done: asking it for work takes
almost no time and says nothing. Beside that time, `device_ms` is what the device's own clock (two events around the
step) shows; data lie there before the clock starts.

`peak_mb` is by how much the process's memory rose, at its peak, while a candidate warmed up: what a step needs beyond
parameters and input. It is None where the system does not tell (it is Linux that does).
"""
import time
from dataclasses import dataclass, field
from math import inf

import numpy as np

from ..memory import peak_memory, reset_peak

PAUSE = 0.05  # seconds
LEAST = 3     # repetitions, however long each takes


@dataclass
class Timing:
    """What was measured of one candidate: milliseconds of each repetition, by the wall and by the device's clock, and
    its `peak_mb`."""

    ms: list
    peak_mb: float | None = None
    device_ms: list = field(default_factory=list)


class OnGPU:
    """A step that a GPU runs, with what its library offers for a clock.

    Parameters
    ----------
    step : callable
        Asks the device for work and need not wait for it.
    event : callable
        Returns a new event that has ``record()`` and ``synchronize()``.
    elapsed : callable
        ``elapsed(first, second)``: milliseconds between two events.
    """

    def __init__(self, step, event, elapsed):
        self.step, self.event, self.elapsed = step, event, elapsed

    def __call__(self):
        """Run the step to its end; return the milliseconds on the device."""
        first, second = self.event(), self.event()
        first.record()
        self.step()
        second.record()
        second.synchronize()
        return self.elapsed(first, second)


def on_device(step, xp):
    """Return `step` as `interleave` wants it for arrays of `xp`."""
    return step if xp is np else OnGPU(step, xp.cuda.Event, xp.cuda.get_elapsed_time)


def interleave(candidates, warm_up=20, repeats=40, seconds=inf):
    """Time functions in turn.

    Parameters
    ----------
    candidates : dict of str to callable
        Those that a GPU runs as `OnGPU`.
    warm_up, repeats : int
        How often each runs without and with a look at the clock.
    seconds : float
        After so long the warm-up of a candidate ends, and the timing of all of them, if less than `repeats` were done;
        but one warms up, and `LEAST` are timed, however long it takes.

    Returns
    -------
    dict of str to Timing
    """
    timings = {}
    for name, function in candidates.items():
        before = reset_peak()
        for _ in _at_most(warm_up, 1, seconds):
            function()
        known = before is not None and warm_up and not isinstance(function, OnGPU)
        timings[name] = Timing([], peak_memory() - before if known else None)
    pause = PAUSE if sum(not isinstance(function, OnGPU) for function in candidates.values()) > 1 else 0
    for _ in _at_most(repeats, LEAST, seconds):
        for name, function in candidates.items():
            time.sleep(pause)
            start = time.perf_counter()
            device_ms = function()
            timings[name].ms.append((time.perf_counter() - start) * 1e3)
            if isinstance(function, OnGPU):
                timings[name].device_ms.append(device_ms)
    return timings


def _at_most(n, least, seconds):
    """Count to n, or, from `least` on, until so many seconds are over."""
    start = time.perf_counter()
    for i in range(n):
        if i >= least and time.perf_counter() - start > seconds:
            return
        yield i


def rows(case, timings, multiply_adds=None, precision="float32", **more):
    """Return one row for each candidate, ready for JSON.

    Parameters
    ----------
    case : str
    timings : dict of str to Timing
    multiply_adds : int, optional
        Of the whole batch; leave it out where it says little (a sort, an optimiser).
    precision : str
        In which a GPU multiplied, see `backend.precision`.
    **more
        What else the rows say, e.g. the batch.
    """
    table = []
    for name, timing in timings.items():
        low, median, high = map(float, np.percentile(timing.ms, [10, 50, 90]))
        row = {"case": case, "backend": name, "median_ms": median, "spread_ms": [low, high], "repeats": len(timing.ms),
               "peak_mb": timing.peak_mb, **more}
        if timing.device_ms:
            row |= {"device_ms": float(np.median(timing.device_ms)), "precision": precision}
        if multiply_adds:
            row["gflops"] = 2 * multiply_adds / median / 1e6
        table.append(row)
    return table


def duration(milliseconds):
    """Return a time as people say it: 1.6 s, 40 ms, 3.10 ms."""
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.2f} ms"
