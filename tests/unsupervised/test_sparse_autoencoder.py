"""The auto-encoder's objective, and that fitting it does what it is for."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, NonFiniteError, SettingsError
from scratchnet.parallel import Workers
from scratchnet.unsupervised import SparseAutoencoder, sparse_autoencoder


def objective_by_the_book(sae, X):
    """The formula of the docstring, one patch and one unit at a time."""
    W1, b1, W2, b2 = sae.unpack(sae.theta)
    hidden = [1 / (1 + np.exp(-(x @ W1 + b1))) for x in X]
    cost = sum(((h @ W2 + b2 - x) ** 2).sum() for h, x in zip(hidden, X)) / (2 * len(X))
    cost += sae.weight_decay / 2 * ((W1**2).sum() + (W2**2).sum())
    rho = sae.sparsity
    for average in np.mean(hidden, axis=0):
        cost += sae.sparsity_weight * (rho * np.log(rho / average) + (1 - rho) * np.log((1 - rho) / (1 - average)))
    return cost


def test_cost_is_the_formula(backend, rng):
    sae, X = SparseAutoencoder(5, 4, rng=rng), rng.standard_normal((12, 5))
    cost, gradient = sae.cost_and_gradient(to_device(sae.theta, backend), to_device(X, backend))
    assert np.isclose(float(cost), objective_by_the_book(sae, X)) and gradient.shape == sae.theta.shape


def test_fit_lowers_the_cost_and_makes_units_sparse(backend, rng):
    X = to_device(rng.standard_normal((400, 3)) @ rng.standard_normal((3, 8)), backend)
    activity, error = [], []
    for weight in (0.0, 1.0):
        sae = SparseAutoencoder(8, 6, sparsity=0.1, sparsity_weight=weight, weight_decay=1e-4,
                                rng=np.random.default_rng(0))
        seen = []
        costs = sae.fit(X, 60, lambda i, cost, theta, seen=seen: seen.append((i, cost)))
        assert seen == list(enumerate(costs, start=1)) and costs[-1] < 0.5 * costs[0]
        assert all(b <= a for a, b in zip(costs, costs[1:]))
        activity.append(to_host(sae.encode(X)).mean())
        error.append(to_host((sae.reconstruct(X) - X) ** 2).mean() / to_host(X**2).mean())
    assert activity[1] < 0.25 < 0.4 < activity[0] and all(e < 0.3 for e in error)


def test_backends_take_the_same_path(backend, rng):
    X = rng.standard_normal((50, 4))
    here, there = (SparseAutoencoder(4, 3, rng=np.random.default_rng(1)) for _ in range(2))
    here.fit(to_device(X, backend), 5)
    there.fit(X, 5)
    np.testing.assert_allclose(here.theta, there.theta, rtol=1e-8)


def test_blocks_and_threads_change_nothing(rng, monkeypatch):
    X, sae = rng.standard_normal((53, 4)), SparseAutoencoder(4, 3)
    cost, gradient = sae.cost_and_gradient(sae.theta, X)
    monkeypatch.setattr(sparse_autoencoder, "BLOCK", 8)
    found = []
    for threads in (1, 2, 3):
        with Workers(threads) as workers:
            found.append(sae.cost_and_gradient(sae.theta, X, workers))
    found.append(sae.cost_and_gradient(sae.theta, X))
    for other_cost, other_gradient in found:
        assert np.isclose(other_cost, cost, rtol=1e-13) and other_cost == found[0][0]
        np.testing.assert_allclose(other_gradient, gradient, rtol=1e-10, atol=1e-13)
        assert (other_gradient == found[0][1]).all()


def test_theta_is_w1_w2_b1_b2(rng):
    sae = SparseAutoencoder(3, 2, rng=rng)
    W1, b1, W2, b2 = sae.unpack(np.arange(17.0))
    assert W1.shape == (3, 2) and W1[0, 1] == 1 and W2.shape == (2, 3) and W2[0, 0] == 6
    assert b1.tolist() == [12, 13] and b2.tolist() == [14, 15, 16]


def test_refusals(rng):
    for settings in ({"sparsity": 0}, {"sparsity": 1}, {"weight_decay": -1}, {"visible": 0}):
        with pytest.raises(SettingsError):
            SparseAutoencoder(**{"visible": 3, "hidden": 2, **settings})
    sae = SparseAutoencoder(3, 2, rng=rng)
    for X in (np.zeros((4, 5)), np.zeros(3), np.zeros((4, 3), int)):
        for function in (lambda X: sae.cost_and_gradient(sae.theta, X), sae.encode, sae.reconstruct, sae.fit):
            with pytest.raises(InputError, match=r"floating point numbers \(m, 3\)"):
                function(X)
    with pytest.raises(InputError, match="0 patches"):
        sae.cost_and_gradient(sae.theta, np.zeros((0, 3)))
    for theta in (sae.theta[:-2], np.append(sae.theta, 0)):  # of a b2 of one number, all three would be made
        with pytest.raises(InputError, match=rf"\({len(theta)},\) parameters"):
            sae.cost_and_gradient(theta, np.ones((4, 3)))
    with pytest.raises(InputError, match="NaN"):
        sae.fit(np.full((4, 3), np.nan))
    with pytest.raises(NonFiniteError):
        sae.fit(np.full((4, 3), 1e200))


def test_a_unit_that_is_always_off_costs_nothing_where_sparsity_does_not_count(rng):
    """0 · ∞: the divergence of a unit whose mean activation is 0 is infinite, and has no weight."""
    X = rng.standard_normal((5, 3))
    with_weight, without = (SparseAutoencoder(3, 2, sparsity_weight=weight, rng=np.random.default_rng(0))
                            for weight in (0.1, 0.0))
    theta = with_weight.theta.copy()
    with_weight.unpack(theta)[1][0] = -1e4
    with np.errstate(all="ignore"):
        assert with_weight.cost_and_gradient(theta, X)[0] == np.inf
    cost, gradient = without.cost_and_gradient(theta, X)
    assert np.isfinite(cost) and np.isfinite(gradient).all()
    W1, b1, W2, b2 = without.unpack(theta)
    E = 1 / (1 + np.exp(-np.clip(X @ W1 + b1, -500, 500))) @ W2 + b2 - X
    assert cost == pytest.approx((E**2).sum() / 10 + 3e-3 / 2 * ((W1**2).sum() + (W2**2).sum()), rel=1e-12)


def test_sizes_of_few_bits_do_not_overflow():
    wide, narrow = (SparseAutoencoder(kind(25), kind(64), rng=np.random.default_rng(0)) for kind in (int, np.uint8))
    np.testing.assert_array_equal(narrow.theta, wide.theta)
    assert len(wide.theta) == 2 * 25 * 64 + 64 + 25
