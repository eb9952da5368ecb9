"""One training step of the paper's network on the GPU beside NumPy's: do loss and gradients agree?

    python3 -m benchmarks.gpu.smoke [--backend numpy]
"""
import argparse

import numpy as np

from scratchnet import backend
from scratchnet.backend import to_device, to_host
from scratchnet.gradcheck import relative_error
from scratchnet.losses import SoftmaxCrossEntropy
from scratchnet.parallel import Workers
from scratchnet.systems.kuo2016 import Recipe, build_network
from scratchnet.training.gradients import batch_gradients

TOLERANCE = 3e-5  # of float32, relative to the largest entry of each gradient


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--backend", default="cupy")
    options = p.parse_args()
    xp = backend.select(options.backend)
    print(backend.device_name(xp), flush=True)
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((64, 32, 32, 5)).astype(np.float32), rng.integers(0, 10, 64)
    (expected, expected_grads), (found, grads) = step(np, x, labels), step(xp, x, labels)
    errors = {"loss": abs(found - expected) / expected,
              **{name: relative_error(grads[name], expected_grads[name]) for name in expected_grads}}
    for name, error in errors.items():
        print(f"{name:14} {error:.1e}")
    wrong = [name for name, error in errors.items() if not error <= TOLERANCE]
    raise SystemExit(f"differs from NumPy: {', '.join(wrong)}" if wrong else None)


def step(xp, x, labels):
    """Return loss and gradients, on the host, of the network with the same weights on either backend."""
    network = build_network(5, 10, Recipe(), np.random.default_rng(1)).to(xp)
    x, labels = to_device(x, xp), to_device(labels, xp)
    with Workers(1) as workers:
        loss, _, grads = batch_gradients(workers, network, SoftmaxCrossEntropy(), x, labels, lambda batch, rng: batch)
    return float(loss), {name: to_host(value) for name, value in grads.items()}


if __name__ == "__main__":
    main()
