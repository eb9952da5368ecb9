"""The layers that take the time, one by one, forward and backward.

    python -m benchmarks.layers --backends numpy,torch --json FILE
"""
from contextlib import ExitStack
from itertools import product

import numpy as np

from scratchnet.backend import to_device
from scratchnet.layers import Conv2D, Dense, MaxPool2D
from scratchnet.parallel import shards, workers_for

from . import harness

RNG = np.random.default_rng(0)  # times do not depend on what it draws
CASES = {  # name: layer, shape of one input, whether anybody wants dx
    "conv1 32x32x5 -> 64, 5x5": (lambda: Conv2D(5, 64, 5, padding=2, rng=RNG), (32, 32, 5), False),
    "conv2 16x16x64 -> 64, 5x5": (lambda: Conv2D(64, 64, 5, padding=2, rng=RNG), (16, 16, 64), True),
    "conv3 8x8x64 -> 64, 5x5": (lambda: Conv2D(64, 64, 5, padding=2, rng=RNG), (8, 8, 64), True),
    "pool1 32x32x64, 2x2": (lambda: MaxPool2D(2), (32, 32, 64), True),
    "fc 1024 -> 400": (lambda: Dense(1024, 400, rng=RNG), (1024,), True),
}


def main(arguments=None):
    p = harness.parser(__doc__, "numpy,torch")
    harness.batch_option(p)
    options = p.parse_args(arguments)
    names = harness.backends(options, ("numpy", "cupy", "torch"))
    rng, peaks = np.random.default_rng(0), harness.sgemm_peaks(names, options.quick)
    report = harness.Report(options)
    for (case, (make, shape, need_dx)), batch in product(CASES.items(), options.batch):
        layer = make()
        x = rng.standard_normal((batch, *shape), dtype=np.float32)
        dy = rng.standard_normal((batch, *layer.output_shape(shape)), dtype=np.float32)
        cost = batch * layer.multiply_adds(shape) * (3 if need_dx else 2)
        with ExitStack() as stack:
            candidates = {name: _torch(layer, x, dy, need_dx, options.threads, "cuda" if "cupy" in names else "cpu",
                                       channels_last=name == "torch")
                          if name.startswith("torch") else _own(name, stack, make(), x, dy, need_dx, options.threads)
                          for name in (names if len(shape) == 1 else harness.with_layouts(names))}
            timings = harness.interleave(candidates, *((1, 3) if options.quick else (20, 40)))
        report.add(harness.rows(case, timings, cost, peaks, batch=batch, algorithm=layer.algorithm_used()))


def _own(name, stack, layer, x, dy, need_dx, threads):
    xp = harness.array_module(name)
    workers = stack.enter_context(workers_for(xp, threads))
    layer, x, dy = layer.to(xp), to_device(x, xp), to_device(dy, xp)

    def both(shard):
        _, cache = layer.forward(x[shard])
        return layer.backward(dy[shard], cache, need_dx)

    def step():
        results = list(workers.each(both, shards(xp, len(x))))
        for name in layer.params:
            sum(grads[name] for _, grads in results)
    return harness.on_device(step, xp)


def _torch(layer, x, dy, need_dx, threads, device, channels_last):
    import torch
    from torch.nn import functional as F

    from . import torch_network
    torch_network.set_up(threads)
    flat = x.ndim == 2
    x, dy = ((torch.from_numpy(a) if flat else torch_network.images(a, channels_last)).to(device) for a in (x, dy))
    if flat:
        module = torch.nn.Linear(*layer.params["W"].shape).to(device)
    elif layer.params:
        K, _, C, filters = layer.params["W"].shape
        module = torch.nn.Conv2d(C, filters, K, padding=layer.padding).to(
            device, memory_format=torch_network.memory_format(channels_last))
    else:
        def module(t):
            return F.max_pool2d(t, layer.size, layer.stride)
    x.requires_grad_(need_dx)

    def step():
        module(x).backward(dy)
        x.grad = None
        if layer.params:
            module.zero_grad(set_to_none=True)
    return torch_network.on_device(step, device)


if __name__ == "__main__":
    main()
