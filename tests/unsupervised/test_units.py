"""Units: their means and sums against the definition, and samples whose means are those."""
import numpy as np
import pytest
from strict import strict

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, SettingsError
from scratchnet.unsupervised.units import Binary, Capped, Gaussian, Pooled

SHAPE = (2, 4, 6, 3)


def sampled(unit, x, count=4000):
    """Return the mean and the variance of samples of each unit, and the mean of their products along the last axis."""
    samples = unit.sample(np.repeat(x, count, axis=0), np.random.default_rng(5)).reshape(len(x), count, *x.shape[1:])
    return samples.mean(axis=1), samples.var(axis=1), samples


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_gaussian_units(rng):
    x = 2 * rng.standard_normal(SHAPE)
    mean, variance, _ = sampled(Gaussian(), x)
    np.testing.assert_allclose(mean, x, atol=0.08)
    np.testing.assert_allclose(variance, 1, atol=0.12)
    v = np.linspace(-20, 20, 40_001)
    weight = np.exp(v * 1.3 - Gaussian().own_energy(v)).sum() * (v[1] - v[0])
    assert np.isclose(Gaussian().log_partition(np.float64(1.3)), np.log(weight))
    assert (Gaussian().mean(x) == x).all()


def test_binary_units(rng):
    x = 2 * rng.standard_normal(SHAPE)
    mean, _, samples = sampled(Binary(), x)
    np.testing.assert_allclose(Binary().mean(x), sigmoid(x), rtol=1e-12)
    np.testing.assert_allclose(mean, sigmoid(x), atol=0.04)
    assert set(np.unique(samples)) == {0, 1}
    np.testing.assert_allclose(Binary().log_partition(x), np.log(1 + np.exp(x)), rtol=1e-12)
    assert Binary().log_partition(np.array([800.0, -800.0])).tolist() == [800, 0]
    assert not Binary().own_energy(x).any()


def test_capped_units():
    x = np.array([[-9.0, -1, 0, 0.5, 3, 5.5, 9]])
    assert Capped().mean(x).tolist() == [[0, 0, 0, 0.5, 3, 5.5, 6]]
    mean, variance, samples = sampled(Capped(), x, 40_000)
    assert samples.min() == 0 and samples.max() == 6
    assert np.isclose(variance[0, 4], sigmoid(3), atol=0.03) and np.isclose(mean[0, 4], 3, atol=0.03)
    assert np.isclose((samples[0, :, 2] > 0).mean(), 0.5, atol=0.02)
    assert np.isclose(mean[0, 2], np.sqrt(0.5 / (2 * np.pi)), atol=0.02)  # of a rectified normal of variance 1/2


@pytest.mark.parametrize("size", [1, 2])
def test_pooled_units_are_those_of_the_formula(size, rng):
    x = 2 * rng.standard_normal(SHAPE)
    unit, found = Pooled(size), Pooled(size).mean(x)
    for n, i, j, f in np.ndindex(2, 4 // size, 6 // size, 3):
        block = np.exp(x[n, i * size:(i + 1) * size, j * size:(j + 1) * size, f])
        np.testing.assert_allclose(found[n, i * size:(i + 1) * size, j * size:(j + 1) * size, f],
                                   block / (1 + block.sum()), rtol=1e-12)
        assert np.isclose(unit.pooled(x)[n, i, j, f], 1 - 1 / (1 + block.sum()), rtol=1e-12)
        assert np.isclose(unit.log_partition(x)[n, i, j, f], np.log(1 + block.sum()), rtol=1e-12)
    if size == 1:
        np.testing.assert_allclose(found, Binary().mean(x), rtol=1e-12)


def blocks_summed(maps):
    N, H, W, F = maps.shape
    return maps.reshape(N, H // 2, 2, W // 2, 2, F).sum(axis=(2, 4))


def test_pooled_probabilities_sum_to_one_in_each_block_even_of_large_numbers(rng):
    for factor in (1, 300, 1e5):
        x = factor * rng.standard_normal(SHAPE)
        unit = Pooled()
        off = np.exp(-unit.log_partition(x))
        np.testing.assert_allclose(blocks_summed(unit.mean(x)) + off, 1, rtol=1e-12)
        np.testing.assert_allclose(unit.pooled(x), blocks_summed(unit.mean(x)), atol=1e-12)


def test_of_a_block_of_pooled_units_at_most_one_is_on(rng):
    x = 2 * rng.standard_normal(SHAPE)
    mean, _, samples = sampled(Pooled(), x)
    np.testing.assert_allclose(mean, Pooled().mean(x), atol=0.04)
    assert set(np.unique(blocks_summed(samples.reshape(-1, *SHAPE[1:])))) == {0, 1}


@pytest.mark.parametrize("unit", [Gaussian(), Binary(), Capped(), Pooled()])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_backends_agree_and_precision_is_kept(unit, dtype, rng):
    x = rng.standard_normal(SHAPE).astype(dtype)
    there = to_device(x, strict)
    for ask in ("mean", "log_partition", "own_energy", "sample", "pooled"):
        if hasattr(unit, ask):
            more = [np.random.default_rng(3)] if ask == "sample" else []
            here = getattr(unit, ask)(x, *more)
            more = [np.random.default_rng(3)] if ask == "sample" else []
            assert here.dtype == dtype
            np.testing.assert_array_equal(to_host(getattr(unit, ask)(there, *more)), here)


def test_refusals():
    for shape in ((2, 5, 4, 3), (2, 4, 5, 3), (4, 4)):
        with pytest.raises(InputError, match="whole blocks of 2 x 2 units"):
            Pooled().mean(np.zeros(shape))
    with pytest.raises(SettingsError, match="size must be"):
        Pooled(0)
