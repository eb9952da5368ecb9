"""What is timed: a training step of the paper's network, and each of its layers by itself, forward and backward.

A step is forward, backward and update, with five channels in and ten classes out, on images that lie where it computes.
On a GPU the step runs bias, pooling and ReLU as one kernel and a layer by itself does not, so that the layers' times do
not add up to the step's. Times do not depend on what the images show: they are random.
"""
import copy
from dataclasses import dataclass
from math import prod

import numpy as np

from ..backend import to_device
from ..layers import Flatten
from ..layers.base import Layer
from ..losses import SoftmaxCrossEntropy
from ..memory import need
from ..parallel import shards, workers_for
from ..systems.kuo2016 import Recipe, build_network
from ..training.gradients import batch_gradients
from ..training.optimizers import SGD
from .timing import on_device

IMAGE, CLASSES = (32, 32, 5), 10
SEED = 0
FLOAT = 4  # bytes


def network():
    """Return a new instance of the paper's network."""
    return build_network(IMAGE[2], CLASSES, Recipe(), np.random.default_rng(SEED))


class TrainingStep:
    """Forward, backward and update of the paper's network."""

    name = "training step"

    def inputs(self, batch):
        """Return random images (batch, 32, 32, 5) and labels (batch,), on the host."""
        need(2 * batch * prod(IMAGE) * FLOAT)
        rng = np.random.default_rng(SEED)
        return rng.standard_normal((batch, *IMAGE), dtype=np.float32), rng.integers(0, CLASSES, batch)

    def multiply_adds(self):
        """Return the multiply-adds of one image: forward, dW and dx, without the first layer's unneeded dx."""
        whole = network()
        return 3 * whole.multiply_adds(IMAGE) - whole.layers["conv1"].multiply_adds(IMAGE)

    def on(self, xp, stack, inputs, threads):
        """Return the step on the backend `xp`, as `timing.interleave` wants it; its worker threads end with `stack`."""
        x, labels = (to_device(array, xp) for array in inputs)
        workers, own = stack.enter_context(workers_for(xp, threads)), network().to(xp)
        optimizer, loss = SGD(weight_decay=5e-4), SoftmaxCrossEntropy()

        def step():
            _, _, grads = batch_gradients(workers, own, loss, x, labels, lambda images, rng: images)
            optimizer.step(own, grads, 0.01)
        return on_device(step, xp)


@dataclass(frozen=True)
class LayerPass:
    """One layer by itself, forward and backward; the methods are those of `TrainingStep`."""

    name: str
    layer: Layer
    shape: tuple  # of one input
    need_dx: bool

    def inputs(self, batch):
        """Return random x and dy, on the host."""
        shapes = self.shape, self.layer.output_shape(self.shape)
        need(2 * batch * sum(map(prod, shapes)) * FLOAT)  # and dx and y
        rng = np.random.default_rng(SEED)
        return tuple(rng.standard_normal((batch, *shape), dtype=np.float32) for shape in shapes)

    def multiply_adds(self):
        """Return the multiply-adds of one input: forward, dW, and dx where it is needed."""
        return self.layer.multiply_adds(self.shape) * (3 if self.need_dx else 2)

    def on(self, xp, stack, inputs, threads):
        """Return the pass on the backend `xp`, as `timing.interleave` wants it; its worker threads end with `stack`."""
        x, dy = (to_device(array, xp) for array in inputs)
        workers, layer = stack.enter_context(workers_for(xp, threads)), copy.deepcopy(self.layer).to(xp)

        def both(shard):
            _, cache = layer.forward(x[shard])
            return layer.backward(dy[shard], cache, self.need_dx)

        def step():
            results = list(workers.each(both, shards(xp, len(x))))
            for name in layer.params:
                sum(grads[name] for _, grads in results)
        return on_device(step, xp)


def layers():
    """Return {name: LayerPass} of the network's layers, in its order, except the one that only reshapes."""
    found, shape = {}, IMAGE
    for name, layer in network().layers.items():
        if not isinstance(layer, Flatten):
            found[name] = LayerPass(name, layer, shape, need_dx=bool(found))
        shape = layer.output_shape(shape)
    return found
