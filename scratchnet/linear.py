"""The linear classifier: one weight vector and one bias for each class, learnt from all examples at once.

On top of features that somebody else learnt, or of pixels, it is the usual judge of how good they are. Its objective
is convex, so that L-BFGS, which has no learning rate to choose, finds the one minimum there is.
"""
from contextlib import nullcontext

import numpy as np

from .backend import array_module, to_device
from .checks import not_negative, positive
from .errors import InputError
from .parallel import Workers
from .training.lbfgs import minimize

BLOCK = 512  # examples: their features are read twice, the second time from cache


class LinearClassifier:
    """Scores S = X · W + b, for examples that are the rows of X (N, D) and C classes.

    The objective is the mean of a loss ℓ over the examples, with a decay of the weights but not of the biases:

        J = (1/N) Σ_n ℓ(S[n], labels[n]) + decay/2 ‖W‖²

    With the softmax cross-entropy this is multinomial logistic regression (Bishop, Pattern Recognition and Machine
    Learning, 2006, section 4.3.4), with the squared hinge an L2-SVM for each class against all others (Fan et al.,
    LIBLINEAR, 2008). LIBLINEAR and scikit-learn minimise ½ ‖W‖² + C Σ_n ℓ, which is J / decay, so that their C is
    1 / (N · decay); but LIBLINEAR decays the biases, too, the less the larger its `intercept_scaling`.

    Parameters
    ----------
    loss : Loss
        A mean over the examples it is given, such as `SoftmaxCrossEntropy` or `SquaredHinge`.
    decay : float
        At least 0.

    Attributes
    ----------
    W : (D, C) array
        None before `fit`, as is b: (C,) array. On the backend and in the precision of the features.
    """

    def __init__(self, loss, decay=0.0):
        not_negative(decay=decay)
        self.loss, self.decay = loss, float(decay)
        self.W = self.b = None

    def scores(self, X):
        """Return the scores (N, C) of features X (N, D).

        Each row is a product of its own: a matrix product of all rows would round a row differently in other company.
        """
        array_module(X, self.W)
        return (X[:, None] @ self.W)[:, 0] + self.b

    @staticmethod
    def unpack(theta, D):
        """Return W (D, C) and b (C,) as views of `theta` (D·C + C,), where they lie one after the other."""
        C = len(theta) // (D + 1)
        return theta[:D * C].reshape(D, C), theta[D * C:]

    def cost_and_gradient(self, theta, X, labels, workers=None):
        """Return J and ∂J/∂theta, both exact, on the backend and in the precision of the arguments.

            ∂J/∂W = Xᵀ · ∂L/∂S + decay · W,     ∂J/∂b = Σ_n ∂L/∂S[n],     L being the mean of the loss

        Parameters
        ----------
        theta : (D·C + C,) float array
            See `unpack`.
        X : (N, D) float array
        labels : (N,) integer array
            Or whatever targets the loss takes, one row an example.
        workers : Workers, optional
            Threads that share the blocks of examples; how many changes nothing.
        """
        return self._walk(theta, X, labels, workers)[:2]

    def _walk(self, theta, X, labels, workers):
        """Return J, ∂J/∂theta, the mean of the loss, and how many examples are classified right."""
        _check_features(X)
        xp, (N, D) = array_module(theta, X, labels), X.shape
        W, b = self.unpack(theta, D)
        self.loss.check(labels, N, len(b))
        size = BLOCK if xp is np else N

        def share(start):
            x, targets = X[start:start + size], labels[start:start + size]
            with np.errstate(all="ignore"):  # as `minimize` has it, whose setting threads do not inherit
                S = x @ W
                S += b
                loss, dS = self.loss(S, targets, checked=True)
                dS *= len(x) / N
                return loss * (len(x) / N), x.T @ dS, dS.sum(axis=0), self.loss.right(S, targets)
        parts = (workers.each if workers else map)(share, range(0, N, size))
        loss, dW, db, right = (sum(terms[1:], terms[0]) for terms in zip(*parts))
        gradient = xp.concatenate([(dW + self.decay * W).ravel(), db])
        return loss + self.decay / 2 * (W * W).sum(), gradient, loss, right

    def fit(self, X, labels, classes, iterations, callback=None, workers=None):
        """Minimise J from W = 0 and b = 0 by L-BFGS, on the backend and in the precision of X.

        Parameters
        ----------
        X : (N, D) float array
        labels : (N,) integer array
            On the backend of X.
        classes, iterations : int
            At most so many iterations; L-BFGS stops earlier where J has stopped falling.
        callback : callable, optional
            Is given a row of figures after each iteration, W and b being up to date: "epoch" (which iteration, from 1),
            "loss" (its mean), "train_top1" (the share of examples classified right) and "cost" (J).
        workers : Workers, optional
            An open pool; None means a new one. The result does not depend on its threads.

        Returns
        -------
        list of float
            J after each iteration.
        """
        classes, iterations = positive(classes=classes, iterations=iterations)
        _check_features(X)
        xp, (N, D), seen = array_module(X), X.shape, []
        if not bool(xp.isfinite(X).all()):
            raise InputError("features must be finite: look for NaN")

        def evaluate(theta):
            cost, gradient, *seen[:] = self._walk(theta, X, labels, pool)
            return cost, gradient

        def take(theta):
            self.W, self.b = (part.copy() for part in self.unpack(to_device(theta, xp, X.dtype), D))

        def after(iteration, cost, theta):
            take(theta)
            if callback:
                loss, right = seen  # a line search ends with the evaluation that it accepts
                callback({"epoch": iteration, "loss": float(loss), "train_top1": float(right) / N, "cost": cost})

        with nullcontext(workers) if workers else Workers(None if xp is np else 1) as pool:
            theta, costs = minimize(evaluate, np.zeros((D + 1) * classes), xp, X.dtype, iterations, after)
        take(theta)
        return costs


def _check_features(X):
    array_module(X)
    if X.ndim != 2 or len(X) == 0 or X.dtype.kind != "f":
        raise InputError(f"features must be floating point numbers (N, D) with N ≥ 1, got {X.dtype} of shape "
                         f"{tuple(X.shape)}")
