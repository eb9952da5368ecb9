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
    names = harness.backends(options, ("numpy", "torch"))
    peak = harness.sgemm_peak(2 if options.quick else 10)
    cost = 3 * options.batch * build_network(CHANNELS, CLASSES, Recipe(), np.random.default_rng(0)).multiply_adds(
        (32, 32, CHANNELS))
    timings = measure(names, options.batch, options.threads, *((1, 3) if options.quick else (20, 40)))
    harness.report(options, harness.rows("training step", timings, cost, peak, batch=options.batch))


def measure(names, batch, threads, warm_up, repeats):
    """Return {name: Timing} of one training step of each backend."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, 32, 32, CHANNELS)).astype(np.float32)
    labels = rng.integers(0, CLASSES, batch)
    network = build_network(CHANNELS, CLASSES, Recipe(), rng)
    with Workers(threads) as workers:
        candidates = {name: _candidate(name, network, workers, x, labels, threads) for name in names}
        return harness.interleave(candidates, warm_up, repeats)


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
