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


def test_no_two_shards_share_a_mask(rng):
    """One mask for all would leave the gradients of equal shards equal: their sum would be twice the first."""
    x, labels = batch(rng, 4)
    network, loss = make(0.5), SoftmaxCrossEntropy()
    with Workers(1) as workers:
        _, _, one = batch_gradients(workers, network, loss, x, labels, identity, (0, 1), 4)
        twice = np.concatenate([x, x]), np.concatenate([labels, labels])
        _, _, both = batch_gradients(workers, network, loss, *twice, identity, (0, 1), 4)
    assert not np.allclose(both["fc.W"], one["fc.W"])


def test_an_error_in_a_worker_reaches_the_caller(rng):
    x, labels = batch(rng, 8)

    def broken(images, rng):
        raise KeyError("broken")
    with Workers(2) as workers, pytest.raises(KeyError):
        batch_gradients(workers, make(), SoftmaxCrossEntropy(), x, labels, broken, shard=2)
