"""The paper's network in PyTorch, in its best layout (channels last): the peer of the benchmarks."""
import torch
from torch import nn


def build(channels, classes):
    """Return the network of `systems.kuo2016.build_network`."""
    stages, C = [], channels
    for _ in range(3):
        stages += [nn.Conv2d(C, 64, 5, padding=2), nn.MaxPool2d(2), nn.ReLU()]
        C = 64
    network = nn.Sequential(*stages, nn.Flatten(), nn.Linear(1024, 400), nn.ReLU(), nn.Linear(400, classes))
    return network.to(memory_format=torch.channels_last)


def images(x):
    """Return (N, H, W, C) as PyTorch's (N, C, H, W) in channels-last memory."""
    return torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


def strict_float32():
    """Let a GPU compute in float32, as CuPy does, not in TF32."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True


def training_step(channels, classes, x, labels, threads, device="cpu"):
    """Return a function that trains one step: forward, backward and Nesterov SGD."""
    torch.set_num_threads(threads)
    strict_float32()
    network = build(channels, classes).to(device)
    optimizer = torch.optim.SGD(network.parameters(), 0.01, 0.9, weight_decay=5e-4, nesterov=True)
    x, labels = images(x).to(device), torch.from_numpy(labels).to(device)

    def step():
        optimizer.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(network(x), labels).backward()
        optimizer.step()
        if device == "cuda":
            torch.cuda.synchronize()
    return step


def features(channels, x, threads, device="cpu"):
    """Return a function that computes the 400-number descriptors."""
    torch.set_num_threads(threads)
    strict_float32()
    network, x = build(channels, 10)[:-1].to(device), images(x).to(device)

    def step():
        with torch.inference_mode():
            network(x)
        if device == "cuda":
            torch.cuda.synchronize()
    return step


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
