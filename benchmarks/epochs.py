"""25 epochs of CIFAR-10's size, from bytes on the device to the last parameter.

    python -m benchmarks.epochs --backends cupy --batch 512 --json FILE

The time does not depend on what the images show, so they are random. They lie on the device as bytes; drawing the
batches, their extra channels and standardising them, every step and the last wait for the device are in the time.
"""
import time

import numpy as np

from scratchnet.backend import to_device
from scratchnet.benchmark.timing import Timing
from scratchnet.parallel import workers_for
from scratchnet.systems.kuo2016 import Kuo2016, Recipe
from scratchnet.training.optimizers import SGD
from scratchnet.training.schedules import one_cycle
from scratchnet.training.trainer import Trainer, parameter_hash

from . import harness


def main(arguments=None):
    p = harness.parser(__doc__, "numpy")
    harness.batch_option(p, "512")
    p.add_argument("--images", type=int, default=50_000)
    p.add_argument("--epochs", type=int, default=25)
    options = p.parse_args(arguments)
    names, report = harness.backends(options, ("numpy", "cupy")), harness.Report(options)
    if options.quick:
        options.images, options.epochs = 600, 2
    for batch in options.batch:
        timings = {name: measure(name, batch, options) for name in names}
        report.add(harness.rows(f"{options.epochs} epochs of {options.images:,} images", timings, batch=batch))


def measure(name, batch, options):
    """Return the `Timing` of one training, after one epoch on a few batches that warms up."""
    xp, rng = harness.array_module(name), np.random.default_rng(0)
    images = rng.integers(0, 256, (options.images, 32, 32, 3), np.uint8)
    labels = to_device(rng.integers(0, 10, options.images), xp)
    timing = Timing([])
    with workers_for(xp, options.threads) as workers:
        for count, epochs in ((2 * batch, 1), (options.images, options.epochs)):
            system = Kuo2016("cnn_rgb_da", 10, Recipe())
            system.fit_standardizer(images[:1000])
            system.network.to(xp)
            trainer = Trainer(system.network, SGD(weight_decay=5e-3), one_cycle(0.03), workers, system.prepare, epochs,
                              batch)
            part = to_device(images[:count], xp)
            start = time.perf_counter()
            trainer.fit(part, labels[:count])
            parameter_hash(system.network)  # fetches the parameters, which ends the wait for a GPU
            timing.ms = [(time.perf_counter() - start) * 1e3]
    return timing


if __name__ == "__main__":
    main()
