"""The dense machine: probabilities from energies, scikit-learn's answers, and a rotation that changes nothing."""
import itertools

import numpy as np
import pytest
from sklearn.neural_network import BernoulliRBM
from strict import strict

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, SettingsError
from scratchnet.unsupervised import RBM, ContrastiveDivergence
from scratchnet.unsupervised.units import Gaussian


def machine(units="gaussian", D=5, M=4, **settings):
    rng = np.random.default_rng(4)
    rbm = RBM(D, M, units, **{"scale": 0.8, "rng": rng, "dtype": np.float64, **settings})
    rbm.params["b"] += 0.5 * rng.standard_normal(D)
    rbm.params["c"] += 0.5 * rng.standard_normal(M)
    return rbm


@pytest.mark.parametrize("units", ["gaussian", "binary"])
def test_probabilities_are_those_of_the_energies(units, rng):
    """p(h | v) = exp(−E(v, h)) / Σ_h exp(−E(v, h)), over all 16 states."""
    rbm, states = machine(units), np.array(list(itertools.product((0.0, 1.0), repeat=4)))
    v = rng.standard_normal((6, 5)) if units == "gaussian" else (rng.random((6, 5)) < 0.5).astype(float)
    weights = np.exp(-np.array([rbm.energy(v, np.repeat(h[None], 6, axis=0)) for h in states]))
    np.testing.assert_allclose(rbm.up(v), (weights / weights.sum(axis=0)).T @ states, rtol=1e-12)
    np.testing.assert_allclose(rbm.free_energy(v), -np.log(weights.sum(axis=0)), rtol=1e-12)
    W, b, c = rbm.params["W"], rbm.params["b"], rbm.params["c"]
    own = (v**2).sum(axis=1) / 2 if units == "gaussian" else 0
    np.testing.assert_allclose(rbm.energy(v, rbm.up(v)), own - v @ b - rbm.up(v) @ c - np.einsum(
        "ni,ij,nj->n", v, W, rbm.up(v)), rtol=1e-12)


def test_visible_units_are_those_of_the_energies():
    """Real ones are distributed as exp(−E) says: along a line, and at the maximum."""
    h = np.array([[1.0, 0, 1, 1]])
    for units, line in (("gaussian", np.linspace(-15, 15, 20_001)), ("binary", np.array([0.0, 1]))):
        rbm = machine(units)
        for i in range(5):
            v = np.repeat(rbm.down(h), len(line), axis=0)
            v[:, i] = line
            weight = np.exp(-rbm.energy(v, np.repeat(h, len(line), axis=0)))
            weight /= weight.sum()
            assert np.isclose(weight @ line, rbm.down(h)[0, i], rtol=1e-9)
            if units == "gaussian":
                assert np.isclose(weight @ line**2 - (weight @ line)**2, 1, rtol=1e-9)


def theirs_of(rbm):
    theirs = BernoulliRBM(n_components=4)
    theirs.components_, theirs.intercept_hidden_, theirs.intercept_visible_ = (
        rbm.params["W"].T, rbm.params["c"], rbm.params["b"])
    return theirs


def test_a_binary_machine_is_that_of_scikit_learn(rng):
    rbm, v = machine("binary"), (rng.random((30, 5)) < 0.5).astype(float)
    theirs = theirs_of(rbm)
    np.testing.assert_allclose(rbm.up(v), theirs.transform(v), rtol=1e-12)
    np.testing.assert_allclose(rbm.free_energy(v), theirs._free_energy(v), rtol=1e-12)


def test_a_step_of_its_chain_has_scikit_learns_mean(rng):
    """The statistics of contrastive divergence, of 60,000 examples each."""
    rbm, v = machine("binary"), np.repeat((rng.random((6, 5)) < 0.5).astype(float), 10_000, axis=0)
    theirs = theirs_of(rbm)
    theirs.random_state_ = np.random.RandomState(0)
    seen = theirs.gibbs(v).astype(float)
    ours, x = rbm.gibbs(rbm.hidden_input(v), 1, np.random.default_rng(0))
    np.testing.assert_allclose(x, rbm.hidden_input(ours), rtol=1e-12)
    for name, found in rbm.statistics(ours, rbm.up(ours)).items():
        expected = rbm.statistics(seen, theirs.transform(seen))[name]
        np.testing.assert_allclose(found / len(v), expected / len(v), atol=0.012, err_msg=name)


class Rotated(Gaussian):
    """Gaussian units in all directions whose noise is that of the leading ones, brought there by V."""

    def __init__(self, V):
        self.V = V

    def sample(self, x, rng):
        return x + Gaussian().sample(x @ self.V - x @ self.V, rng) @ self.V.T


def test_learning_in_the_leading_components_is_learning_in_pixels(rng):
    """z = x · V with orthonormal V, and W_pixels = V · W: the same hidden units after each step, by any road."""
    V, _ = np.linalg.qr(rng.standard_normal((12, 5)))
    z = rng.standard_normal((40, 5))
    small, large = machine(M=6), RBM(12, 6, dtype=np.float64)
    large.params = {"W": V @ small.params["W"], "b": V @ small.params["b"], "c": small.params["c"].copy()}
    large.visible = Rotated(V)
    settings = {"rate": 0.05, "steps": 2, "batch": 16, "shard": 8, "weight_decay": 0.1, "sparsity": 0.2,
                "sparsity_weight": 1.0}
    ContrastiveDivergence(small, **settings).fit(z, 4)
    ContrastiveDivergence(large, **settings).fit(z @ V.T, 4)
    np.testing.assert_allclose(large.params["W"], V @ small.params["W"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(large.params["b"], V @ small.params["b"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(large.up(z @ V.T), small.up(z), rtol=0, atol=1e-10)
    assert np.abs(small.params["W"] - machine(M=6).params["W"]).max() > 0.1


@pytest.mark.parametrize("units", ["gaussian", "binary"])
def test_backends_agree(units, rng):
    v, h = rng.random((3, 5)).astype(np.float32), rng.random((3, 4)).astype(np.float32)
    here = machine(units, dtype=np.float32)
    there = machine(units, dtype=np.float32).to(strict)
    for ask, arrays in (("up", [v]), ("down", [h]), ("energy", [v, h]), ("free_energy", [v])):
        found = getattr(here, ask)(*arrays)
        assert found.dtype == np.float32
        np.testing.assert_allclose(to_host(getattr(there, ask)(*(to_device(a, strict) for a in arrays))), found,
                                   rtol=1e-6)


def test_a_start_is_small_and_belongs_to_its_seed():
    one, same, other = (RBM(40, 300, scale=0.02, hidden_bias=-2.0, rng=np.random.default_rng(seed))
                        for seed in (0, 0, 1))
    assert 0.0196 < one.params["W"].std() < 0.0204 and one.params["W"].dtype == np.float32
    assert (one.params["c"] == -2).all() and not one.params["b"].any()
    assert (one.params["W"] == same.params["W"]).all() and (one.params["W"] != other.params["W"]).any()


def test_refusals():
    with pytest.raises(SettingsError, match=r"there are no visible units 'gausian' \(did you mean 'gaussian'\?\)"):
        RBM(3, 2, "gausian")
    for settings in ({"visible": 0, "hidden": 2}, {"visible": 2, "hidden": 0}):
        with pytest.raises(SettingsError, match="at least 1"):
            RBM(**settings)
    with pytest.raises(SettingsError, match="float32 or float64"):
        RBM(3, 2, dtype=int)
    rbm = machine()
    for wrong in (np.zeros((3, 4)), np.zeros(5), np.zeros((3, 5), int)):
        with pytest.raises(InputError, match=r"has 5 visible units and takes floating point numbers \(n, 5\)"):
            rbm.up(wrong)
    with pytest.raises(InputError, match="has 4 hidden units"):
        rbm.down(np.zeros((3, 5)))
