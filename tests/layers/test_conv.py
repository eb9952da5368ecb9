"""Convolution: the algorithms agree with the loops, on every backend and odd shape."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, SettingsError
from scratchnet.layers import Conv2D

SHAPES = [  # N, H, W, C, F, K, stride, padding
    (2, 6, 7, 3, 4, 3, 1, 0), (1, 5, 5, 1, 2, 5, 1, 2), (3, 8, 5, 2, 3, 5, 2, 1), (2, 7, 9, 3, 2, 2, 1, 1),
    (1, 9, 4, 2, 5, 1, 3, 0), (2, 4, 4, 1, 1, 4, 1, 3), (1, 1, 1, 2, 2, 1, 1, 0), (2, 16, 16, 3, 4, 5, 1, 2),
    (1, 11, 6, 2, 3, 5, 1, 0), (2, 6, 6, 2, 3, 5, 1, 4), (1, 5, 5, 2, 1, 3, 1, 1),
]


def run(algorithm, shape, xp, dtype=np.float64):
    N, H, W, C, F, K, stride, padding = shape
    rng = np.random.default_rng(0)
    layer = Conv2D(C, F, K, stride, padding, rng=rng, dtype=dtype, algorithm=algorithm).to(xp)
    layer.params["b"][...] = to_device(rng.standard_normal(F).astype(dtype), xp)
    y, cache = layer.forward(to_device(rng.standard_normal((N, H, W, C)).astype(dtype), xp))
    dx, grads = layer.backward(to_device(rng.standard_normal(y.shape).astype(dtype), xp), cache)
    assert tuple(y.shape[1:]) == layer.output_shape((H, W, C))
    return [to_host(a) for a in (y, dx, grads["W"], grads["b"])]


@pytest.mark.parametrize("algorithm", ["auto", "im2col", "winograd"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_algorithms_agree_with_loops(algorithm, shape, backend):
    for fast, slow in zip(run(algorithm, shape, backend), run("naive", shape, np)):
        np.testing.assert_allclose(fast, slow, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("C, K, stride, auto, asked", [
    (64, 5, 1, "winograd", "winograd"), (64, 3, 1, "winograd", "winograd"), (5, 5, 1, "im2col", "winograd"),
    (64, 5, 2, "im2col", "im2col"), (64, 4, 1, "im2col", "im2col"), (64, 1, 1, "im2col", "im2col")])
def test_it_says_what_it_picked(C, K, stride, auto, asked):
    assert Conv2D(C, 4, K, stride, rng=np.random.default_rng(0)).algorithm_used() == auto
    assert Conv2D(C, 4, K, stride, algorithm="winograd", rng=np.random.default_rng(0)).algorithm_used() == asked


def test_naive_runs_on_every_backend(backend):
    for here, there in zip(run("naive", SHAPES[2], backend), run("naive", SHAPES[2], np)):
        np.testing.assert_allclose(here, there, rtol=1e-12)


def test_worked_example():
    """A 3x3 image, a 2x2 kernel: written out by hand."""
    layer = Conv2D(1, 1, 2, rng=np.random.default_rng(0))
    layer.params["W"][...] = np.array([[1, 2], [3, 4]], np.float32)[..., None, None]
    layer.params["b"][...] = 10
    x = np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1)
    y, cache = layer.forward(x)
    assert y[0, :, :, 0].tolist() == [[37, 47], [67, 77]]  # 0·1 + 1·2 + 3·3 + 4·4 + 10 = 37
    dx, grads = layer.backward(np.ones_like(y), cache)
    assert dx[0, :, :, 0].tolist() == [[1, 3, 2], [4, 10, 6], [3, 7, 4]]
    assert grads["W"][:, :, 0, 0].tolist() == [[8, 12], [20, 24]] and grads["b"].tolist() == [4]


def test_weights_are_drawn_for_all_inputs_of_an_output_and_they_alone_decay():
    asked = []

    def init(shape, fan_in, rng, dtype):
        asked.append((shape, fan_in))
        return np.zeros(shape, dtype)
    assert Conv2D(3, 4, 5, init=init).decayed == ("W",) and asked == [((5, 5, 3, 4), 5 * 5 * 3)]


def test_float32_stays_float32(backend):
    assert {a.dtype for a in run("auto", SHAPES[0], backend, np.float32)} == {np.dtype(np.float32)}


def test_no_dx_where_nobody_wants_it(rng):
    layer = Conv2D(2, 3, 3, rng=rng, dtype=np.float64)
    y, cache = layer.forward(rng.standard_normal((2, 5, 5, 2)))
    without, grads = layer.backward(y, cache, need_dx=False)
    _, same = layer.backward(y, cache)
    assert without is None and (grads["W"] == same["W"]).all()


@pytest.mark.parametrize("algorithm", ["im2col", "winograd"])
def test_no_images_at_all(algorithm, backend):
    y, dx, dW, db = run(algorithm, (0, 8, 8, 2, 3, 5, 1, 2), backend)
    assert y.shape == (0, 8, 8, 3) and dx.shape == (0, 8, 8, 2) and not dW.any() and not db.any()


def test_one_layer_serves_two_batches_at_once(rng):
    """Re-entrant: a second forward pass does not disturb the first one's cache."""
    layer = Conv2D(2, 3, 3, rng=rng, dtype=np.float64)
    a, b = rng.standard_normal((2, 4, 5, 5, 2))
    ya, cache_a = layer.forward(a)
    alone, _ = layer.backward(ya, cache_a)
    ya, cache_a = layer.forward(a)
    layer.forward(b)
    assert (layer.backward(ya, cache_a)[0] == alone).all()


@pytest.mark.parametrize("x, words", [
    (np.zeros((2, 8, 8, 3), np.uint8), "floating point"),
    (np.zeros((8, 8, 3), np.float32), "leading axis"),
    (np.zeros((2, 3, 8, 8), np.float32), "transpose"),
    (np.zeros((2, 8, 8, 4), np.float32), "in_channels"),
    (np.zeros((2, 4, 8, 3), np.float32), "does not fit"),
])
def test_refuses_wrong_input_before_arithmetic(x, words):
    with pytest.raises(InputError, match=words) as error:
        Conv2D(3, 2, 5, rng=np.random.default_rng(0)).forward(x)
    assert "Conv2D(3 -> 2" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("arguments", [(0, 1, 3), (1, -1, 3), (1, 1, 0), (1, 1, 3, 0), (1, 1, 3, 1, -1), (1, 1, 2.5)])
def test_refuses_sizes_that_make_no_sense(arguments):
    with pytest.raises(SettingsError):
        Conv2D(*arguments)


def test_refuses_unknown_algorithm():
    with pytest.raises(SettingsError, match="im2col"):
        Conv2D(1, 1, 3, algorithm="fft")


@pytest.mark.parametrize("algorithm", ["naive", "im2col", "winograd"])
@pytest.mark.parametrize("own, other", [(np.float32, np.float64), (np.float64, np.float32), (np.float32, ">f4")])
def test_precisions_do_not_mix(algorithm, own, other, rng):
    """Winograd's matrix products would refuse in words of their own, the others round."""
    layer = Conv2D(2, 3, 3, padding=1, rng=rng, dtype=own, algorithm=algorithm)
    x = rng.standard_normal((2, 4, 4, 2))
    with pytest.raises(InputError, match=f"images of {np.dtype(own)}, like its kernels, got {np.dtype(other)}"):
        layer.forward(x.astype(other))
    y, cache = layer.forward(x.astype(own))
    with pytest.raises(InputError, match=f"expected a gradient of {np.dtype(own)} of shape"):
        layer.backward(y.astype(other), cache)


def test_a_padding_of_numpys_whole_numbers_is_one(rng):
    assert Conv2D(2, 3, 3, padding=np.int64(1)).output_shape((4, 4, 2)) == (4, 4, 3)
    for padding in (-1, True, 1.0, None):
        with pytest.raises(SettingsError, match="padding must be a whole number of at least 0"):
            Conv2D(2, 3, 3, padding=padding)


def test_a_shape_of_other_channels_has_no_output_shape():
    layer = Conv2D(3, 8, 3)
    for function in (layer.output_shape, layer.multiply_adds):
        with pytest.raises(InputError, match=r"takes images of 3 channels, got the shape \(32, 32, 5\)"):
            function((32, 32, 5))
