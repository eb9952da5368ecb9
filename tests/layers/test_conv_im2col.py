"""Windows as rows of a matrix, and back."""
import numpy as np
import pytest

from scratchnet import workspace
from scratchnet.backend import to_device, to_host
from scratchnet.layers import naive
from scratchnet.layers.conv_im2col import backward, col2im, forward, im2col

SHAPES = [  # N, H, W, C, K, stride, padding
    (2, 6, 7, 3, 3, 1, 0), (1, 5, 5, 1, 5, 1, 2), (3, 8, 5, 2, 3, 2, 1), (2, 4, 9, 2, 2, 3, 1), (1, 6, 6, 2, 1, 2, 0),
    (2, 5, 6, 1, 3, 1, 4)]


@pytest.mark.parametrize("N, H, W, C, K, stride, padding", SHAPES)
def test_windows_are_cut_from_the_padded_image(N, H, W, C, K, stride, padding, backend, rng):
    x = rng.standard_normal((N, H, W, C))
    windows = to_host(im2col(to_device(x, backend), K, stride, padding))
    padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    for n, i, j in np.ndindex(windows.shape[:3]):
        top, left = i * stride, j * stride
        assert (windows[n, i, j] == padded[n, top:top + K, left:left + K]).all()
    assert windows.shape[1:3] == ((H + 2 * padding - K) // stride + 1, (W + 2 * padding - K) // stride + 1)


@pytest.mark.parametrize("N, H, W, C, K, stride, padding", SHAPES)
def test_col2im_is_the_transpose_of_im2col(N, H, W, C, K, stride, padding, backend, rng):
    """⟨im2col(x), y⟩ = ⟨x, col2im(y)⟩ for every x and y: nothing is lost at an edge, and nothing counted twice."""
    x = to_device(rng.standard_normal((N, H, W, C)), backend)
    columns = im2col(x, K, stride, padding)
    y = to_device(rng.standard_normal(columns.shape), backend)
    back = col2im(y, x.shape, stride, padding)
    assert back.shape == x.shape
    np.testing.assert_allclose(float((columns * y).sum()), float((x * back).sum()), rtol=1e-10)


def test_col2im_counts_in_how_many_windows_a_pixel_lies():
    ones = np.ones((1, 3, 3, 2, 2, 1))
    assert col2im(ones, (1, 4, 4, 1), 1, 0)[0, :, :, 0].tolist() == [[1, 2, 2, 1], [2, 4, 4, 2], [2, 4, 4, 2],
                                                                     [1, 2, 2, 1]]


@pytest.mark.parametrize("cache", [1, 10_000, 2**30])
def test_images_go_in_groups_of_any_size(cache, monkeypatch, rng):
    monkeypatch.setattr(workspace, "CACHE", cache)
    x, W = rng.standard_normal((5, 6, 6, 2)), rng.standard_normal((3, 3, 2, 4))
    y, saved = forward(x, W, 1, 1)
    expected, pad = naive.conv_forward(x, W, 1, 1)
    np.testing.assert_allclose(y, expected, rtol=1e-11, atol=1e-12)
    dy = rng.standard_normal(y.shape)
    for found, slow in zip(backward(dy, W, saved, 1, 1), naive.conv_backward(dy, W, pad, 1, 1), strict=True):
        np.testing.assert_allclose(found, slow, rtol=1e-11, atol=1e-12)
