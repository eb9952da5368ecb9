"""From standardised images to the 400-number descriptor: the forward pass that an index is built with.

    python -m benchmarks.features --backends numpy,torch --json FILE
"""
import numpy as np

from scratchnet.parallel import Workers
from scratchnet.systems.kuo2016 import Recipe, build_network

from . import harness

CHANNELS = 5


def main(arguments=None):
    p = harness.parser(__doc__, "numpy,torch")
    p.add_argument("--batch", type=int, default=128)
    options = p.parse_args(arguments)
    names = harness.backends(options, ("numpy", "torch"))
    rng = np.random.default_rng(0)
    x = rng.standard_normal((options.batch, 32, 32, CHANNELS)).astype(np.float32)
    network = build_network(CHANNELS, 10, Recipe(), rng)
    cost = options.batch * network.multiply_adds((32, 32, CHANNELS))
    peak = harness.sgemm_peak(2 if options.quick else 10)
    with Workers(options.threads) as workers:
        prepare = {"numpy": lambda: _numpy(network, x, workers), "torch": lambda: _torch(x, options.threads)}
        times = harness.interleave({name: prepare[name]() for name in names}, *((1, 3) if options.quick else (20, 40)))
    harness.report(options, harness.rows("features", times, cost, peak, batch=options.batch))


def _numpy(network, x, workers):
    return lambda: np.concatenate(workers.map(lambda chunk: network.features(x[chunk], "relu4"), len(x)))


def _torch(x, threads):
    import torch

    from . import torch_network
    torch.set_num_threads(threads)
    network, x = torch_network.build(CHANNELS, 10)[:-1], torch_network.images(x)

    def step():
        with torch.inference_mode():
            return network(x)
    return step


if __name__ == "__main__":
    main()
