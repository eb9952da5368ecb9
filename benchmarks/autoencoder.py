"""The sparse auto-encoder by L-BFGS, against the same objective and optimiser in PyTorch.

    python -m benchmarks.autoencoder --backends numpy,torch --json FILE

With cupy among the backends, PyTorch runs on the GPU too. The time includes moving the patches there.
"""
import time

import numpy as np

from scratchnet.backend import to_device
from scratchnet.benchmark.timing import Timing
from scratchnet.memory import peak_memory, reset_peak
from scratchnet.unsupervised import SparseAutoencoder

from . import harness

D, M = 25, 64


def main(arguments=None):
    p = harness.parser(__doc__, "numpy,torch")
    p.add_argument("--patches", type=int, default=100_000)
    p.add_argument("--iterations", type=int, default=400)
    options = p.parse_args(arguments)
    names = harness.backends(options, ("numpy", "cupy", "torch"))
    device = "cuda" if "cupy" in names else "cpu"
    if options.quick:
        options.patches, options.iterations = 2000, 5
    rng = np.random.default_rng(0)
    X = (rng.standard_normal((options.patches, D)) @ rng.standard_normal((D, D)) / 5).astype(np.float32)
    timings = {name: Timing([]) for name in names}
    for _ in range(1 if options.quick else 3):
        for name in names:
            before = reset_peak()
            start = time.perf_counter()
            cost = _torch(X, options, device) if name == "torch" else _own(X, options, name)
            timings[name].ms.append((time.perf_counter() - start) * 1e3)
            if before is not None:
                timings[name].peak_mb = max(timings[name].peak_mb or 0, peak_memory() - before)
            print(f"{name}: cost {cost:.4f}, {timings[name].ms[-1] / 1e3:.1f} s", flush=True)
    case = f"auto-encoder, {options.patches:,} patches, {options.iterations} iterations"
    harness.Report(options).add(harness.rows(case, timings))


def _own(X, options, name):
    sae = SparseAutoencoder(D, M, rng=np.random.default_rng(0))
    return sae.fit(to_device(X, harness.array_module(name)), options.iterations, threads=options.threads)[-1]


def _torch(X, options, device):
    import torch

    from . import torch_network
    torch_network.set_up(options.threads)
    sae, X = SparseAutoencoder(D, M, rng=np.random.default_rng(0)), torch.from_numpy(X).to(device)
    rho, beta, decay = sae.sparsity, sae.sparsity_weight, sae.weight_decay
    parts = [torch.tensor(part, dtype=torch.float32, device=device, requires_grad=True)
             for part in sae.unpack(sae.theta)]
    optimizer = torch.optim.LBFGS(parts, max_iter=options.iterations, history_size=10, line_search_fn="strong_wolfe",
                                  tolerance_grad=0, tolerance_change=0)

    def objective():
        optimizer.zero_grad()
        W1, b1, W2, b2 = parts
        A = torch.sigmoid(X @ W1 + b1)
        rho_hat = A.mean(dim=0)
        kl = rho * torch.log(rho / rho_hat) + (1 - rho) * torch.log((1 - rho) / (1 - rho_hat))
        cost = ((A @ W2 + b2 - X) ** 2).sum() / (2 * len(X)) + beta * kl.sum()
        cost = cost + decay / 2 * ((W1**2).sum() + (W2**2).sum())
        cost.backward()
        return cost
    optimizer.step(objective)
    return float(objective().detach())


if __name__ == "__main__":
    main()
