"""The likelihood of small machines: state by state, by differences, and where contrastive divergence tends to."""
import itertools

import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.errors import SettingsError
from scratchnet.unsupervised import RBM, expected_update, likelihood_gradient, log_likelihood
from scratchnet.unsupervised.exact_likelihood import hidden_distribution, states


def machine(units, D=5, M=4, scale=0.8):
    rng = np.random.default_rng(4)
    rbm = RBM(D, M, units, scale, rng=rng, dtype=np.float64)
    rbm.params["b"] += 0.5 * rng.standard_normal(D)
    rbm.params["c"] += 0.5 * rng.standard_normal(M)
    return rbm


def examples(units, n=20, D=5):
    rng = np.random.default_rng(6)
    return rng.standard_normal((n, D)) if units == "gaussian" else (rng.random((n, D)) < 0.4).astype(float)


def test_states_are_all_there_are():
    found = states(3, np, np.float32)
    assert found.dtype == np.float32 and sorted(map(tuple, found)) == list(itertools.product((0, 1), repeat=3))
    with pytest.raises(SettingsError, match=r"13 units have 8e\+03 states, which nobody goes through: take at most 12"):
        states(13, np, np.float64)


def test_probabilities_of_all_states_sum_to_one():
    rbm, v = machine("binary"), states(5, np, np.float64)
    every = -np.array([[rbm.energy(one[None], h[None])[0] for h in states(4, np, np.float64)] for one in v])
    log_Z = np.log(np.exp(every).sum())
    assert np.isclose(np.exp(-rbm.free_energy(v) - log_Z).sum(), 1, rtol=1e-12)
    h, p, found = hidden_distribution(rbm)
    assert np.isclose(found, log_Z, rtol=1e-12) and np.isclose(p.sum(), 1)
    np.testing.assert_allclose(p, np.exp(every).sum(axis=0) / np.exp(log_Z), rtol=1e-12)
    assert np.isclose(log_likelihood(rbm, v), (-rbm.free_energy(v)).mean() - log_Z, rtol=1e-12)


def test_the_density_of_a_gaussian_machine_integrates_to_one():
    rbm = machine("gaussian", D=2)
    axis = np.linspace(-12, 12, 400)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    density = np.exp([log_likelihood(rbm, v[None]) for v in grid[::997]])
    everywhere = np.exp(-rbm.free_energy(grid) - hidden_distribution(rbm)[2])
    assert np.isclose(everywhere.sum() * (axis[1] - axis[0])**2, 1, rtol=1e-9)
    np.testing.assert_allclose(density, everywhere[::997], rtol=1e-9)


@pytest.mark.parametrize("units", ["gaussian", "binary"])
def test_the_gradient_is_that_of_the_likelihood(units, backend):
    rbm, v = machine(units), examples(units)
    gradient = likelihood_gradient(machine(units).to(backend), to_device(v, backend))
    for name, p in rbm.params.items():
        assert gradient[name].shape == p.shape
        for i in np.ndindex(p.shape):
            kept, step, values = p[i], 1e-5, []
            for sign in (1, -1):
                p[i] = kept + sign * step
                values.append(log_likelihood(rbm, v))
            p[i] = kept
            assert np.isclose((values[0] - values[1]) / (2 * step), float(gradient[name][i]), rtol=1e-6, atol=1e-9)


def distance(a, b):
    return np.sqrt(sum(((to_host(a[name]) - b[name])**2).sum() for name in b))


def test_the_update_tends_to_the_gradient_as_k_grows(backend):
    rbm, v = machine("binary").to(backend), to_device(examples("binary"), backend)
    gradient = {name: to_host(g) for name, g in likelihood_gradient(rbm, v).items()}
    far = [distance(expected_update(rbm, v, k), gradient) for k in (1, 2, 4, 8, 40)]
    assert far[0] > 0.05 and all(b < a / 2 for a, b in zip(far, far[1:4])) and far[4] < 1e-12
