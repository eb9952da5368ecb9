"""Worker threads over the batch.

Layers keep nothing of a batch, so threads can push different images through one network at the same time;
NumPy releases the interpreter's lock inside its loops and matrix products. Each worker takes one contiguous
part of the batch and walks it in chunks small enough for their activations to stay in the processor's cache,
forward and backward while they are hot. Gradients are added up in a fixed order, chunk by chunk within a
worker and then worker by worker, so a run with the same number of threads repeats bit for bit.
"""
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import threadpool_limits

from .backend import array_module
from .checks import positive
from .losses import softmax_cross_entropy
from .workspace import keep_buffers

CHUNK = 32


def default_threads():
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """A pool of threads, each with a matrix product of one thread of its own. Use it in a ``with`` block.

    Parameters
    ----------
    threads : int, optional
        None means as many as the process may use processors.
    chunk : int
        Images that go through the network together.
    """

    def __init__(self, threads=None, chunk=CHUNK):
        threads = default_threads() if threads is None else threads
        positive(threads=threads, chunk=chunk)
        self.threads, self.chunk = threads, chunk

    def __enter__(self):
        self._limits = threadpool_limits(limits=1, user_api="blas")
        self._pool = ThreadPoolExecutor(self.threads, initializer=keep_buffers)
        return self

    def __exit__(self, *error):
        self._pool.shutdown()
        self._limits.unregister()

    def parts(self, n):
        """Return one list of chunk slices for each worker: contiguous, in order, together 0 to n."""
        edges = [n * i // self.threads for i in range(self.threads + 1)]
        return [[slice(a, min(a + self.chunk, stop)) for a in range(start, stop, self.chunk)]
                for start, stop in zip(edges, edges[1:]) if stop > start]

    def map(self, function, n):
        """Return ``[function(slice) for each chunk of range(n)]``, in order, computed by all workers."""
        def walk(part):
            return [function(chunk) for chunk in part]
        return [result for part in self._pool.map(walk, self.parts(n)) for result in part]

    def gradients(self, network, images, labels, prepare, key=None, smoothing=0.0):
        """Return the mean loss over a batch, how many images were classified right, and the gradients.

        The first two are numbers, or 0-d arrays where the batch lies on a GPU: reading them waits for it.

        Parameters
        ----------
        network : Network
        images, labels : arrays of length N
            As stored; each worker turns its own chunks into the network's input. Labels are checked on a CPU; on a
            GPU, where that would wait for the device, whoever trains has checked them.
        prepare : callable
            ``prepare(images, rng) -> x``, a float array.
        key : tuple of int, optional
            Seed of what is random in this step (dropout, augmentation); None means nothing is.
        smoothing : float
            Of the labels, see `softmax_cross_entropy`.
        """
        def walk(numbered):
            worker, part = numbered
            loss, right, total = 0.0, 0, None
            for i, chunk in enumerate(part):
                rng = None if key is None else np.random.default_rng([*key, worker, i])
                with np.errstate(all="ignore"):  # whoever trains looks at the result, and says more than a warning
                    chunk_loss, chunk_right, grads = _chunk_gradients(
                        network, prepare(images[chunk], rng), labels[chunk], rng, len(labels), smoothing)
                loss, right = loss + chunk_loss, right + chunk_right
                total = grads if total is None else _add(total, grads)
            return loss, right, total

        results = list(self._pool.map(walk, enumerate(self.parts(len(labels)))))
        total = results[0][2]
        for _, _, grads in results[1:]:
            _add(total, grads)
        return sum(r[0] for r in results), sum(r[1] for r in results), total


def _chunk_gradients(network, x, labels, rng, batch, smoothing):
    """Return a chunk's share of the batch's mean loss, its right answers and its share of the gradients."""
    scores, caches = network.forward(x, rng)
    loss, dscores = softmax_cross_entropy(scores, labels, smoothing, checked=array_module(labels) is not np)
    share = len(labels) / batch
    dscores *= share
    _, grads = network.backward(dscores, caches, need_dx=False)
    xp = array_module(scores)
    right = (xp.argmax(scores, axis=1) == labels).sum()
    return (float(loss) * share, int(right), grads) if xp is np else (loss * share, right, grads)


def _add(total, grads):
    for name, value in grads.items():
        total[name] += value
    return total
