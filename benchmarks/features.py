"""From standardised images to the 400-number descriptor: the forward pass that an index is built with.

    python -m benchmarks.features --backends numpy,torch --json FILE
"""
from contextlib import ExitStack

import numpy as np

from scratchnet.backend import to_device
from scratchnet.benchmark.cases import IMAGE, network
from scratchnet.benchmark.timing import interleave, on_device
from scratchnet.parallel import shards, workers_for

from . import harness


def main(arguments=None):
    p = harness.parser(__doc__, "numpy,torch")
    harness.batch_option(p)
    options = p.parse_args(arguments)
    names = harness.backends(options, ("numpy", "cupy", "torch"))
    rng, cost = np.random.default_rng(0), network().multiply_adds(IMAGE)
    peaks, report = harness.sgemm_peaks(names, options.quick), harness.Report(options)
    for batch in options.batch:
        x = rng.standard_normal((batch, *IMAGE), dtype=np.float32)
        with ExitStack() as stack:
            candidates = {name: _candidate(name, stack, x, options.threads, gpu="cupy" in names)
                          for name in harness.with_layouts(names)}
            timings = interleave(candidates, *((1, 3) if options.quick else (20, 40)))
        report.add(harness.rows("features", timings, batch * cost, peaks, batch=batch))


def _candidate(name, stack, x, threads, gpu):
    if name.startswith("torch"):
        from . import torch_network
        return torch_network.features(x, threads, "cuda" if gpu else "cpu", channels_last=name == "torch")
    xp = harness.array_module(name)
    own = network().to(xp)
    workers, x = stack.enter_context(workers_for(xp, threads)), to_device(x, xp)

    def step():
        xp.concatenate(list(workers.each(lambda shard: own.features(x[shard], "relu4"), shards(xp, len(x)))))
    return on_device(step, xp)


if __name__ == "__main__":
    main()
