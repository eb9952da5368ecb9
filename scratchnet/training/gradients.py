"""The gradients of a batch, by worker threads.

Layers store nothing about a batch, so threads can push different shards of it through one network at the same time,
each forward and backward while it is in cache. Their gradients are added up in the order of the shards, so a run
repeats bit for bit, with however many threads. A GPU, where small pieces are slow, takes the batch as one shard.
"""
import numpy as np

from ..backend import array_module
from ..parallel import SHARD, shards
from ..randomness import stream


def batch_gradients(workers, network, loss, images, targets, prepare, key=None, shard=SHARD):
    """Return the mean loss over a batch, how many images were classified correctly, and the gradients.

    The first two are numbers, or 0-d arrays where the batch lies on a GPU: reading them waits for it.

    Parameters
    ----------
    workers : Workers
        An open pool.
    network : Network
    loss : Loss
    images, targets : arrays of length N
        As stored; each worker turns a shard into the network's input. Targets are checked on a CPU; on a GPU,
        where that would wait for the device, whoever trains has checked them.
    prepare : callable
        ``prepare(images, rng) -> x``, a float array.
    key : tuple of int, optional
        Seed of what is random in this step (dropout, augmentation), and where in the run the step stands; None means
        that nothing is random, and that the layers work as after training.
    shard : int
        Images of a shard, on a CPU.

    Returns
    -------
    loss, right : numbers or 0-d arrays
    grads : dict of str to array
        With the keys of ``network.params``.
    """
    n = len(targets)

    def gradients(numbered):
        i, some = numbered
        rng = None if key is None else stream("step", *key, i)
        with np.errstate(all="ignore"):  # whoever trains looks at the result, and says more than a warning
            return _shard_gradients(network, loss, prepare(images[some], rng), targets[some], rng, n)

    results = workers.each(gradients, enumerate(shards(array_module(targets), n, shard)))
    total_loss, total_right, total = next(results)
    for shard_loss, right, grads in results:
        total_loss, total_right = total_loss + shard_loss, total_right + right
        for name, value in grads.items():
            total[name] += value
    return total_loss, total_right, total


def _shard_gradients(network, loss, x, targets, rng, batch):
    """Return a shard's share of the batch's mean loss, its right answers and its share of the gradients."""
    scores, caches = network.forward(x, rng)
    value, dscores = loss(scores, targets, checked=array_module(targets) is not np)
    share = len(targets) / batch
    dscores *= share
    _, grads = network.backward(dscores, caches, need_dx=False)
    right = loss.right(scores, targets)
    return (float(value) * share, int(right), grads) if array_module(scores) is np else (value * share, right, grads)
