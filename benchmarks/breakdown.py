"""Where the time of a training step goes: every layer, forward and backward, on one thread.

    python -m benchmarks.breakdown --json FILE

The last row counts the pages of fresh memory that the system had to clear for a step, and its time for that.
"""
import resource
import time

import numpy as np

from scratchnet.benchmark.timing import Timing
from scratchnet.losses import softmax_cross_entropy
from scratchnet.parallel import Workers, shards
from scratchnet.systems.kuo2016 import Recipe, build_network

from . import harness

BATCH, CHANNELS = 128, 5


def main(arguments=None):
    p = harness.parser(__doc__, "numpy")
    options = p.parse_args(arguments)
    harness.backends(options, ("numpy",))
    options.threads = 1
    rng = np.random.default_rng(0)
    x = rng.standard_normal((BATCH, 32, 32, CHANNELS)).astype(np.float32)
    labels = rng.integers(0, 10, BATCH)
    network = build_network(CHANNELS, 10, Recipe(), rng)
    timings = {(name, way): Timing([]) for name in network.layers for way in ("forward", "backward")}
    warm_up, repeats = (1, 3) if options.quick else (5, 30)
    with Workers(1) as workers:
        for i in range(warm_up + repeats):
            if i == warm_up:
                before = resource.getrusage(resource.RUSAGE_SELF)
            parts = list(workers.each(lambda shard: _walk(network, x[shard], labels[shard]), shards(np, BATCH)))
            for key, timing in timings.items():
                timing.ms.append(sum(seconds[key] for seconds in parts) * 1e3)
    after = resource.getrusage(resource.RUSAGE_SELF)
    table = []
    for (name, way), timing in timings.items():
        timing.ms = timing.ms[warm_up:]
        table += harness.rows(f"{name}, {way}", {"numpy": timing}, layer=name, way=way)
    total = sum(row["median_ms"] for row in table)
    for row in table:
        row["share"] = row["median_ms"] / total
    table.append({"case": "page faults a step", "backend": "numpy", "peak_mb": None,
                  "page_faults": (after.ru_minflt - before.ru_minflt) / repeats,
                  "system_ms": (after.ru_stime - before.ru_stime) / repeats * 1e3})
    harness.Report(options).add(table)


def _walk(network, x, labels):
    """Push a shard forward and backward and return the seconds of each layer and way."""
    seconds, caches = {}, {}
    for name, layer in network.layers.items():
        start = time.perf_counter()
        x, caches[name] = layer.forward(x)
        seconds[name, "forward"] = time.perf_counter() - start
    _, d = softmax_cross_entropy(x, labels)
    for name, layer in reversed(network.layers.items()):
        start = time.perf_counter()
        d, _ = layer.backward(d, caches.pop(name), need_dx=name != "conv1")
        seconds[name, "backward"] = time.perf_counter() - start
    return seconds


if __name__ == "__main__":
    main()
