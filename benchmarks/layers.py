"""The layers that take the time, one by one, forward and backward.

    python -m benchmarks.layers --backends numpy,torch --json FILE
"""
from contextlib import ExitStack
from itertools import product

from scratchnet.benchmark.cases import layers
from scratchnet.benchmark.timing import interleave

from . import harness

TITLES = {"conv1": "conv1 32x32x5 -> 64, 5x5", "conv2": "conv2 16x16x64 -> 64, 5x5", "conv3": "conv3 8x8x64 -> 64, 5x5",
          "pool1": "pool1 32x32x64, 2x2", "fc": "fc 1024 -> 400"}


def main(arguments=None):
    p = harness.parser(__doc__, "numpy,torch")
    harness.batch_option(p)
    options = p.parse_args(arguments)
    names = harness.backends(options, ("numpy", "cupy", "torch"))
    cases, peaks, report = layers(), harness.sgemm_peaks(names, options.quick), harness.Report(options)
    for (layer, title), batch in product(TITLES.items(), options.batch):
        case = cases[layer]
        inputs = case.inputs(batch)
        with ExitStack() as stack:
            candidates = {name: _torch(case, *inputs, options.threads, "cuda" if "cupy" in names else "cpu",
                                       channels_last=name == "torch")
                          if name.startswith("torch")
                          else case.on(harness.array_module(name), stack, inputs, options.threads)
                          for name in (names if len(case.shape) == 1 else harness.with_layouts(names))}
            timings = interleave(candidates, *((1, 3) if options.quick else (20, 40)))
        report.add(harness.rows(title, timings, batch * case.multiply_adds(), peaks, batch=batch,
                                algorithm=case.layer.algorithm_used()))


def _torch(case, x, dy, threads, device, channels_last):
    import torch
    from torch.nn import functional as F

    from . import torch_network
    torch_network.set_up(threads)
    layer, flat = case.layer, x.ndim == 2
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
    x.requires_grad_(case.need_dx)

    def step():
        module(x).backward(dy)
        x.grad = None
        if layer.params:
            module.zero_grad(set_to_none=True)
    return torch_network.on_device(step, device)


if __name__ == "__main__":
    main()
