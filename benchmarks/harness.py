"""What all benchmarks share: options, peers, rows and JSON. How they are timed: scratchnet/benchmark/timing.py.

Peers run with the same number of threads, and figures between candidates are ratios of medians of the same run. On a
GPU, both libraries multiply in the same precision; PyTorch runs there in two layouts, "torch" (channels last) and
"torch-nchw", and ratios are to the faster of them. What has been measured is written to the file at once, so that a run
that is cut off loses only the case under way.
"""
import argparse
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from scratchnet import backend, documents
from scratchnet.benchmark import timing
from scratchnet.benchmark.timing import interleave, on_device
from scratchnet.environment import environment
from scratchnet.errors import BackendError, CheckpointError, OutputError
from scratchnet.parallel import default_threads
from scratchnet.schema import anything


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
    """Return NumPy or CuPy, or end the program with one line where there is no GPU."""
    try:
        return backend.select(name)
    except BackendError as error:
        raise SystemExit(f"error: {error}") from None


PEERS = {"torch": "torch", "torch-nchw": "torch", "faiss": "faiss-cpu", "scipy": "scipy"}  # backend: package


def with_layouts(names):
    """Return the backends of a case with convolutions: on a GPU, PyTorch in both of its layouts."""
    return [*names, "torch-nchw"] if {"cupy", "torch"} <= set(names) else list(names)


def sgemm_peaks(names, quick):
    """Return {backend: GFLOP/s} that a large matrix product reaches here and now on the device of each backend."""
    peaks = {name: _sgemm_peak(array_module(name), quick) for name in names if name != "torch"}
    if "torch" in names:
        peaks["torch"] = peaks["torch-nchw"] = peaks.get("cupy") or peaks.get("numpy") or _sgemm_peak(np, quick)
    return peaks


def _sgemm_peak(xp, quick):
    n = 2048 if xp is np else 8192
    a, b = (xp.asarray(np.random.default_rng(i).standard_normal((n, n), dtype=np.float32)) for i in range(2))
    timed = interleave({"sgemm": on_device(lambda: a @ b, xp)}, 2, 2 if quick else 10)["sgemm"]
    return 2 * n**3 / np.median(timed.ms) / 1e6


def rows(case, timings, multiply_adds=None, peaks=None, reference="torch", **more):
    """Return the rows of `timing.rows`, with their share of the peaks of the devices and the ratio to the reference, in
    its faster layout, where it took part. Where multiply-adds say little, leave them and the peaks out."""
    precision = "tf32" if os.environ.get("CUPY_TF32") == "1" else "float32"
    table = timing.rows(case, timings, multiply_adds, precision, **more)
    peers = [row["median_ms"] for row in table if row["backend"].startswith(reference)]
    for row in table:
        if multiply_adds:
            row["share_of_sgemm_peak"] = row["gflops"] / peaks[row["backend"]]
        if peers:
            row[f"ratio_to_{reference}"] = row["median_ms"] / min(peers)
    return table


def earlier(path):
    """Return the rows that an earlier run wrote to `path`, or none."""
    try:
        return documents.read(path, {...: anything}, "")["rows"] if path else []
    except CheckpointError:
        return []


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
        used, module = {row["backend"] for row in self.rows}, sys.modules["__main__"].__spec__
        program = f"python -m {module.name}" if module else sys.argv[0]  # a test calls from a program of its own
        return {**environment(xp, self.options.threads), "seed": "fixed in the source",
                "peers": {name: _version(package) for name, package in PEERS.items() if name in used},
                "command": " ".join([program, *sys.argv[1:]])}


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
    if "recall" in row:
        parts.append(f"recall {row['recall']:.3f}")
    parts += [f"{row[key]:5.2f} of {key[9:]}" for key in row if key.startswith("ratio_to_")]
    return "  ".join(parts)
