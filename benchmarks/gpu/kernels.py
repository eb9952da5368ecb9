"""Which kernels a training step runs on a GPU, how often, and for how long: what the next change needs most.

    python3 -m benchmarks.gpu.kernels --batch 128,4096 --json FILE

PyTorch's profiler records the kernels of whatever library of the process launches them, so of CuPy, too.
"""
import contextlib

from benchmarks import harness, training_step

STEPS = 5


def main(arguments=None):
    p = harness.parser(__doc__, "cupy,torch")
    harness.batch_option(p, "128,4096")
    options = p.parse_args(arguments)
    names, report = harness.backends(options, ("numpy", "cupy", "torch")), harness.Report(options)
    for batch in options.batch:
        inputs = training_step.STEP.inputs(batch)
        for name in names:
            with contextlib.ExitStack() as stack:
                step = training_step.candidate(name, stack, inputs, options.threads, gpu="cupy" in names)
                report.add(table(recorded(step), name, batch))


def recorded(step):
    """Return [(kernel, microseconds), ...] of `STEPS` steps, after one that warms up."""
    import torch
    gpu = torch.cuda.is_available()
    kind = torch.profiler.ProfilerActivity.CUDA if gpu else torch.profiler.ProfilerActivity.CPU
    step()
    with torch.profiler.profile(activities=[kind]) as profile:
        for _ in range(STEPS):
            step()
    wanted = torch.autograd.DeviceType.CUDA if gpu else torch.autograd.DeviceType.CPU
    return [(event.name, event.time_range.elapsed_us()) for event in profile.events() if event.device_type == wanted]


def table(events, backend, batch):
    """Return a row for each kernel, the longest first, and one for all: calls and milliseconds per step."""
    kernels = {}
    for name, microseconds in events:
        kernels.setdefault(name, []).append(microseconds)
    rows = [{"case": name[:120], "backend": backend, "batch": batch, "calls": len(each) / STEPS,
             "step_ms": sum(each) / STEPS / 1e3, "peak_mb": None} for name, each in kernels.items()]
    rows.sort(key=lambda row: -row["step_ms"])
    total = {"case": "all kernels", "backend": backend, "batch": batch, "calls": sum(row["calls"] for row in rows),
             "step_ms": sum(row["step_ms"] for row in rows), "peak_mb": None}
    return [total, *rows]


if __name__ == "__main__":
    main()
