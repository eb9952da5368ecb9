"""One training step of the paper's network: forward, backward, update.

    python -m benchmarks.training_step --backends numpy,torch --json FILE
    python -m benchmarks.training_step --backends cupy,torch --batch 128,512,4096 --json FILE

With cupy among the backends, PyTorch runs on the GPU too.
"""
from contextlib import ExitStack

import numpy as np

from scratchnet.backend import to_device
from scratchnet.losses import SoftmaxCrossEntropy
from scratchnet.parallel import workers_for
from scratchnet.systems.kuo2016 import Recipe, build_network
from scratchnet.training.gradients import batch_gradients
from scratchnet.training.optimizers import SGD

from . import harness

CHANNELS, CLASSES = 5, 10


def main(arguments=None):
    p = harness.parser(__doc__, "numpy,torch")
    harness.batch_option(p)
    options = p.parse_args(arguments)
    names = harness.backends(options, ("numpy", "cupy", "torch"))
    peaks, report = harness.sgemm_peaks(names, options.quick), harness.Report(options)
    network = build_network(CHANNELS, CLASSES, Recipe(), np.random.default_rng(0))
    # Forward, dW and dx, each as many as forward, but for the dx of the first layer, which nobody wants.
    cost = 3 * network.multiply_adds((32, 32, CHANNELS)) - network.layers["conv1"].multiply_adds((32, 32, CHANNELS))
    for batch in options.batch:
        timings = measure(names, batch, options.threads, *((1, 3) if options.quick else (20, 40)))
        report.add(harness.rows("training step", timings, batch * cost, peaks, batch=batch))


def measure(names, batch, threads, warm_up, repeats):
    """Return {name: Timing} of one training step of each backend."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, 32, 32, CHANNELS)).astype(np.float32)
    labels = rng.integers(0, CLASSES, batch)
    with ExitStack() as stack:
        candidates = {name: candidate(name, stack, x, labels, threads, gpu="cupy" in names)
                      for name in harness.with_layouts(names)}
        return harness.interleave(candidates, warm_up, repeats)


def candidate(name, stack, x, labels, threads, gpu):
    """Return a function that takes one step of a backend, with PyTorch on the GPU too if `gpu`."""
    if name.startswith("torch"):
        from . import torch_network
        return torch_network.training_step(CHANNELS, CLASSES, x, labels, threads, "cuda" if gpu else "cpu",
                                           channels_last=name == "torch")
    xp = harness.array_module(name)
    network = build_network(CHANNELS, CLASSES, Recipe(), np.random.default_rng(0)).to(xp)
    workers = stack.enter_context(workers_for(xp, threads))
    optimizer, loss = SGD(weight_decay=5e-4), SoftmaxCrossEntropy()
    x, labels = to_device(x, xp), to_device(labels, xp)

    def step():
        _, _, grads = batch_gradients(workers, network, loss, x, labels, lambda images, rng: images)
        optimizer.step(network, grads, 0.01)
    return harness.on_device(step, xp)


if __name__ == "__main__":
    main()
