"""What all benchmarks share: options, fair timing, rows and JSON.

Fair means: the candidates run in turn, A B A B ..., in one process, on the same random data of realistic scale,
with the same number of threads, after a warm-up; the median is quoted with the 10 to 90 % spread, and figures
between candidates are ratios of medians of the same run. Between two candidates there is a short pause: the idle
threads of one library go on spinning for some milliseconds and would take a processor from the next.
"""
import argparse
import json
import time
from pathlib import Path

import numpy as np

from scratchnet import backend
from scratchnet.environment import environment
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


PAUSE = 0.05  # seconds


def interleave(candidates, warm_up=20, repeats=40):
    """Time functions in turn; return {name: milliseconds (repeats,)}."""
    for function in candidates.values():
        for _ in range(warm_up):
            function()
    times = {name: [] for name in candidates}
    for _ in range(repeats):
        for name, function in candidates.items():
            time.sleep(PAUSE)
            start = time.perf_counter()
            function()
            times[name].append((time.perf_counter() - start) * 1e3)
    return {name: np.array(t) for name, t in times.items()}


def sgemm_peak(repeats=10, n=2048):
    """Return what a large float32 matrix product reaches here and now, in GFLOP/s."""
    a, b = np.random.default_rng(0).standard_normal((2, n, n)).astype(np.float32)
    times = interleave({"sgemm": lambda: a @ b}, 2, repeats)["sgemm"]
    return 2 * n**3 / np.median(times) / 1e6


def rows(case, times, multiply_adds=None, peak=None, reference="torch", **more):
    """Return one row a backend, with the ratio to the reference where it took part.

    Where multiply-adds say little (a sort, an optimiser), leave them and the peak of the machine out.
    """
    medians = {name: float(np.median(t)) for name, t in times.items()}
    table = []
    for name, t in times.items():
        low, high = np.percentile(t, [10, 90])
        row = {"case": case, "backend": name, "median_ms": medians[name], "spread_ms": [float(low), float(high)]}
        row |= more
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
        ratio = next((f"{row[key]:6.2f} of {key[9:]}" for key in row if key.startswith("ratio_to_")), "")
        low, high = row["spread_ms"]
        rate = f"{row['gflops']:6.1f} GFLOP/s, {row['share_of_sgemm_peak']:4.0%} of sgemm  " if "gflops" in row else ""
        print(f"{row['case']:44} {row['backend']:7} {row['median_ms']:9.2f} ms ({low:.1f} to {high:.1f})  "
              f"{rate}{ratio}")
    if options.json:
        xp = backend.select("numpy")
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps({"environment": environment(xp, options.threads), "rows": table}, indent=1))
