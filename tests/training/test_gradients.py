"""The gradients of a batch in chunks and by threads: the same as in one piece, bit-for-bit repeatable."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.layers import Conv2D, Dense, Dropout, Flatten, MaxPool2D, ReLU
from scratchnet.losses import SoftmaxCrossEntropy, softmax_cross_entropy
from scratchnet.network import Network
from scratchnet.parallel import Workers
from scratchnet.training.gradients import batch_gradients


def make(rate=0.0, dtype=np.float64):
    rng = np.random.default_rng(1)
    return Network({"conv": Conv2D(2, 4, 3, padding=1, rng=rng, dtype=dtype), "pool": MaxPool2D(2), "relu": ReLU(),
                    "flatten": Flatten(), "drop": Dropout(rate), "fc": Dense(36, 3, rng=rng, dtype=dtype)})


def batch(rng, n, dtype=np.float64):
    return rng.standard_normal((n, 6, 6, 2)).astype(dtype), rng.integers(0, 3, n)


def identity(images, rng):
    return images


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("threads, shard, n", [(1, 5, 13), (2, 4, 13), (3, 2, 7), (4, 16, 3), (2, 1, 1)])
def test_sharded_gradients_are_those_of_the_whole_batch(threads, shard, n, smoothing, backend, rng):
    network = make()
    x, labels = batch(rng, n)
    scores, caches = network.forward(x)
    loss, dscores = softmax_cross_entropy(scores, labels, smoothing)
    _, expected = network.backward(dscores, caches)
    with Workers(threads) as workers:
        found, right, grads = batch_gradients(workers, network.to(backend), SoftmaxCrossEntropy(smoothing),
                                             to_device(x, backend), to_device(labels, backend), identity, shard=shard)
    assert np.isclose(float(found), float(loss)) and int(right) == (scores.argmax(axis=1) == labels).sum()
    for name, value in expected.items():
        np.testing.assert_allclose(to_host(grads[name]), value, rtol=1e-10, atol=1e-13)


def test_bit_for_bit_the_same_with_any_number_of_threads_also_where_random(rng):
    x, labels = batch(rng, 50, np.float32)
    network = make(0.5, np.float32)

    def once(key, threads=2):
        with Workers(threads) as workers:
            loss, _, grads = batch_gradients(workers, network, SoftmaxCrossEntropy(), x, labels, identity, key, 7)
        return loss, grads
    loss, grads = once((0, 1))
    for threads in (1, 2, 2, 3, 64):
        again, same = once((0, 1), threads)
        assert again == loss and all((grads[name] == same[name]).all() for name in grads)
    assert once((0, 2))[0] != loss


def test_every_group_of_images_draws_random_numbers_of_its_own(rng):
    """Else the same units drop out in every worker, and all its images are moved alike."""
    x, labels = batch(rng, 100)

    def drawn(key):
        numbers = []

        def prepare(images, rng):
            numbers.append(rng.random())
            return images
        with Workers(2) as workers:
            batch_gradients(workers, make(0.5), SoftmaxCrossEntropy(), x, labels, prepare, key, 7)
        return sorted(numbers)
    first = drawn((0, 1))
    assert len(set(first)) == len(first) > 2
    assert drawn((0, 1)) == first and set(drawn((0, 2))).isdisjoint(first)


def test_an_error_in_a_worker_reaches_the_caller(rng):
    x, labels = batch(rng, 8)

    def broken(images, rng):
        raise KeyError("broken")
    with Workers(2) as workers, pytest.raises(KeyError):
        batch_gradients(workers, make(), SoftmaxCrossEntropy(), x, labels, broken, shard=2)
