"""Winograd's kernels compute, on a processor, what the portable bodies compute."""
import numpy as np
import pytest

from scratchnet.layers import Conv2D

SHAPES = [(2, 16, 16, 3, 4, 5, 2), (1, 7, 9, 2, 3, 5, 0), (3, 5, 4, 1, 2, 3, 1), (1, 6, 11, 2, 1, 5, 4)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_winograd_kernels_compute_what_the_portable_bodies_do(shape, dtype, emulated, rng):
    N, H, W, C, F, K, padding = shape
    layer = Conv2D(C, F, K, padding=padding, dtype=dtype, algorithm="winograd", rng=np.random.default_rng(0))
    x = rng.standard_normal((N, H, W, C)).astype(dtype)
    dy = rng.standard_normal((N, *layer.output_shape((H, W, C)))).astype(dtype)

    def both():
        y, cache = layer.forward(x)
        dx, grads = layer.backward(dy, cache)
        return y, dx, grads["W"], grads["b"]
    expected = both()
    with emulated() as called:
        found = both()
    assert called == {"input_tiles", "output_tiles", "output_tiles_backward", "input_tiles_backward", "add_tiles"}
    for a, b in zip(found, expected):
        np.testing.assert_allclose(a, b, rtol=0, atol=np.finfo(dtype).eps * 200 * np.abs(b).max())
