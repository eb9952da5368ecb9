"""The kernel of SGD takes, on a processor, the steps of the portable body."""
from types import SimpleNamespace

import numpy as np
import pytest

from scratchnet.training.optimizers import SGD


@pytest.mark.parametrize("nesterov", [True, False])
def test_sgd_kernel_takes_the_portable_steps(nesterov, emulated, rng):
    start = {"fc.W": rng.standard_normal((5, 3)), "fc.b": rng.standard_normal(3)}
    grads = [{name: rng.standard_normal(p.shape) for name, p in start.items()} for _ in range(3)]

    def walk():
        layer = SimpleNamespace(params={name: p.copy() for name, p in start.items()}, decayed=("fc.W",))
        optimizer = SGD(0.9, nesterov, 0.01)
        for g in grads:
            optimizer.step(layer, {name: value.copy() for name, value in g.items()}, 0.1)
        return layer.params
    expected = walk()
    with emulated() as called:
        found = walk()
    assert called == {"sgd"} and all(np.allclose(found[name], expected[name], rtol=1e-12) for name in start)
