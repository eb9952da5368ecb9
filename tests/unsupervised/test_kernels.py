"""The kernels that to_kernels whitening and auto-encoder into one convolution."""
import numpy as np
import pytest

from scratchnet.errors import InputError, SettingsError
from scratchnet.layers import Conv2D
from scratchnet.unsupervised import ZCA, SparseAutoencoder, rescale, sample_patches, spread, to_kernels


@pytest.mark.parametrize("C", [1, 3])
def test_convolution_equals_the_auto_encoder_on_whitened_patches(C, rng):
    """Ledger row 4: conv(x) = what the hidden units compute on whiten(patch), before the sigmoid."""
    images = rng.standard_normal((4, 9, 8, C)) + 2
    patches = sample_patches(images, 300, 5, rng)
    zca = ZCA(0.1).fit(patches)
    sae = SparseAutoencoder(25 * C, 6, rng=rng)
    sae.theta = sae.theta + 0.1 * rng.standard_normal(sae.theta.shape)
    layer = Conv2D(C, 6, 5, dtype=np.float64, rng=rng)
    layer.params["W"][...], layer.params["b"][...] = to_kernels(sae, zca, 5, C)
    y, _ = layer.forward(images)
    W1, b1, _, _ = sae.unpack(sae.theta)
    for n, i, j in ((0, 0, 0), (2, 4, 3), (3, 2, 1)):
        patch = images[n, i:i + 5, j:j + 5].reshape(1, -1)
        np.testing.assert_allclose(y[n, i, j], (zca.transform(patch) @ W1 + b1)[0], rtol=1e-10)


def test_spread_kernels_see_a_gray_image_as_before(rng):
    kernels, gray = rng.standard_normal((5, 5, 1, 4)), rng.standard_normal((2, 7, 7, 1))
    one, many = Conv2D(1, 4, 5, dtype=np.float64, rng=rng), Conv2D(3, 4, 5, dtype=np.float64, rng=rng)
    one.params["W"][...], many.params["W"][...] = kernels, spread(kernels, 3)
    np.testing.assert_allclose(many.forward(np.repeat(gray, 3, axis=3))[0], one.forward(gray)[0], rtol=1e-10)


def test_rescale_scales_the_response(rng):
    kernels, biases = rng.standard_normal((5, 5, 3, 4)), rng.standard_normal(4)
    scaled, shifted = rescale(kernels, biases, 0.2)
    assert np.isclose(scaled.std(), 0.2)
    np.testing.assert_allclose(scaled / kernels, (shifted / biases)[0] * np.ones_like(kernels))


@pytest.mark.parametrize("value", [0, 0.1, np.float32(0.1), 7, np.nan, 1e-320])
def test_kernels_that_do_not_vary_cannot_be_rescaled(value):
    kernels = np.full((5, 5, 3, 4), value)
    with pytest.raises(InputError, match="cannot be scaled to 0.1: they do not vary"):
        rescale(kernels, np.zeros(4), 0.1)


@pytest.mark.parametrize("size", [1e-30, 1e-20, 1e20, 1e30])
def test_kernels_of_any_size_are_rescaled(rng, size):
    kernels, biases = rng.standard_normal((5, 5, 3, 4)), rng.standard_normal(4)
    for found, expected in zip(rescale((kernels * size).astype(np.float32), biases * size, 0.2),
                               rescale(kernels, biases, 0.2)):
        np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("std", [np.nan, -1, np.inf])
def test_a_spread_that_is_none_is_refused(rng, std):
    with pytest.raises(SettingsError, match="std"):
        rescale(rng.standard_normal((5, 5, 3, 4)), np.zeros(4), std)


def test_refusals():
    with pytest.raises(InputError, match="kernels of 3"):
        to_kernels(SparseAutoencoder(25, 4), None, 3, 1)
    with pytest.raises(InputError, match="one channel"):
        spread(np.zeros((5, 5, 3, 4)), 5)
    with pytest.raises(SettingsError, match="C must"):
        spread(np.zeros((5, 5, 1, 4)), 0)
