"""The kernels of pooling, bias and ReLU compute, on a processor, what the portable bodies compute."""
import numpy as np
import pytest

from scratchnet.errors import InputError
from scratchnet.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU
from scratchnet.network import Network


@pytest.mark.parametrize("size, stride", [(2, 2), (3, 2), (2, 3), (3, 1), (1, 1)])
def test_pooling_kernels_compute_what_the_portable_bodies_do(size, stride, emulated, rng):
    layer = MaxPool2D(size, stride)
    x = rng.integers(0, 5, (2, 7, 8, 3)).astype(np.float32)  # many ties
    x[0, 2, 3, 1] = np.nan
    dy = rng.standard_normal((2, *layer.output_shape(x.shape[1:]))).astype(np.float32)
    with np.errstate(invalid="ignore"):
        y, cache = layer.forward(x)
    clean = np.nan_to_num(x, nan=9.0)
    dx, _ = layer.backward(dy, layer.forward(clean)[1])
    with emulated() as called:
        found, _ = layer.forward(x)
        found_dx, _ = layer.backward(dy, layer.forward(clean)[1])
    assert called == {"max_pool", "max_pool_backward"}
    np.testing.assert_array_equal(found, y)
    np.testing.assert_allclose(found_dx, dx, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("size, stride", [(2, None), (3, 2), (3, 1)])
def test_a_network_pools_and_rectifies_in_one_kernel(size, stride, emulated, rng):
    """Whole numbers, so that there are ties, and units exactly at 0; the two ways must agree to the bit."""
    conv = Conv2D(2, 3, 3, padding=1, dtype=np.float64, algorithm="im2col", rng=np.random.default_rng(0))
    conv.params["W"][...] = rng.integers(-1, 2, conv.params["W"].shape)
    conv.params["b"][...] = (-6, -3, 1)
    pool = MaxPool2D(size, stride)
    width = int(np.prod(pool.output_shape((7, 8, 3))))
    network = Network({"conv": conv, "pool": pool, "relu": ReLU(), "flatten": Flatten(),
                       "fc": Dense(width, 4, dtype=np.float64, rng=np.random.default_rng(0)), "last": ReLU()})
    x = rng.integers(-1, 2, (3, 7, 8, 2)).astype(np.float64)
    dy = rng.standard_normal((3, 4))

    def both():
        network.to(np)  # decides anew which layers run as one
        y, caches = network.forward(x)
        dx, grads = network.backward(dy, caches)
        return y, dx, *grads.values(), *(network.features(x, name) for name in network.layers)
    expected = both()
    with emulated() as called:
        found = both()
        branches = network.branches(network.forward(x)[1])
    assert called == {"max_pool", "bias_max_pool_relu", "max_pool_backward", "bias_gradient"}  # max_pool: by its name
    assert sum((b == 255).sum() for b in branches if b.dtype == np.uint8) == (expected[8] == 0).sum() > 0
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    with emulated():
        assert np.isnan(network.to(np).features(np.full_like(x, np.nan), "relu")).all()


def test_a_bias_gradient_is_summed_in_parts_of_any_length(emulated, rng):
    layers = {"conv": Conv2D(2, 3, 3, padding=1, dtype=np.float64, rng=rng), "pool": MaxPool2D(2), "relu": ReLU()}
    network, x = Network(layers), rng.standard_normal((5, 6, 6, 2))
    dy = rng.standard_normal((5, 3, 3, 3))

    def db():
        network.to(np)
        return network.backward(dy, network.forward(x)[1])[1]["conv.b"]
    expected = db()
    for most in (1, 3, 12, 10_000):
        with emulated(), pytest.MonkeyPatch.context() as patch:
            patch.setattr("scratchnet.fusion.PARTIAL_SUMS", most)
            np.testing.assert_allclose(db(), expected, rtol=1e-12)


def test_a_gradient_of_another_shape_is_not_read_beyond_its_end(emulated, rng):
    layers = {"conv": Conv2D(2, 3, 3, padding=1, rng=rng), "pool": MaxPool2D(2), "relu": ReLU()}
    with emulated():
        network = Network(layers).to(np)
        y, caches = network.forward(rng.standard_normal((5, 6, 6, 2)).astype(np.float32))
        network.backward(y, caches)
        for dy in (y[:1], y[:, :1], y[..., :1], y.tolist(), y.astype(int), np.concatenate([y, y])):
            with pytest.raises(InputError, match="expected a gradient"):
                network.backward(dy, caches)
