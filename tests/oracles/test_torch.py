"""PyTorch as an oracle: the same numbers from an implementation that shares no line with ours."""
from types import SimpleNamespace

import numpy as np
import pytest

from scratchnet.layers import BatchNorm, CappedReLU, Conv2D, Dense, MaxPool2D, MeanPool2D, ReLU, Sigmoid, Tanh
from scratchnet.losses import softmax_cross_entropy
from scratchnet.systems.kuo2016 import Recipe, build_network
from scratchnet.training.optimizers import SGD, Adam

torch = pytest.importorskip("torch", reason="the oracle PyTorch is not installed (pip install torch)")
F = torch.nn.functional
CLOSE = {"rtol": 1e-9, "atol": 1e-11}


def planar(x):
    """(N, H, W, C) to PyTorch's (N, C, H, W), as a leaf that collects a gradient."""
    return torch.tensor(np.ascontiguousarray(x.transpose(0, 3, 1, 2)), requires_grad=True)


def back(t):
    return t.detach().numpy().transpose(0, 2, 3, 1)


@pytest.mark.parametrize("N, H, W, C, filters, K, stride, padding", [
    (2, 32, 32, 5, 8, 5, 1, 2), (3, 7, 11, 3, 4, 3, 2, 1), (1, 9, 5, 2, 3, 4, 1, 0), (2, 8, 8, 4, 2, 1, 3, 0),
    (1, 6, 13, 1, 2, 5, 2, 3)])
def test_convolution(N, H, W, C, filters, K, stride, padding, rng):
    layer = Conv2D(C, filters, K, stride, padding, rng=rng, dtype=np.float64)
    layer.params["b"][...] = rng.standard_normal(filters)
    x = rng.standard_normal((N, H, W, C))
    y, cache = layer.forward(x)
    tx, tW, tb = planar(x), torch.tensor(layer.params["W"].transpose(3, 2, 0, 1).copy(), requires_grad=True), \
        torch.tensor(layer.params["b"], requires_grad=True)
    ty = F.conv2d(tx, tW, tb, stride=stride, padding=padding)
    np.testing.assert_allclose(y, back(ty), **CLOSE)
    dy = rng.standard_normal(y.shape)
    dx, grads = layer.backward(dy, cache)
    ty.backward(planar(dy).detach())
    np.testing.assert_allclose(dx, back(tx.grad), **CLOSE)
    np.testing.assert_allclose(grads["W"], tW.grad.numpy().transpose(2, 3, 1, 0), **CLOSE)
    np.testing.assert_allclose(grads["b"], tb.grad.numpy(), **CLOSE)


@pytest.mark.parametrize("layer, function", [
    (MaxPool2D(2), lambda t: F.max_pool2d(t, 2)), (MaxPool2D(3, 2), lambda t: F.max_pool2d(t, 3, 2)),
    (MaxPool2D(2, 3), lambda t: F.max_pool2d(t, 2, 3)), (MeanPool2D(2), lambda t: F.avg_pool2d(t, 2)),
    (MeanPool2D(3, 2), lambda t: F.avg_pool2d(t, 3, 2)), (ReLU(), torch.relu), (Tanh(), torch.tanh),
    (CappedReLU(1.0), lambda t: F.hardtanh(t, 0.0, 1.0)),
    (Sigmoid(), torch.sigmoid)], ids=lambda v: repr(v) if "scratchnet" in type(v).__module__ else "")
@pytest.mark.parametrize("ties", [False, True])
def test_layers_without_parameters(layer, function, ties, rng):
    x = rng.standard_normal((2, 9, 7, 3))
    x = np.round(x) if ties else x
    y, cache = layer.forward(x)
    tx = planar(x)
    ty = function(tx)
    np.testing.assert_allclose(y, back(ty), **CLOSE)
    dy = rng.standard_normal(y.shape)
    ty.backward(planar(dy).detach())
    np.testing.assert_allclose(layer.backward(dy, cache)[0], back(tx.grad), **CLOSE)


def test_batch_normalisation(rng):
    layer, x = BatchNorm(3, dtype=np.float64), rng.normal(1, 2, (4, 5, 6, 3))
    layer.params["b"][...] = rng.standard_normal(3)
    y, cache = layer.forward(x, rng)
    tx = planar(x)
    tx.requires_grad_()
    ty = F.batch_norm(tx, None, None, bias=torch.tensor(layer.params["b"]), training=True, eps=layer.epsilon)
    np.testing.assert_allclose(y, back(ty), **CLOSE)
    dy = rng.standard_normal(y.shape)
    ty.backward(planar(dy).detach())
    np.testing.assert_allclose(layer.backward(dy, cache)[0], back(tx.grad), **CLOSE)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_dense_and_loss(smoothing, rng):
    layer, x, labels = Dense(6, 4, rng=rng, dtype=np.float64), 30 * rng.standard_normal((5, 6)), rng.integers(0, 4, 5)
    scores, cache = layer.forward(x)
    loss, dscores = softmax_cross_entropy(scores, labels, smoothing)
    dx, grads = layer.backward(dscores, cache)
    tx, tW = (torch.tensor(a, requires_grad=True) for a in (x, layer.params["W"]))
    tloss = F.cross_entropy(tx @ tW, torch.tensor(labels), label_smoothing=smoothing)
    tloss.backward()
    np.testing.assert_allclose(loss, tloss.item(), rtol=1e-12)
    np.testing.assert_allclose(dx, tx.grad.numpy(), **CLOSE)
    np.testing.assert_allclose(grads["W"], tW.grad.numpy(), **CLOSE)


@pytest.mark.parametrize("ours, theirs", [
    (SGD(0.9, True, 0.01), lambda p: torch.optim.SGD(p, 0.05, 0.9, weight_decay=0.01, nesterov=True)),
    (SGD(0.9, False), lambda p: torch.optim.SGD(p, 0.05, 0.9)),
    (Adam(), lambda p: torch.optim.Adam(p, 0.05))], ids=["nesterov", "momentum", "adam"])
def test_optimizers(ours, theirs, rng):
    """PyTorch's Nesterov form applies the rate outside the velocity; at a constant rate the two are the same."""
    p = rng.standard_normal(7)
    t = torch.tensor(p.copy(), requires_grad=True)
    other = theirs([t])
    for g in rng.standard_normal((6, 7)):
        t.grad = torch.tensor(g)
        other.step()
        ours.step(SimpleNamespace(params={"w": p}, decayed=("w",)), {"w": g.copy()}, 0.05)
    np.testing.assert_allclose(p, t.detach().numpy(), rtol=1e-10)


def test_the_whole_network_of_the_paper(rng):
    network = build_network(5, 10, Recipe(), rng, dtype=np.float64)
    x, labels = rng.standard_normal((4, 32, 32, 5)), rng.integers(0, 10, 4)
    scores, caches = network.forward(x)
    loss, dscores = softmax_cross_entropy(scores, labels)
    dx, grads = network.backward(dscores, caches)
    weights = {name: torch.tensor(p, requires_grad=True) for name, p in network.params.items()}
    tx = t = planar(x)
    for i in (1, 2, 3):
        t = F.conv2d(t, weights[f"conv{i}.W"].permute(3, 2, 0, 1), weights[f"conv{i}.b"], padding=2)
        t = torch.relu(F.max_pool2d(t, 2))
    t = t.permute(0, 2, 3, 1).reshape(4, -1)
    t = torch.relu(t @ weights["fc.W"] + weights["fc.b"]) @ weights["classifier.W"] + weights["classifier.b"]
    tloss = F.cross_entropy(t, torch.tensor(labels))
    tloss.backward()
    np.testing.assert_allclose(float(loss), tloss.item(), rtol=1e-12)
    np.testing.assert_allclose(dx, back(tx.grad), **CLOSE)
    for name, t in weights.items():
        np.testing.assert_allclose(grads[name], t.grad.numpy(), rtol=1e-8, atol=1e-11, err_msg=name)
