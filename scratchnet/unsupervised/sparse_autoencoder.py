"""The sparse auto-encoder whose hidden units become convolution kernels (paper, section 3, Figure 2).

It learns to copy its input through hidden units of which each may be active only rarely. To describe patches
so, a unit has to stand for something that patches often contain: an edge, a line, a colour contrast.
"""
from contextlib import nullcontext

import numpy as np

from ..backend import array_module
from ..checks import not_negative, positive
from ..errors import InputError, SettingsError
from ..layers.activations import sigmoid
from ..layers.initializers import generator
from ..parallel import Workers
from ..training.lbfgs import minimize

BLOCK = 4096  # patches: few enough for cache, enough to keep the interpreter out of the way


class SparseAutoencoder:
    """Sigmoid hidden units, linear output: A = σ(X · W1 + b1), X̂ = A · W2 + b2.

    The objective, over m patches x (rows of X) of dimension D and M hidden units:

        J = 1/(2m) Σ ‖x̂ − x‖² + λ/2 (‖W1‖² + ‖W2‖²) + β Σ_j KL(ρ ‖ ρ̂_j),    ρ̂_j = mean of A[:, j]
        KL(ρ ‖ ρ̂) = ρ log(ρ / ρ̂) + (1 − ρ) log((1 − ρ) / (1 − ρ̂))

    Coates, Ng and Lee (2011), the paper's [10]. The paper gives no values for ρ, β and λ.

    Parameters
    ----------
    visible, hidden : int
        D and M; the paper has 25 and 64.
    sparsity, sparsity_weight, weight_decay : float
        ρ, β and λ.
    rng : numpy.random.Generator, optional
        Draws the initial weights. Without one, no two auto-encoders are alike, nor two runs.

    Attributes
    ----------
    theta : (2·D·M + M + D,) float64 array
        W1 (D, M), W2 (M, D), b1 (M,) and b2 (D,), one after the other.
    """

    def __init__(self, visible, hidden, sparsity=0.035, sparsity_weight=5.0, weight_decay=3e-3, rng=None):
        visible, hidden = positive(visible=visible, hidden=hidden)
        not_negative(sparsity_weight=sparsity_weight, weight_decay=weight_decay)
        if not 0 < sparsity < 1:
            raise SettingsError(f"sparsity must lie between 0 and 1, got {sparsity}")
        self.visible, self.hidden = visible, hidden
        self.sparsity, self.sparsity_weight, self.weight_decay = sparsity, sparsity_weight, weight_decay
        rng = generator(rng)
        limit = np.sqrt(6 / (visible + hidden + 1))
        self.theta = np.concatenate([rng.uniform(-limit, limit, 2 * visible * hidden), np.zeros(hidden + visible)])

    def unpack(self, theta):
        """Return W1 (D, M), b1 (M,), W2 (M, D), b2 (D,) as views of `theta`."""
        D, M = self.visible, self.hidden
        W1, W2 = theta[:D * M].reshape(D, M), theta[D * M:2 * D * M].reshape(M, D)
        return W1, theta[2 * D * M:2 * D * M + M], W2, theta[2 * D * M + M:]

    def encode(self, X):
        """Return the hidden activations (m, M) of patches X (m, D)."""
        W1, b1, _, _ = self._parameters(X)
        return sigmoid(X @ W1 + b1)

    def reconstruct(self, X):
        """Return X̂ (m, D)."""
        _, _, W2, b2 = self._parameters(X)
        return self.encode(X) @ W2 + b2

    def _parameters(self, X):
        self._check(X)
        return self.unpack(array_module(X).asarray(self.theta, dtype=X.dtype))

    def _check(self, X):
        """Refuse what is not (m, D) floats: in the precision of whole numbers, every weight would be 0."""
        array_module(X)
        if X.ndim != 2 or X.shape[1] != self.visible or X.dtype.kind != "f":
            raise InputError(f"this auto-encoder takes floating point numbers (m, {self.visible}), got {X.dtype} of "
                             f"shape {tuple(X.shape)}: one row for each patch, of as many numbers as it was made for")

    def cost_and_gradient(self, theta, X, workers=None):
        """Return J and ∂J/∂theta, both exact, on the backend and in the precision of the arguments.

        With E = X̂ − X, going backward:

            ∂J/∂W2 = Aᵀ · E / m + λ W2                 ∂J/∂b2 = Σ E / m
            Δ = (E · W2ᵀ + s) ⊙ S / m,                 S = A ⊙ (1 − A),    s = β (−ρ / ρ̂ + (1 − ρ) / (1 − ρ̂))
            ∂J/∂W1 = Xᵀ · Δ + λ W1                     ∂J/∂b1 = Σ Δ

        s is known only when all patches have been seen. But it is one number a unit, so it can be multiplied last:
        Xᵀ · Δ = (Xᵀ · (E · W2ᵀ ⊙ S) + (Xᵀ · S) ⊙ s) / m. So one walk over blocks of patches is enough, each block
        in cache, and nothing of a block is kept but sums.

        Parameters
        ----------
        theta : (2·D·M + M + D,) float array
        X : (m, D) float array
        workers : Workers, optional
            Threads that share the blocks. The result does not depend on how many they are.
        """
        xp = array_module(theta, X)
        self._check(X)
        if len(X) == 0 or theta.shape != self.theta.shape:
            raise InputError(f"the objective is a mean over at least one patch, for {self.theta.shape} parameters: got "
                             f"{len(X)} patches and {tuple(theta.shape)} parameters")
        W1, b1, W2, b2 = self.unpack(theta)
        m, rho, beta, decay = len(X), self.sparsity, self.sparsity_weight, self.weight_decay
        size = BLOCK if xp is np else m

        def sums(block):
            with np.errstate(all="ignore"):  # as `minimize` has it, whose setting threads do not inherit
                return self._sums(X[block * size:(block + 1) * size], W1, b1, W2, b2)
        blocks = range(-(-m // size))
        parts = workers.each(sums, blocks) if workers else list(map(sums, blocks))
        squares, active, outer, slope_outer, back, slope, dW2, db2 = (sum(terms[1:], terms[0]) for terms in zip(*parts))
        rho_hat, kl, s = active / m, xp.zeros_like(active), xp.zeros_like(active)
        if beta:  # without, a unit that is always off is no matter, and 0 · ∞ would be no number
            kl = rho * xp.log(rho / rho_hat) + (1 - rho) * xp.log((1 - rho) / (1 - rho_hat))
            s = beta * ((1 - rho) / (1 - rho_hat) - rho / rho_hat)
        cost = squares / (2 * m) + decay / 2 * ((W1 * W1).sum() + (W2 * W2).sum()) + beta * kl.sum()
        gradient = [(outer + slope_outer * s) / m + decay * W1, dW2 / m + decay * W2, (back + slope * s) / m, db2 / m]
        return cost, xp.concatenate([g.ravel() for g in gradient])

    @staticmethod
    def _sums(X, W1, b1, W2, b2):
        """Return a block's share of Σ E², Σ A, Xᵀ·(E·W2ᵀ ⊙ S), Xᵀ·S, Σ (E·W2ᵀ ⊙ S), Σ S, Aᵀ·E and Σ E."""
        ones = array_module(X).ones(len(X), dtype=X.dtype)
        A = X @ W1
        A += b1
        A = sigmoid(A)
        E = A @ W2
        E += b2
        E -= X
        S = 1 - A
        S *= A
        back = E @ W2.T
        back *= S
        return (E * E).sum(), ones @ A, X.T @ back, X.T @ S, ones @ back, ones @ S, A.T @ E, ones @ E

    def fit(self, X, iterations=200, callback=None, threads=None, workers=None):
        """Minimise J over patches X (m, D) by L-BFGS, on the backend and in the precision of X.

        Parameters
        ----------
        X : (m, D) float array
        iterations : int
        callback : callable, optional
            ``callback(iteration, cost, theta)`` after each iteration.
        threads : int, optional
            On a CPU; None means one per core. The result does not depend on it.
        workers : Workers, optional
            An open pool to use in place of one of `threads` threads.

        Returns
        -------
        list of float
            J after each iteration. The result is in `theta`.
        """
        positive(iterations=iterations)
        xp = array_module(X)
        self._check(X)
        if not bool(xp.isfinite(X).all()):
            raise InputError("patches must be finite: look for NaN")
        with nullcontext(workers) if workers else Workers(threads if xp is np else 1) as pool:
            self.theta, costs = minimize(lambda theta: self.cost_and_gradient(theta, X, pool), self.theta, xp,
                                         X.dtype, iterations, callback)
        return costs
