"""What all benchmarks share: options, fair timing, rows and JSON.

Fair means: the candidates run in turn, A B A B ..., in one process, on the same random data of realistic scale,
with the same number of threads, after a warm-up; the median is quoted with the 10 to 90 % spread, and figures
between candidates are ratios of medians of the same run. Between two candidates on a processor there is a short pause:
the idle threads of one library go on spinning for some milliseconds and would take a core from the next. What has been
measured is written to the file at once, so that a run that is cut off loses only the case under way.

`peak_mb` is by how much the process's memory rose, at its peak, while a candidate warmed up: what a step needs beyond
parameters and input. It is null where the system does not tell (it is Linux that does).

On a GPU a step ends when the device is done. Beside that time, `device_ms` is what the device's own clock (two events
around the step) shows; data lie there before the clock starts. Both libraries multiply in the same precision. PyTorch
runs there in two layouts, "torch" (channels last) and "torch-nchw", and ratios are to the faster of them.
"""
import argparse
import os
import sys
import time
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from scratchnet import backend, documents
from scratchnet.environment import environment
from scratchnet.errors import BackendError, OutputError
from scratchnet.parallel import default_threads


def parser(description, backends):
    """Return a parser with the options that every benchmark has."""
    p = argparse.ArgumentParser(description=description)
    p.add_argument("--backends", default=backends, help=f"which to compare, separated by commas (default: {backends})")
    p.add_argument("--threads", type=int, default=default_threads())
    p.add_argument("--precision", choices=("float32", "tf32"), default="float32",
                   help="of matrix products on a GPU (default: float32)")
    p.add_argument("--json", type=Path, metavar="FILE", help="write the rows to FILE")
    p.add_argument("--quick", action="store_true", help="few repetitions: shows that it runs, measures little")
    return p


def batch_option(parser, default="128"):
    """Add --batch, one size or several."""
    parser.add_argument("--batch", type=lambda text: [int(size) for size in text.split(",")], default=default,
                        metavar="N[,N...]", help=f"images at a time, one row for each size (default: {default})")


def backends(options, known):
    """Return the names in --backends that are installed; refuse one that this benchmark does not know.

    Sets the precision for all.
    """
    names = options.backends.split(",")
    for name in names:
        if name not in known:
            raise SystemExit(f"error: this benchmark has no backend {name!r}: choose some of {', '.join(known)}")
    missing = [name for name in names if name in PEERS and find_spec(name.partition("-")[0]) is None]
    for name in missing:
        print(f"{name} is not installed and left out: pip install {PEERS[name]} brings it", file=sys.stderr)
    names = [name for name in names if name not in missing]
    if not names:
        raise SystemExit("error: there is nothing left to measure: choose another --backends")
    os.environ["CUPY_TF32"] = str(int(options.precision == "tf32"))
    return names


def array_module(name):
    """Return NumPy or CuPy, or end the program in one line where no GPU answers."""
    try:
        return backend.select(name)
    except BackendError as error:
        raise SystemExit(f"error: {error}") from None


PEERS = {"torch": "torch", "torch-nchw": "torch", "faiss": "faiss-cpu", "scipy": "scipy"}  # backend: package
PAUSE = 0.05  # seconds


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


def with_layouts(names):
    """Return the backends of a case with convolutions: on a GPU, PyTorch in both of its layouts."""
    return [*names, "torch-nchw"] if {"cupy", "torch"} <= set(names) else list(names)


def on_device(step, xp):
    """Return `step` as `interleave` wants it for arrays of `xp`."""
    return step if xp is np else OnGPU(step, xp.cuda.Event, xp.cuda.get_elapsed_time)


def interleave(candidates, warm_up=20, repeats=40):
    """Time functions in turn; return {name: Timing}."""
    timings = {}
    for name, function in candidates.items():
        before = reset_peak()
        for _ in range(warm_up):
            function()
        known = before is not None and warm_up and not isinstance(function, OnGPU)
        timings[name] = Timing([], peak_memory() - before if known else None)
    pause = 0 if all(isinstance(function, OnGPU) for function in candidates.values()) else PAUSE
    for _ in range(repeats):
        for name, function in candidates.items():
            time.sleep(pause)
            start = time.perf_counter()
            device_ms = function()
            timings[name].ms.append((time.perf_counter() - start) * 1e3)
            if isinstance(function, OnGPU):
                timings[name].device_ms.append(device_ms)
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


def sgemm_peaks(names, quick):
    """Return {backend: GFLOP/s} that a large matrix product reaches here and now on the device of each backend."""
    peaks = {name: _sgemm_peak(array_module(name), quick) for name in names if name != "torch"}
    if "torch" in names:
        peaks["torch"] = peaks["torch-nchw"] = peaks.get("cupy") or peaks.get("numpy") or _sgemm_peak(np, quick)
    return peaks


def _sgemm_peak(xp, quick):
    n = 2048 if xp is np else 8192
    a, b = (xp.asarray(np.random.default_rng(i).standard_normal((n, n), dtype=np.float32)) for i in range(2))
    timing = interleave({"sgemm": on_device(lambda: a @ b, xp)}, 2, 2 if quick else 10)["sgemm"]
    return 2 * n**3 / np.median(timing.ms) / 1e6


def rows(case, timings, multiply_adds=None, peaks=None, reference="torch", **more):
    """Return one row a backend, with the ratio to the reference, in its faster layout, where it took part.

    Where multiply-adds say little (a sort, an optimiser), leave them and the peaks of the devices out.
    """
    medians = {name: float(np.median(t.ms)) for name, t in timings.items()}
    table = []
    for name, t in timings.items():
        low, high = np.percentile(t.ms, [10, 90])
        row = {"case": case, "backend": name, "median_ms": medians[name], "spread_ms": [float(low), float(high)],
               "peak_mb": t.peak_mb, **more}
        if t.device_ms:
            row |= {"device_ms": float(np.median(t.device_ms)),
                    "precision": "tf32" if os.environ["CUPY_TF32"] == "1" else "float32"}
        if multiply_adds:
            gflops = 2 * multiply_adds / medians[name] / 1e6
            row |= {"gflops": gflops, "share_of_sgemm_peak": gflops / peaks[name]}
        peers = [ms for peer, ms in medians.items() if peer.startswith(reference)]
        if peers:
            row[f"ratio_to_{reference}"] = medians[name] / min(peers)
        table.append(row)
    return table


class Report:
    """The rows of a benchmark: printed as they come, and written anew with the environment where --json asks for it."""

    def __init__(self, options):
        self.options, self.rows = options, []

    def add(self, table):
        """Print further rows and write all there are."""
        self.rows += table
        for row in table:
            print(_line(row), flush=True)
        if self.options.json:
            try:
                documents.write(self.options.json, {"environment": self._environment(), "rows": self.rows})
            except OutputError as error:
                raise SystemExit(f"error: {error}") from None

    def _environment(self):
        xp = array_module("cupy" if "cupy" in self.options.backends.split(",") else "numpy")
        used = {row["backend"] for row in self.rows}
        return {**environment(xp, self.options.threads), "seed": "fixed in the source",
                "peers": {name: _version(package) for name, package in PEERS.items() if name in used},
                "command": " ".join(["python -m", sys.modules["__main__"].__spec__.name, *sys.argv[1:]])}


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:  # e.g. FAISS under another name
        return "unknown"


def _line(row):
    parts = [f"{row['case']:44} {row['backend']:6}"]
    if "batch" in row:
        parts.append(f"batch {row['batch']:4}")
    if "median_ms" in row:
        parts.append("{:9.2f} ms ({:.1f} to {:.1f})".format(row["median_ms"], *row["spread_ms"]))
    if "device_ms" in row:
        parts.append(f"{row['device_ms']:9.2f} ms on the device, {row['precision']}")
    if "gflops" in row:
        parts.append(f"{row['gflops']:6.1f} GFLOP/s, {row['share_of_sgemm_peak']:4.0%} of sgemm")
    if "calls" in row:
        parts.append(f"{row['calls']:6.1f} calls, {row['step_ms']:8.3f} ms per step")
    if "page_faults" in row:
        parts.append(f"{row['page_faults']:9.0f}  {row['system_ms']:.1f} ms in the system")
    if row["peak_mb"] is not None:
        parts.append(f"{row['peak_mb']:6.0f} MB")
    parts += [f"{row[key]:5.2f} of {key[9:]}" for key in row if key.startswith("ratio_to_")]
    return "  ".join(parts)
