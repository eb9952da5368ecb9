"""Bias, max-pooling and ReLU as one pass over memory, where there are kernels for it.

Each of the three reads and writes a feature map and computes very little. On a GPU, a `Network` therefore runs a
convolution and the two layers behind it as one `ConvPoolReLU`. What it computes is what the three compute.
"""
from .backend import array_module
from .gpu import launcher
from .layers import Conv2D, Layer, MaxPool2D, ReLU

PARTIAL_SUMS = 2**17  # threads that add up a bias's gradient: enough to fill a GPU
OFF = 255  # the winner of a unit that the ReLU turns off; no place in a window has that number


class ConvPoolReLU(Layer):
    """y = max(0, max-pool(W ∗ x + b)), with the parameters of `conv`, for arrays that have a launcher.

    Parameters
    ----------
    conv : Conv2D
    pool : MaxPool2D
        Its window must have at most 255 places.
    """

    def __init__(self, conv, pool):
        self.conv, self.pool, self.params = conv, pool, conv.params

    def forward(self, x, rng=None):
        """Return y (N, OH, OW, F); the cache has what the convolution saved, and which place won each window."""
        x, saved = self.conv.without_bias(x)
        xp, pool = array_module(x), self.pool
        OH, OW, F = pool.output_shape(x.shape[1:])
        y = xp.empty((len(x), OH, OW, F), dtype=x.dtype)
        winner = xp.empty(y.shape, dtype=xp.uint8)
        launcher(xp)("pooling", "bias_max_pool_relu", y.size, xp.ascontiguousarray(x), self.params["b"], y, winner,
                     **pool.defines(x.shape))
        return y, (saved, ([winner], [], x.shape))

    def backward(self, dy, cache, need_dx=True):
        """Return dx and the convolution's gradients: what is off has no winner, so the pooling's pass is enough.

        The bias adds to every place of a window, and one place of it gets dy: db is summed before dy is spread out.
        """
        saved, pooled = cache
        self._check_gradient(dy, pooled[0][0].shape)
        db = self._bias_gradient(dy, pooled)
        dy, _ = self.pool.backward(dy, pooled)
        dx, dW = self.conv.backward_without_bias(dy, saved, need_dx)
        return dx, {"W": dW, "b": db}

    def _bias_gradient(self, dy, pooled):
        """Return Σ dy of the units that are on, (F,): in parts, so that many threads add up, and then the parts."""
        (winner,), _, x_shape = pooled
        xp, windows, F = array_module(dy), dy[..., 0].size, dy.shape[3]
        parts = max(1, min(windows // 8, PARTIAL_SUMS // F))
        span = -(-windows // parts)
        sums = xp.empty((-(-windows // span), F), dtype=dy.dtype)
        launcher(xp)("pooling", "bias_gradient", sums.size, xp.ascontiguousarray(dy), winner, sums, windows, span,
                     **self.pool.defines(x_shape))
        return sums.sum(axis=0)

    def branches(self, cache):
        """Return which place won, or that the unit is off."""
        return self.pool.branches(cache[1])


def joined(layers):
    """Return [(first name, last name, layer), ...] with each Conv2D, MaxPool2D and ReLU in a row made one."""
    pairs, chain = list(layers.items()), []
    while pairs:
        trio = [layer for _, layer in pairs[:3]]
        if [type(layer) for layer in trio] == [Conv2D, MaxPool2D, ReLU] and trio[1].size**2 <= OFF:
            chain.append((pairs[0][0], pairs[2][0], ConvPoolReLU(*trio[:2])))
            del pairs[:3]
        else:
            name, layer = pairs.pop(0)
            chain.append((name, name, layer))
    return chain
