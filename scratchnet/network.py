"""A chain of layers that is itself a layer.

Forward, the output of each layer is the input of the next; backward, the chain rule walks the same chain from
its end. A `Network` has the interface of a `Layer`, so gradient check, optimiser and checkpoint need not know
which of the two they hold.
"""
from math import prod

from .backend import array_module
from .errors import SettingsError
from .fusion import joined
from .gpu import launcher
from .layers.base import Layer


class Network(Layer):
    """Layers in a row, each with a name.

    Parameters
    ----------
    layers : dict of str to Layer
        In the order of the forward pass, e.g. ``{"conv1": Conv2D(3, 64, 5), "pool1": MaxPool2D(2)}``.

    Notes
    -----
    `params` has the keys "layer.parameter", e.g. "conv1.W". Assigning to an element of such an array changes
    the layer; the dictionary itself is made anew on each access.
    """

    def __init__(self, layers):
        if not layers:
            raise SettingsError("a network needs at least one layer")
        self.layers = dict(layers)
        self._join()

    @property
    def decayed(self):
        """What weight decay applies to, by "layer.parameter"."""
        return tuple(f"{name}.{key}" for name, layer in self.layers.items() for key in layer.decayed)

    @property
    def params(self):
        """All parameters by "layer.parameter"."""
        return {f"{name}.{key}": value for name, layer in self.layers.items() for key, value in layer.params.items()}

    def forward(self, x, rng=None):
        """Return the last layer's output for x (N, ...) and the caches of all layers."""
        caches = {}
        for name, _, layer in self._chain:
            x, caches[name] = layer.forward(x, rng)
        return x, caches

    def _join(self):
        """Decide which layers run as one, for the backend on which the parameters lie now.

        `_chain` is [(first name, last name, layer), ...] in the order of the forward pass, `_apart` the same with
        every layer by itself.
        """
        self._apart = [(name, name, layer) for name, layer in self.layers.items()]
        on_gpu = self.params and launcher(array_module(*self.params.values()))
        self._chain = joined(self.layers) if on_gpu else self._apart

    def backward(self, dy, cache, need_dx=True):
        """Return dx and the gradients of all parameters by "layer.parameter".

        With ``need_dx=False`` the walk ends at the first layer that has parameters: below it, nothing learns.
        """
        grads = {}
        first = next((name for name, layer in self.layers.items() if layer.params), None)
        for name, _, layer in reversed(self._chain):
            stop = name == first and not need_dx
            dy, own = layer.backward(dy, cache[name], need_dx=not stop)
            grads.update((f"{name}.{key}", value) for key, value in own.items())
            if stop:
                return None, grads
        return dy, grads

    def features(self, x, at):
        """Return the output of layer `at` for x: a descriptor of each image."""
        if at not in self.layers:
            raise SettingsError(f"there is no layer {at!r}: choose one of {', '.join(self.layers)}")
        chain = self._chain
        if at not in {last for _, last, _ in chain}:
            chain = self._apart
        for _, last, layer in chain:
            x, _ = layer.forward(x)
            if last == at:
                return x

    def output_shape(self, input_shape):
        """Return the shape of the last layer's output for one image."""
        return self.rows(input_shape)[-1]["shape"]

    def multiply_adds(self, input_shape):
        """Return the multiply-adds of one image going forward."""
        return sum(row["multiply_adds"] for row in self.rows(input_shape))

    def branches(self, cache):
        """Return the branches of all layers; see `Layer.branches`."""
        return tuple(b for name, _, layer in self._chain for b in layer.branches(cache[name]))

    def to(self, xp):
        """Move all parameters to the backend `xp` and return the network."""
        for layer in self.layers.values():
            layer.to(xp)
        self._join()
        return self

    def rows(self, input_shape):
        """Return a dict for each layer: name, layer, algorithm, shape, parameters, multiply_adds, activation_bytes."""
        rows, shape = [], tuple(input_shape)
        for name, layer in self.layers.items():
            cost, shape = layer.multiply_adds(shape), layer.output_shape(shape)
            itemsize = next((p.dtype.itemsize for p in self.params.values()), 4)
            rows.append({"name": name, "layer": repr(layer), "algorithm": layer.algorithm_used(), "shape": shape,
                         "multiply_adds": cost, "parameters": sum(p.size for p in layer.params.values()),
                         "activation_bytes": prod(shape) * itemsize})
        return rows

    def summary(self, input_shape):
        """Return a table, as text, of what each layer does to one image of `input_shape` (H, W, C)."""
        rows = self.rows(input_shape)
        total = {key: sum(row[key] for row in rows) for key in ("parameters", "multiply_adds", "activation_bytes")}
        cells = [("layer", "", "by", "output", "parameters", "multiply-adds", "activations"),
                 ("input", "", "", _shape(input_shape), "", "", "")]
        cells += [(row["name"], row["layer"], row["algorithm"], _shape(row["shape"]), *_amounts(row)) for row in rows]
        cells.append(("total", "", "", "", *_amounts(total)))
        widths = [max(map(len, column)) for column in zip(*cells)]
        lines = ["  ".join(cell.ljust(w) if i < 4 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths)))
                 for row in cells]
        rule = "-" * len(lines[0])
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])

    def describe(self):
        """Return the layers and their settings."""
        return ", ".join(f"{name}={layer!r}" for name, layer in self.layers.items())


def _shape(shape):
    return " x ".join(map(str, shape))


def _amounts(row):
    return f"{row['parameters']:,}", f"{row['multiply_adds']:,}", f"{row['activation_bytes'] / 1024:,.1f} KiB"
