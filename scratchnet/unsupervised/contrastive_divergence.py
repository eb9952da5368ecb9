"""Learning by contrastive divergence: the same for every machine of two layers of units.

A machine gives each state of its visible units v and hidden units h an energy, and believes in states of low energy. To
learn is to lower the energy where the data are and to raise it where the machine's own beliefs are. These cannot be had
at a reasonable price; but a few steps of a Markov chain that starts at the data go in their direction (Hinton, 2002).

What a machine is (`Machine`) and how one learns (`ContrastiveDivergence`) are kept apart: a fully connected machine and
a convolutional one differ in how they go up and down, and in nothing else.
"""
import time
from contextlib import nullcontext

import numpy as np

from ..backend import array_module, to_device, to_host
from ..checks import not_negative, positive
from ..errors import InputError, NonFiniteError, SettingsError
from ..parallel import shards, workers_for
from ..randomness import stream
from ..training.optimizers import SGD
from ..training.schedules import constant

EXPLODED = 10  # times the squares of the data: a reconstruction that is so far off gets worse with each step
STUCK, SILENT = 0.1, 1e-3  # spread of the hidden means around one half, and their mean, below which they tell nothing


class Machine:
    """What contrastive divergence asks of a machine, with the energy E(v, h) = own(v) − b·v − c·h − v·W·h.

    A subclass has the dicts `params` and `hidden_biases`, {name: array} and the names of c among them, `decayed`, the
    names of what weight decay applies to, `visible`, its kind of units, and these methods:

    - ``hidden_input(v)``, c + v·W: what reaches the hidden units;
    - ``hidden_mean(x)`` and ``hidden_sample(x, rng)`` of units that x reaches;
    - ``visible_input(h)``, b + W·h;
    - ``statistics(v, h)``, {name: −∂E/∂param}, added up over the examples.

    How hidden units are laid out is the machine's own affair: an array, or a tuple of arrays.
    """

    def up(self, v):
        """Return the means of the hidden units given the visible ones."""
        return self.hidden_mean(self.hidden_input(v))

    def down(self, h):
        """Return the means of the visible units given the hidden ones."""
        return self.visible.mean(self.visible_input(h))

    def gibbs(self, x, steps, rng):
        """Go `steps` times down and up, drawing all units, from what reaches the hidden ones.

        Returns
        -------
        v
            The visible units of the last step.
        x
            What they send up to the hidden units.
        """
        for _ in range(steps):
            v = self.visible.sample(self.visible_input(self.hidden_sample(x, rng)), rng)
            x = self.hidden_input(v)
        return v, x

    def to(self, xp):
        """Move the parameters to the backend `xp` and return the machine."""
        self.params = {name: to_device(value, xp) for name, value in self.params.items()}
        return self


class ContrastiveDivergence:
    """Makes a machine believe in its data, by steps along

        ∂ log p(v) / ∂W = ⟨v·h⟩ data − ⟨v·h⟩ model,      likewise for b and c,

    where the model's mean is taken after k steps of a Markov chain. It starts from the data (CD-k: Hinton, 2002), or
    from where it was at the step of learning before (persistent: Tieleman, 2008), which is nearer to the truth where
    rates are low. Sparsity, after Lee, Ekanadham and Ng (2008), moves the hidden biases only: by weight · (target −
    mean of h).

    Random numbers of a step and a shard of its batch come from a stream of their own. With `arrays` and `state` put
    back after an epoch, learning therefore ends with the same bits.

    Parameters
    ----------
    machine : Machine
    rate : float or callable
        Learning rate, or a schedule; see `schedules`.
    steps : int
        k.
    persistent : bool
    momentum, weight_decay : float
        See `SGD`.
    sparsity, sparsity_weight : float
        Target for the means of the hidden units, and how much it counts.
    batch, shard : int
        Examples of a step, and those of them that are computed together on a CPU.
    seed : int
    """

    def __init__(self, machine, rate=1e-3, steps=1, persistent=False, momentum=0.9, weight_decay=0.0, sparsity=0.0,
                 sparsity_weight=0.0, batch=128, shard=64, seed=0):
        self.steps, self.batch, self.shard = positive(steps=steps, batch=batch, shard=shard)
        not_negative(sparsity=sparsity, sparsity_weight=sparsity_weight)
        if not (callable(rate) or 0 < rate < np.inf):
            raise SettingsError(f"the learning rate must be above 0 and finite, got {rate}")
        self.machine, self.persistent, self.seed = machine, persistent, seed
        self.schedule = rate if callable(rate) else constant(rate)
        self.sparsity, self.sparsity_weight = sparsity, sparsity_weight
        self.optimizer, self.chains = SGD(momentum, False, weight_decay), None
        self.epoch, self.history = 0, []

    def fit(self, data, epochs, prepare=None, callback=None, workers=None):
        """Learn for so many epochs, less those that are behind already, and return the history.

        Parameters
        ----------
        data : (n, ...) array
            On the backend of the machine.
        epochs : int
        prepare : callable, optional
            ``prepare(data, rng) -> v``: from some of the data to visible units, in the type of the parameters.
        callback : callable, optional
            ``callback(row)`` after each epoch.
        workers : Workers, optional
            An open pool; None means a new one. The result does not depend on its threads.

        Returns
        -------
        list of dict
            For each epoch "epoch", "reconstruction" (mean square of what is missing of a visible unit after one step
            down), "activity" and "spread" (mean and standard deviation of the hidden units' means), "norm" (of W),
            "seconds" and "trouble" (a line where something is wrong, or "").

        Raises
        ------
        NonFiniteError
            If the reconstruction is not finite, or much worse than none. The parameters are then of no use.
        """
        epochs, = positive(epochs=epochs)
        xp = array_module(data, *self.machine.params.values())
        if len(data) == 0:
            raise InputError("a machine learns from at least one example, got none")
        prepare, steps = prepare or (lambda some, rng: some), -(-len(data) // self.batch)
        with nullcontext(workers) if workers else workers_for(xp) as pool:
            for epoch in range(self.epoch, epochs):
                start, sums = time.perf_counter(), 0
                order = stream("order of examples", self.seed, epoch).permutation(len(data))
                for step in range(steps):
                    rows = to_device(order[step * self.batch:(step + 1) * self.batch], xp)
                    rate = self.schedule((epoch + step / steps) / epochs)
                    sums = sums + self._step(data[rows], prepare, rate, (epoch, step), pool)
                self.epoch = epoch + 1
                self.history.append(self._row(sums, time.perf_counter() - start))
                if callback:
                    callback(self.history[-1])
        return self.history

    def _step(self, some, prepare, rate, place, workers):
        """Take a step along the gradients of a batch; return the sums of which `_row` makes figures."""
        xp, n = array_module(some), len(some)
        parts = shards(xp, n, self.shard)
        if self.persistent and self.chains is None:
            self.chains = prepare(some, None).copy()

        def share(numbered):
            i, part = numbered
            rng = stream("contrastive divergence", self.seed, *place, i)
            with np.errstate(all="ignore"):  # whoever asked looks at the sums
                return self._share(prepare(some[part], rng), part, rng)
        found = workers.each(share, enumerate(parts))
        sums, grads, chains = next(found)
        moved = [chains]
        for more, other, chains in found:
            sums = sums + more
            moved.append(chains)
            for name, value in other.items():
                grads[name] += value
        if self.persistent:
            self.chains[:n] = xp.concatenate(moved)
        error, squares, numbers = sums[:3]
        if not error <= EXPLODED * (squares + numbers) < np.inf:
            raise NonFiniteError(f"epoch {place[0] + 1}, step {place[1] + 1}: the data have squares of "
                                 f"{squares / numbers:.3g}, what their reconstruction lacks {error / numbers:.3g}: "
                                 "learning explodes; use a lower rate, and data of unit variance")
        for grad in grads.values():
            grad *= -1 / n
        with np.errstate(all="ignore"):
            self.optimizer.step(self.machine, grads, rate)
        return sums

    def _share(self, v, part, rng):
        """Return a shard's sums, its share of what to climb, {name: array}, and its chains' visible units."""
        machine = self.machine
        x = machine.hidden_input(v)
        h = machine.hidden_mean(x)
        below = machine.visible_input(machine.hidden_sample(x, rng))
        if self.persistent:
            dreamt, x = machine.gibbs(machine.hidden_input(self.chains[part]), self.steps, rng)
        else:
            dreamt = machine.visible.sample(below, rng)
            x = machine.hidden_input(dreamt)
            if self.steps > 1:
                dreamt, x = machine.gibbs(x, self.steps - 1, rng)
        grads = machine.statistics(v, h)
        sparse = {name: self.sparsity_weight * (self.sparsity * len(v) - grads[name])
                  for name in machine.hidden_biases} if self.sparsity_weight else {}
        for name, value in machine.statistics(dreamt, machine.hidden_mean(x)).items():
            grads[name] -= value
        for name, value in sparse.items():
            grads[name] += value
        units, missing = h if isinstance(h, tuple) else (h,), v - machine.visible.mean(below)
        sums = [(missing * missing).sum(), (v * v).sum(), v.size, sum(u.sum() for u in units),
                sum((u * u).sum() for u in units), sum(u.size for u in units)]
        return np.array([float(s) for s in sums]), grads, dreamt

    def _row(self, sums, seconds):
        error, _, numbers, on, squares, units = map(float, sums)
        activity, W = on / units, self.machine.params["W"].astype(np.float64)
        row = {"epoch": self.epoch, "reconstruction": error / numbers, "activity": activity,
               "spread": float(np.sqrt(max(squares / units - activity**2, 0))),
               "norm": float((W * W).sum()) ** 0.5, "seconds": seconds}
        return {**row, "trouble": trouble(row)}

    def arrays(self):
        """Return all arrays of the state by name, on the host."""
        self.optimizer.state = self.optimizer.state or self.optimizer.fresh(self.machine)
        chains = {"chains": self.chains} if self.chains is not None else {}
        return {name: to_host(array) for name, array in {**self.machine.params, **self.optimizer.state,
                                                         **chains}.items()}

    def state(self):
        """Return what else there is of it, ready for JSON."""
        return {"epoch": self.epoch, "history": self.history}

    def restore(self, arrays, state):
        """Go back to where `arrays` and `state` were taken."""
        xp = array_module(*self.machine.params.values())
        there = {name: to_device(array.copy(), xp) for name, array in arrays.items()}
        self.machine.params = {name: there[name] for name in self.machine.params}
        self.optimizer.state = {name: array for name, array in there.items() if name.startswith("velocity/")}
        self.chains, self.epoch, self.history = there.get("chains"), state["epoch"], list(state["history"])


def trouble(row):
    """Return a line that says what is wrong with the learning of which `row` tells, or ""."""
    if abs(row["activity"] - 0.5) < STUCK and row["spread"] < STUCK:
        return (f"hidden means are stuck at one half ({row['activity']:.2f} ± {row['spread']:.2f}): the units are "
                "still linear and tell no features; use a higher rate, more epochs or larger initial weights")
    if row["activity"] < SILENT:
        return (f"hidden units are silent (mean {row['activity']:.1g}): use a lower rate or sparsity weight, or a "
                "higher sparsity target")
    return ""
