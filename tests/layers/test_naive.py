"""The loops that all fast layers are held against, themselves held against SciPy, products and numbers by hand."""
import numpy as np
import pytest
from scipy.signal import correlate2d

from scratchnet.layers import naive


@pytest.mark.parametrize("stride, padding", [(1, 0), (1, 2), (2, 0), (2, 1), (3, 2)])
def test_convolution_is_scipys_correlation_of_each_channel(stride, padding, rng):
    x, W = rng.standard_normal((2, 6, 7, 2)), rng.standard_normal((3, 3, 2, 4))
    y, _ = naive.conv_forward(x, W, stride, padding)
    padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    for n in range(2):
        for f in range(4):
            expected = sum(correlate2d(padded[n, :, :, c], W[:, :, c, f], mode="valid") for c in range(2))
            np.testing.assert_allclose(y[n, :, :, f], expected[::stride, ::stride], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("stride, padding", [(1, 0), (1, 2), (2, 1), (3, 0)])
def test_the_convolutions_gradients_are_its_transposes(stride, padding, rng):
    """It is linear in the image and in the kernels: ⟨W ∗ x, dy⟩ = ⟨x, dx⟩ = ⟨W, dW⟩, whatever dy."""
    x, W = rng.standard_normal((2, 5, 6, 2)), rng.standard_normal((3, 3, 2, 3))
    y, pad = naive.conv_forward(x, W, stride, padding)
    dy = rng.standard_normal(y.shape)
    dx, dW = naive.conv_backward(dy, W, pad, stride, padding)
    assert dx.shape == x.shape and dW.shape == W.shape
    np.testing.assert_allclose([(x * dx).sum(), (W * dW).sum()], (y * dy).sum(), rtol=1e-11)
    other = rng.standard_normal(x.shape)
    np.testing.assert_allclose((other * dx).sum(), (naive.conv_forward(other, W, stride, padding)[0] * dy).sum(),
                               rtol=1e-10)
    without, same = naive.conv_backward(dy, W, pad, stride, padding, need_dx=False)
    assert without is None and (same == dW).all()


def test_pooling_by_hand():
    x = np.array([[1.0, 5, 2, 0, 9], [3, 5, 4, 1, 9], [7, 0, 0, 8, 9]]).reshape(1, 3, 5, 1)
    assert naive.max_pool_forward(x, 2, 2)[0, :, :, 0].tolist() == [[5, 4]]
    assert naive.mean_pool_forward(x, 2, 2)[0, :, :, 0].tolist() == [[3.5, 1.75]]
    assert naive.max_pool_forward(x, 2, 1)[0, :, :, 0].tolist() == [[5, 5, 4, 9], [7, 5, 8, 9]]
    dy = np.array([[10.0, 20]]).reshape(1, 1, 2, 1)
    assert naive.max_pool_backward(dy, x, 2, 2)[0, :, :, 0].tolist() == [[0, 10, 0, 0, 0], [0, 0, 20, 0, 0], [0] * 5]
    assert naive.mean_pool_backward(dy, x, 2, 2)[0, :, :, 0].tolist() == [[2.5, 2.5, 5, 5, 0]] * 2 + [[0] * 5]


def test_where_windows_overlap_gradients_add_up():
    x = np.array([[0.0, 3, 0], [0, 0, 0]]).reshape(1, 2, 3, 1)
    dy = np.array([[1.0, 4]]).reshape(1, 1, 2, 1)
    assert naive.max_pool_backward(dy, x, 2, 1)[0, :, :, 0].tolist() == [[0, 5, 0], [0, 0, 0]]
    assert naive.mean_pool_backward(dy, x, 2, 1)[0, :, :, 0].tolist() == [[0.25, 1.25, 1]] * 2


def test_dense_is_a_product_and_its_gradients_are_the_transposed_ones(rng):
    x, W, b, dy = (rng.standard_normal(shape) for shape in ((4, 5), (5, 3), (3,), (4, 3)))
    np.testing.assert_allclose(naive.dense_forward(x, W, b), x @ W + b, rtol=1e-12)
    for found, expected in zip(naive.dense_backward(dy, x, W), (dy @ W.T, x.T @ dy, dy.sum(axis=0)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
