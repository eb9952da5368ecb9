"""What a small Boltzmann machine really believes: all its states, one by one.

Contrastive divergence climbs something that only resembles the likelihood. With ten hidden units, of 1,024 states, the
likelihood itself and its gradient can be had by adding up, and so it can be seen how far from them it is.
"""
import numpy as np

from ..backend import array_module, to_device
from ..errors import SettingsError

LARGEST = 12  # units whose states are all gone through


def states(count, xp, dtype):
    """Return all states of `count` binary units, (2^count, count)."""
    if count > LARGEST:
        raise SettingsError(f"{count} units have {2.0**count:.0e} states, which nobody goes through: take at most "
                            f"{LARGEST}")
    numbers = np.arange(2**count)[:, None] >> np.arange(count)
    return to_device((numbers & 1).astype(dtype), xp)


def hidden_distribution(rbm):
    """Return all states of the hidden units, (2^M, M), their probabilities (2^M,), and log Z.

    The sum over the visible units is one product for each state of the hidden ones:

        Z = Σ_h exp(c·h) ∏_i Σ_{v_i} exp(v_i · (b + W·h)_i − own(v_i))

    where for real units Σ is an integral.
    """
    c, xp = rbm.params["c"], array_module(*rbm.params.values())
    h = states(len(c), xp, c.dtype)
    logs = h @ c + rbm.visible.log_partition(rbm.visible_input(h)).sum(axis=1)
    largest = logs.max()
    weights = xp.exp(logs - largest)
    return h, weights / weights.sum(), largest + xp.log(weights.sum())


def log_likelihood(rbm, v):
    """Return the mean of log p(v) = −F(v) − log Z over v (n, D)."""
    _, _, log_Z = hidden_distribution(rbm)
    return -rbm.free_energy(v).mean() - log_Z


def likelihood_gradient(rbm, v):
    """Return the gradient of `log_likelihood`, {"W", "b", "c"}: the mean statistics of the data less the model's."""
    h, p, _ = hidden_distribution(rbm)
    mean, found = rbm.down(h), rbm.statistics(v, rbm.up(v))
    model = {"W": (p[:, None] * mean).T @ h, "b": p @ mean, "c": p @ h}
    return {name: found[name] / len(v) - model[name] for name in found}


def expected_update(rbm, v, steps):
    """Return what the update of CD-k is on average, of a machine whose visible units are binary, too.

    One step of the chain goes from v to v' with probability Σ_h p(h | v) · p(v' | h): a matrix T over all states of the
    visible units. After k steps, a row of T^k is the distribution that started at one of the data; k → ∞ makes it the
    model's own, and the update the gradient of the likelihood.
    """
    xp, dtype = array_module(v), v.dtype
    h = states(len(rbm.params["c"]), xp, dtype)
    seen = states(len(rbm.params["b"]), xp, dtype)

    def chance(mean, state):
        """Return the probability of each state, (n, 2^m), of units with means (n, m)."""
        return xp.exp(xp.log(mean) @ state.T + xp.log1p(-mean) @ (1 - state).T)
    up, down = chance(rbm.up(seen), h), chance(rbm.down(h), seen)
    arrived = (chance(rbm.up(v), h) @ down).mean(axis=0)
    for _ in range(steps - 1):
        arrived = arrived @ up @ down
    mean = rbm.up(seen)
    model = {"W": (arrived[:, None] * seen).T @ mean, "b": arrived @ seen, "c": arrived @ mean}
    found = rbm.statistics(v, rbm.up(v))
    return {name: found[name] / len(v) - model[name] for name in found}
