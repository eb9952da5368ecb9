"""One training step of the paper's network: forward, backward, update.

    python -m benchmarks.training_step --backends numpy,torch --json FILE
    python -m benchmarks.training_step --backends cupy,torch --batch 128,512,4096 --json FILE

With cupy among the backends, PyTorch runs on the GPU too.
"""
from contextlib import ExitStack

from scratchnet.benchmark.cases import TrainingStep
from scratchnet.benchmark.timing import interleave

from . import harness

STEP = TrainingStep()


def main(arguments=None):
    p = harness.parser(__doc__, "numpy,torch")
    harness.batch_option(p)
    options = p.parse_args(arguments)
    names = harness.backends(options, ("numpy", "cupy", "torch"))
    peaks, report = harness.sgemm_peaks(names, options.quick), harness.Report(options)
    for batch in options.batch:
        timings = measure(names, batch, options.threads, *((1, 3) if options.quick else (20, 40)))
        report.add(harness.rows(STEP.name, timings, batch * STEP.multiply_adds(), peaks, batch=batch))


def measure(names, batch, threads, warm_up, repeats):
    """Return {name: Timing} of one training step of each backend."""
    inputs = STEP.inputs(batch)
    with ExitStack() as stack:
        candidates = {name: candidate(name, stack, inputs, threads, gpu="cupy" in names)
                      for name in harness.with_layouts(names)}
        return interleave(candidates, warm_up, repeats)


def candidate(name, stack, inputs, threads, gpu):
    """Return a function that takes one step of a backend, with PyTorch on the GPU too if `gpu`."""
    if name.startswith("torch"):
        from . import torch_network
        return torch_network.training_step(*inputs, threads, "cuda" if gpu else "cpu", channels_last=name == "torch")
    return STEP.on(harness.array_module(name), stack, inputs, threads)


if __name__ == "__main__":
    main()
