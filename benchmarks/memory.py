"""Peak memory of a process that trains on 50,000 images of CIFAR's size, and of one that does so in PyTorch.

    python -m benchmarks.memory --backends numpy,torch --json FILE

Each is a process of its own and counted whole: interpreter, libraries, images, activations. Memory does not depend
on what the images show, so they are random. scratchnet's process builds the extra channels as `scratchnet train`
does; PyTorch's gets its five channels ready-made. Linux only.
"""
import subprocess
import sys
from pathlib import Path

import numpy as np

from scratchnet.memory import resident
from scratchnet.parallel import Workers
from scratchnet.systems.kuo2016 import Kuo2016, Recipe
from scratchnet.training.optimizers import SGD
from scratchnet.training.schedules import constant
from scratchnet.training.trainer import Trainer

from . import harness

BATCH = 128
CHILDREN = {"numpy": "from benchmarks.memory import train; ",
            "torch": "from benchmarks.torch_network import train; "}


def main(arguments=None):
    p = harness.parser(__doc__, "numpy,torch")
    p.add_argument("--images", type=int, default=50_000)
    p.add_argument("--steps", type=int, default=50)
    options = p.parse_args(arguments)
    if options.quick:
        options.images, options.steps = 1000, 2
    peaks = {name: _peak_of_child(CHILDREN[name] + f"train({options.images}, {options.steps}, {options.threads})")
             for name in harness.backends(options, CHILDREN)}
    case = f"peak memory, training on {options.images:,} images"
    table = []
    for name, peak_mb in peaks.items():
        table.append({"case": case, "backend": name, "peak_mb": peak_mb})
        if "torch" in peaks:
            table[-1]["ratio_to_torch"] = peak_mb / peaks["torch"]
    harness.Report(options).add(table)


def _peak_of_child(code):
    """Return the peak memory, in MB, of a Python process that runs `code`."""
    code += "; print(open('/proc/self/status').read())"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent.parent, text=True, encoding="utf-8",
                          stdout=subprocess.PIPE, check=True)
    return resident(done.stdout)


def train(images, steps, threads):
    """Train as `scratchnet train` does, on random images, for a few steps."""
    rng = np.random.default_rng(0)
    rgb, labels = rng.integers(0, 256, (images, 32, 32, 3), np.uint8), rng.integers(0, 10, images)
    system = Kuo2016("cnn_rgb_da", 10, Recipe())
    system.fit_standardizer(rgb)
    with Workers(threads) as workers:
        trainer = Trainer(system.network, SGD(weight_decay=5e-4), constant(0.01), workers, system.prepare, 1, BATCH)
        trainer.fit(rgb[:steps * BATCH], labels[:steps * BATCH])


if __name__ == "__main__":
    main()
