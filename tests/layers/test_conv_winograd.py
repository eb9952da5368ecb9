"""Winograd's matrices are exact, and float32 stays as accurate as promised on the paper's shapes."""
from fractions import Fraction

import numpy as np
import pytest

from scratchnet.layers import conv_im2col
from scratchnet.layers.conv_winograd import backward, forward, matrices


@pytest.mark.parametrize("m, K", [(1, 2), (2, 3), (4, 3), (4, 5), (3, 4), (6, 5), (2, 7)])
def test_matrices_give_exactly_the_sliding_sum(m, K):
    A, G, B = matrices(m, K)
    g = [Fraction(3 * i * i - 7, 5) for i in range(K)]
    d = [Fraction(11 - i * i, 3) for i in range(m + K - 1)]

    def times(M, v):
        return [sum(a * b for a, b in zip(row, v)) for row in M]
    y = times(A, [a * b for a, b in zip(times(G, g), times(B, d))])
    assert y == [sum(g[k] * d[i + k] for k in range(K)) for i in range(m)]


def test_f_2_3_is_the_one_of_the_docstring():
    """Four multiplications for two outputs of three weights."""
    half = Fraction(1, 2)
    assert matrices(2, 3) == ([[1, 1, 1, 0], [0, 1, -1, 1]],
                              [[1, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 1]],
                              [[1, 0, -1, 0], [0, half, half, 0], [0, -half, half, 0], [0, -1, 0, 1]])


def test_too_many_points():
    with pytest.raises(ValueError, match="points"):
        matrices(10, 10)


@pytest.mark.parametrize("size, C", [(32, 5), (32, 3), (16, 64), (8, 64)])
def test_float32_errors_on_the_papers_shapes(size, C, rng):
    """Relative to a float64 im2col on normal data: at most 1e-5 for y, 2e-5 for dx and dW."""
    x, dy = rng.standard_normal((8, size, size, C)), rng.standard_normal((8, size, size, 64))
    W = rng.standard_normal((5, 5, C, 64)) * np.sqrt(2 / (25 * C))
    y, saved = conv_im2col.forward(x, W, 1, 2)
    dx, dW = conv_im2col.backward(dy, W, saved, 1, 2)
    x, dy, W = (a.astype(np.float32) for a in (x, dy, W))
    fast_y, saved = forward(x, W, 1, 2)
    fast_dx, fast_dW = backward(dy, W, saved, 1, 2)
    for fast, exact, bound in ((fast_y, y, 1e-5), (fast_dx, dx, 2e-5), (fast_dW, dW, 2e-5)):
        assert fast.dtype == np.float32 and np.abs(fast - exact).max() <= bound * np.abs(exact).max()
