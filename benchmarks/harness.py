"""What all benchmarks share: options, fair timing, rows and JSON.

Fair means: the candidates run in turn, A B A B ..., in one process, on the same random data of realistic scale,
with the same number of threads, after a warm-up; the median is quoted with the 10 to 90 % spread, and figures
between candidates are ratios of medians of the same run. Between two candidates there is a short pause: the idle
threads of one library go on spinning for some milliseconds and would take a processor from the next.

`peak_mb` is by how much the process's memory rose, at its peak, while a candidate warmed up: what a step needs beyond
parameters and input. It is null where the system does not tell (it is Linux that does).
"""
import argparse
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from scratchnet import backend
from scratchnet.checkpoint import write_json
from scratchnet.environment import environment
from scratchnet.errors import BackendError, OutputError
from scratchnet.parallel import default_threads


def parser(description, backends):
    """Return a parser with the options that every benchmark has."""
    p = argparse.ArgumentParser(description=description)
    p.add_argument("--backends", default=backends, help=f"which to compare, separated by commas (default: {backends})")
    p.add_argument("--threads", type=int, default=default_threads())
    p.add_argument("--json", type=Path, metavar="FILE", help="write the rows to FILE")
    p.add_argument("--quick", action="store_true", help="few repetitions: shows that it runs, measures little")
    return p


def backends(options, known):
    """Return the names in --backends; refuse one that this benchmark does not know."""
    names = options.backends.split(",")
    for name in names:
        if name not in known:
            raise SystemExit(f"error: this benchmark has no backend {name!r}: choose some of {', '.join(known)}")
    return names


def array_module(name):
    """Return NumPy or CuPy, or end the program in one line where no GPU answers."""
    try:
        return backend.select(name)
    except BackendError as error:
        raise SystemExit(f"error: {error}") from None


PEERS = {"torch": "torch", "faiss": "faiss-cpu", "scipy": "scipy"}  # backend: package
PAUSE = 0.05  # seconds


@dataclass
class Timing:
    """What was measured of one candidate: milliseconds of each repetition, and its `peak_mb`."""

    ms: list
    peak_mb: float | None = None


def interleave(candidates, warm_up=20, repeats=40):
    """Time functions in turn; return {name: Timing}."""
    timings = {}
    for name, function in candidates.items():
        before = reset_peak()
        for _ in range(warm_up):
            function()
        timings[name] = Timing([], None if before is None or not warm_up else peak_memory() - before)
    for _ in range(repeats):
        for name, function in candidates.items():
            time.sleep(PAUSE)
            start = time.perf_counter()
            function()
            timings[name].ms.append((time.perf_counter() - start) * 1e3)
    return timings


def peak_memory():
    """Return the most memory that this process ever held (on Linux: since `reset_peak`), in MB, or None."""
    try:
        return resident(Path("/proc/self/status").read_text())
    except OSError:
        return None


def resident(status):
    """Return the peak in MB out of the text of Linux's /proc/PID/status."""
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def reset_peak():
    """Let `peak_memory` count from now on; return what the process holds, in MB, or None where that is unknown."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return peak_memory()


def sgemm_peak(repeats=10, n=2048):
    """Return what a large float32 matrix product reaches here and now, in GFLOP/s."""
    a, b = np.random.default_rng(0).standard_normal((2, n, n)).astype(np.float32)
    timing = interleave({"sgemm": lambda: a @ b}, 2, repeats)["sgemm"]
    return 2 * n**3 / np.median(timing.ms) / 1e6


def rows(case, timings, multiply_adds=None, peak=None, reference="torch", **more):
    """Return one row a backend, with the ratio to the reference where it took part.

    Where multiply-adds say little (a sort, an optimiser), leave them and the peak of the machine out.
    """
    medians = {name: float(np.median(t.ms)) for name, t in timings.items()}
    table = []
    for name, t in timings.items():
        low, high = np.percentile(t.ms, [10, 90])
        row = {"case": case, "backend": name, "median_ms": medians[name], "spread_ms": [float(low), float(high)],
               "peak_mb": t.peak_mb, **more}
        if multiply_adds:
            gflops = 2 * multiply_adds / medians[name] / 1e6
            row |= {"gflops": gflops, "share_of_sgemm_peak": gflops / peak}
        if reference in medians:
            row[f"ratio_to_{reference}"] = medians[name] / medians[reference]
        table.append(row)
    return table


def report(options, table):
    """Print the rows, and write them with the environment where --json asks for it."""
    for row in table:
        print(_line(row))
    if options.json:
        about = environment(backend.select("numpy"), options.threads)
        about["peers"] = {name: version(package) for name, package in PEERS.items()
                          if any(row["backend"] == name for row in table)}
        about["command"] = " ".join(["python -m", sys.modules["__main__"].__spec__.name, *sys.argv[1:]])
        try:
            write_json(options.json, {"environment": about, "rows": table})
        except OutputError as error:
            raise SystemExit(f"error: {error}") from None


def _line(row):
    parts = [f"{row['case']:44} {row['backend']:6}"]
    if "median_ms" in row:
        parts.append("{:9.2f} ms ({:.1f} to {:.1f})".format(row["median_ms"], *row["spread_ms"]))
    if "gflops" in row:
        parts.append(f"{row['gflops']:6.1f} GFLOP/s, {row['share_of_sgemm_peak']:4.0%} of sgemm")
    if "page_faults" in row:
        parts.append(f"{row['page_faults']:9.0f}  {row['system_ms']:.1f} ms in the system")
    if row["peak_mb"] is not None:
        parts.append(f"{row['peak_mb']:6.0f} MB")
    parts += [f"{row[key]:5.2f} of {key[9:]}" for key in row if key.startswith("ratio_to_")]
    return "  ".join(parts)
