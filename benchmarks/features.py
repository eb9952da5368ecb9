"""From standardised images to the 400-number descriptor: the forward pass that an index is built with.

    python -m benchmarks.features --backends numpy,torch --json FILE
"""
from contextlib import ExitStack

import numpy as np

from scratchnet.backend import synchronize, to_device
from scratchnet.experiments import workers_for
from scratchnet.systems.kuo2016 import Recipe, build_network

from . import harness

CHANNELS = 5


def main(arguments=None):
    p = harness.parser(__doc__, "numpy,torch")
    p.add_argument("--batch", type=int, default=128)
    options = p.parse_args(arguments)
    names = harness.backends(options, ("numpy", "cupy", "torch"))
    rng = np.random.default_rng(0)
    x = rng.standard_normal((options.batch, 32, 32, CHANNELS)).astype(np.float32)
    cost = options.batch * build_network(CHANNELS, 10, Recipe(), rng).multiply_adds((32, 32, CHANNELS))
    peak = harness.sgemm_peak(2 if options.quick else 10)
    with ExitStack() as stack:
        candidates = {name: _candidate(name, stack, x, options.threads, gpu="cupy" in names) for name in names}
        timings = harness.interleave(candidates, *((1, 3) if options.quick else (20, 40)))
    harness.report(options, harness.rows("features", timings, cost, peak, batch=options.batch))


def _candidate(name, stack, x, threads, gpu):
    if name == "torch":
        from . import torch_network
        return torch_network.features(CHANNELS, x, threads, "cuda" if gpu else "cpu")
    xp = harness.array_module(name)
    network = build_network(CHANNELS, 10, Recipe(), np.random.default_rng(0)).to(xp)
    workers, x = stack.enter_context(workers_for(xp, threads, len(x))), to_device(x, xp)

    def step():
        xp.concatenate(workers.map(lambda chunk: network.features(x[chunk], "relu4"), len(x)))
        synchronize(xp)
    return step


if __name__ == "__main__":
    main()
