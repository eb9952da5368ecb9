"""One training step of the paper's network: forward, backward, update.

    python -m benchmarks.training_step --backends numpy,torch --json FILE
"""
import numpy as np

from scratchnet.optimizers import SGD
from scratchnet.parallel import Workers
from scratchnet.systems.kuo2016 import Recipe, build_network

from . import harness

CHANNELS, CLASSES = 5, 10


def main(arguments=None):
    p = harness.parser(__doc__, "numpy,torch")
    p.add_argument("--batch", type=int, default=128)
    options = p.parse_args(arguments)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((options.batch, 32, 32, CHANNELS)).astype(np.float32)
    labels = rng.integers(0, CLASSES, options.batch)
    peak = harness.sgemm_peak(2 if options.quick else 10)
    network = build_network(CHANNELS, CLASSES, Recipe(), rng)
    cost = 3 * options.batch * network.multiply_adds((32, 32, CHANNELS))
    with Workers(options.threads) as workers:
        candidates = {name: _candidate(name, network, workers, x, labels, options.threads)
                      for name in harness.backends(options, ("numpy", "torch"))}
        times = harness.interleave(candidates, *((1, 3) if options.quick else (20, 40)))
    harness.report(options, harness.rows("training step", times, cost, peak, batch=options.batch))


def _candidate(name, network, workers, x, labels, threads):
    if name == "torch":
        import torch

        from . import torch_network
        torch.set_num_threads(threads)
        return torch_network.training_step(CHANNELS, CLASSES, x, labels)
    optimizer = SGD(weight_decay=5e-4)

    def step():
        _, _, grads = workers.gradients(network, x, labels, lambda images, rng: images)
        optimizer.step(network.params, grads, 0.01)
    return step


if __name__ == "__main__":
    main()
