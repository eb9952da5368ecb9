"""The batch size from which a GPU is faster, and how to say so."""
from math import exp, floor, log
from typing import NamedTuple

from .timing import duration


class Crossover(NamedTuple):
    """Where a GPU overtakes for good: the smallest whole `batch` with which it is faster, and `at`, where the curves
    cross (a fraction of an image more or less); both are the smallest batch measured if it is ahead from there on."""

    batch: int
    at: float


def crossover(cpu, gpu):
    """Return the batch size from which the GPU is faster, or None if it is not even at the largest.

    It is the smallest measured batch at which, and at every larger one, the GPU takes less time. Where the curves cross
    more than once, the last crossing counts, so that the GPU stays ahead for every larger batch. Between that
    batch and the measured one before it, the crossing is interpolated as that of straight lines on logarithmic axes:
    from one batch to the next, two or four times as large, both times are close to a power of the batch, between "as
    long whatever the batch" and "twice as long for twice as many".

    Parameters
    ----------
    cpu, gpu : dict of int to float
        Time by batch, in any unit; compared where both have one.

    Returns
    -------
    Crossover or None
    """
    sizes = sorted(cpu.keys() & gpu.keys())
    behind = [i for i, size in enumerate(sizes) if not gpu[size] < cpu[size]]
    first = behind[-1] + 1 if behind else 0
    if first == len(sizes):
        return None
    if first == 0:
        return Crossover(sizes[0], float(sizes[0]))
    before, after = sizes[first - 1], sizes[first]
    lead, lag = log(cpu[after] / gpu[after]), log(gpu[before] / cpu[before])
    at = exp(log(before) + log(after / before) * lag / (lag + lead))
    return Crossover(min(floor(at) + 1, after), min(at, float(after)))


def curves(rows):
    """Return {case: {backend: {batch: median milliseconds}}} of rows as `timing.rows` makes them, in their order."""
    found = {}
    for row in rows:
        found.setdefault(row["case"], {}).setdefault(row["backend"], {})[row["batch"]] = row["median_ms"]
    return found


def crossovers(rows):
    """Return {case: Crossover or None} of the cases that both "numpy" and "cupy" have measured."""
    return {case: crossover(found["numpy"], found["cupy"]) for case, found in curves(rows).items()
            if found.keys() >= {"numpy", "cupy"} and found["numpy"].keys() & found["cupy"].keys()}


def times(ratio):
    """Return how many times, as people say it: 2.6, 31."""
    return f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:,.0f}"


def sentence(rows):
    """Say in one sentence what the rows of the training step, or else of the first case, say about CPU and GPU."""
    found = curves(rows)
    if not found:
        return "Nothing was measured."
    case = "training step" if "training step" in found else next(iter(found))
    both = crossovers(rows)
    if case not in both:
        return " ".join(_alone(case, name, of) for name, of in found[case].items())
    cpu, gpu = found[case]["numpy"], found[case]["cupy"]
    sizes, there = sorted(cpu.keys() & gpu.keys()), both[case]
    last = sizes[-1]
    if there is None:
        return (f"For a {case}, the CPU is faster: with a batch of {last:,}, the largest measured, the GPU takes "
                f"{times(gpu[last] / cpu[last])} times as long.")
    gain = f"with {last:,} it is {times(cpu[last] / gpu[last])} times as fast."
    if there.batch == sizes[0]:
        return f"For a {case}, the GPU is faster whatever the batch, from {sizes[0]:,} on; {gain}"
    return f"For a {case}, the GPU is faster from a batch of {there.batch:,} on; {gain}"


def _alone(case, name, ms):
    smallest, largest = min(ms), max(ms)
    device, other = ("CPU", "no GPU was timed") if name == "numpy" else ("GPU", "no CPU was timed")
    text = f"A {case} takes this {device} {duration(ms[largest])} with a batch of {largest:,}"
    if smallest < largest:
        text += f" and {duration(ms[smallest])} with {smallest:,}"
    return f"{text}; {other}."
