"""The gradients of a batch, by worker threads.

Layers keep nothing of a batch, so threads can push different images through one network at the same time, each chunk
forward and backward while it is in cache. Gradients are added up in a fixed order, chunk by chunk within a worker and
then worker by worker, so a run with the same number of threads repeats bit for bit.
"""
import numpy as np

from ..backend import array_module


def batch_gradients(workers, network, loss, images, targets, prepare, key=None):
    """Return the mean loss over a batch, how many images were answered right, and the gradients.

    The first two are numbers, or 0-d arrays where the batch lies on a GPU: reading them waits for it.

    Parameters
    ----------
    workers : Workers
        An open pool.
    network : Network
    loss : Loss
    images, targets : arrays of length N
        As stored; each worker turns its own chunks into the network's input. Targets are checked on a CPU; on a GPU,
        where that would wait for the device, whoever trains has checked them.
    prepare : callable
        ``prepare(images, rng) -> x``, a float array.
    key : tuple of int, optional
        Seed of what is random in this step (dropout, augmentation); None means that nothing is, and that the layers
        work as after training.

    Returns
    -------
    loss, right : numbers or 0-d arrays
    grads : dict of str to array
        With the keys of ``network.params``.
    """
    def walk(numbered):
        worker, part = numbered
        total_loss, right, total = 0.0, 0, None
        for i, chunk in enumerate(part):
            rng = None if key is None else np.random.default_rng([*key, worker, i])
            with np.errstate(all="ignore"):  # whoever trains looks at the result, and says more than a warning
                chunk_loss, chunk_right, grads = _chunk_gradients(
                    network, loss, prepare(images[chunk], rng), targets[chunk], rng, len(targets))
            total_loss, right = total_loss + chunk_loss, right + chunk_right
            total = grads if total is None else _add(total, grads)
        return total_loss, right, total

    results = workers.each(walk, list(enumerate(workers.parts(len(targets)))))
    total = results[0][2]
    for _, _, grads in results[1:]:
        _add(total, grads)
    return sum(r[0] for r in results), sum(r[1] for r in results), total


def _chunk_gradients(network, loss, x, targets, rng, batch):
    """Return a chunk's share of the batch's mean loss, its right answers and its share of the gradients."""
    scores, caches = network.forward(x, rng)
    value, dscores = loss(scores, targets, checked=array_module(targets) is not np)
    share = len(targets) / batch
    dscores *= share
    _, grads = network.backward(dscores, caches, need_dx=False)
    right = loss.right(scores, targets)
    return (float(value) * share, int(right), grads) if array_module(scores) is np else (value * share, right, grads)


def _add(total, grads):
    for name, value in grads.items():
        total[name] += value
    return total
