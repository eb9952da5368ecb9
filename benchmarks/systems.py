"""Any registered system: how long it takes to learn the embedded images, and to describe 500 of them.

    python -m benchmarks.systems --systems kuo2016,pixels --json FILE

The fit is that of the preset "quick", once; describing gives descriptors and scores. What a system takes on all of
CIFAR stands in the results of `scratchnet reproduce`.
"""
import time

from scratchnet import data, systems
from scratchnet.benchmark.timing import Timing, interleave

from . import harness


def main(arguments=None):
    p = harness.parser(__doc__, "numpy")
    p.add_argument("--systems", default=",".join(systems.names()), help="separated by commas (default: all)")
    options = p.parse_args(arguments)
    (backend,), report = harness.backends(options, ("numpy", "cupy")), harness.Report(options)
    xp, (images, labels, test_images, _) = harness.array_module(backend), data.load("mini")
    count = 300 if options.quick else len(images)
    for name in options.systems.split(","):
        system = systems.create(name, preset="quick").to(xp)
        start = time.perf_counter()
        system.fit(images[:count], labels[:count], classes=10, threads=options.threads,
                   epochs=1 if options.quick else None)
        report.add(harness.rows(f"{name}, fit of {count:,} images", {backend: Timing([_ms(start)])}))
        with system.workers(options.threads) as workers:
            timings = interleave({backend: lambda s=system, w=workers: s.outputs(test_images, w) and None},
                                         1, 2 if options.quick else 10)
        report.add(harness.rows(f"{name}, describing {len(test_images):,} images", timings))


def _ms(start):
    return (time.perf_counter() - start) * 1e3


if __name__ == "__main__":
    main()
