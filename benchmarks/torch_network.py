"""The paper's network in PyTorch, the peer of the benchmarks: in channels-last layout, or in NCHW, its older one."""
import os

import torch
from torch import nn

from scratchnet.benchmark.cases import CLASSES
from scratchnet.benchmark.timing import OnGPU


def build(channels, classes, channels_last=True):
    """Return the network of `systems.kuo2016.build_network`."""
    stages, C = [], channels
    for _ in range(3):
        stages += [nn.Conv2d(C, 64, 5, padding=2), nn.MaxPool2d(2), nn.ReLU()]
        C = 64
    network = nn.Sequential(*stages, nn.Flatten(), nn.Linear(1024, 400), nn.ReLU(), nn.Linear(400, classes))
    return network.to(memory_format=memory_format(channels_last))


def images(x, channels_last=True):
    """Return (N, H, W, C) as PyTorch's (N, C, H, W), in channels-last memory or not."""
    return torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(memory_format=memory_format(channels_last))


def memory_format(channels_last):
    """Return PyTorch's name of a layout."""
    return torch.channels_last if channels_last else torch.contiguous_format


def set_up(threads):
    """Set the threads, and on a GPU the precision that CuPy has and the fastest algorithms."""
    torch.set_num_threads(threads)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = os.environ.get("CUPY_TF32") == "1"
    torch.backends.cudnn.benchmark = True


def on_device(step, device):
    """Return `step` as `interleave` wants it."""
    if device == "cpu":
        return step
    return OnGPU(step, lambda: torch.cuda.Event(enable_timing=True), torch.cuda.Event.elapsed_time)


def training_step(x, labels, threads, device="cpu", channels_last=True):
    """Return a function that trains one step: forward, backward and Nesterov SGD."""
    set_up(threads)
    network = build(x.shape[3], CLASSES, channels_last).to(device)
    optimizer = torch.optim.SGD(network.parameters(), 0.01, 0.9, weight_decay=5e-4, nesterov=True)
    x, labels = images(x, channels_last).to(device), torch.from_numpy(labels).to(device)

    def step():
        optimizer.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(network(x), labels).backward()
        optimizer.step()
    return on_device(step, device)


def features(x, threads, device="cpu", channels_last=True):
    """Return a function that computes the 400-number descriptors."""
    set_up(threads)
    network, x = build(x.shape[3], CLASSES, channels_last)[:-1].to(device), images(x, channels_last).to(device)

    def step():
        with torch.inference_mode():
            network(x)
    return on_device(step, device)


def train(images, steps, threads):
    """Train for a few steps on random uint8 images of five channels, standardised batch by batch."""
    torch.set_num_threads(threads)
    x = torch.randint(0, 256, (images, 5, 32, 32), dtype=torch.uint8).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, 10, (images,))
    network = build(5, 10)
    optimizer = torch.optim.SGD(network.parameters(), 0.01, 0.9, weight_decay=5e-4, nesterov=True)
    for start in range(0, min(steps * 128, images), 128):
        optimizer.zero_grad(set_to_none=True)
        batch = (x[start:start + 128].float() - 128) / 64
        nn.functional.cross_entropy(network(batch), labels[start:start + 128]).backward()
        optimizer.step()
