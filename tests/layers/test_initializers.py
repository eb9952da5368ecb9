"""Initial weights have the spread that their papers derive."""
import numpy as np
import pytest

from scratchnet.errors import SettingsError
from scratchnet.layers import Conv2D, Dense
from scratchnet.layers.initializers import glorot_uniform, he_normal


def test_he_normal_has_variance_two_over_fan_in(rng):
    assert abs(he_normal((500, 400), 500, rng).var() * 500 / 2 - 1) < 0.02


def test_glorot_uniform_has_variance_two_over_both_fans(rng):
    W = glorot_uniform((5, 5, 20, 60), 25 * 20, rng)
    assert abs(W.var() * 25 * (20 + 60) / 2 - 1) < 0.02 and W.dtype == np.float32


def test_layers_use_their_fan_in_and_generator():
    conv = Conv2D(64, 64, 5, rng=np.random.default_rng(3))
    assert abs(conv.params["W"].std() / np.sqrt(2 / 1600) - 1) < 0.02 and not conv.params["b"].any()
    one, two = (Dense(9, 4, rng=np.random.default_rng(3)).params["W"] for _ in range(2))
    assert (one == two).all()
    for make in (lambda: Dense(9, 4), lambda: Conv2D(2, 3, 3)):  # without a generator, no two are alike
        assert (make().params["W"] != make().params["W"]).any()


def test_both_precisions_start_alike():
    single, double = (Dense(9, 4, rng=np.random.default_rng(3), dtype=t).params["W"] for t in (np.float32, np.float64))
    assert (single == double.astype(np.float32)).all()


@pytest.mark.parametrize("dtype", [np.int32, np.uint8, bool, np.float16, complex, object, ">f4"])
def test_weights_that_are_no_floats_are_refused(dtype):
    """Whole numbers would make every weight 0."""
    for make in (lambda: Conv2D(2, 3, 3, dtype=dtype), lambda: Dense(9, 4, dtype=dtype)):
        with pytest.raises(SettingsError, match="float32 or float64"):
            make()
