"""The linear classifier: one weight vector and one bias for each class, learnt from all examples at once.

On top of features that somebody else learnt, or of pixels, it is the usual judge of how good they are. Its objective
is convex, so that L-BFGS, which has no learning rate to choose, finds the one minimum there is. Features that do not
fit into memory may come block by block: see `Rows`.
"""
from contextlib import nullcontext

import numpy as np

from .backend import array_module, to_device
from .checks import not_negative, positive, real_type
from .errors import InputError, SettingsError
from .parallel import Workers
from .training.lbfgs import minimize

BLOCK = 512  # examples that are taken together
COLUMNS = 1024  # of their features at a time: those of a block stay in cache from the conversion to the product
DEVICE_BLOCK = 4096  # examples that a GPU takes together where features come block by block
BIASES = ("free", "decayed", "none")


class Rows:
    """Features (N, D) that are not there at once: row n is scale[n] · read(n, n + 1)[0].

    Parameters
    ----------
    shape : (N, D)
    read : callable
        ``read(start, stop)`` returns rows start to stop as an array of numbers (stop − start, D), whole numbers among
        them, on the host or the backend; from several threads at once.
    scale : (N,) float array, optional
        On the host. None means 1.
    dtype
        What is computed in: float32 or float64.
    xp : module
        The backend to compute on.
    """

    def __init__(self, shape, read, scale=None, dtype=np.float32, xp=np):
        real_type(dtype)
        self.shape, self.read, self.dtype, self.xp = shape, read, np.dtype(dtype), xp
        self.scale = None if scale is None else np.asarray(scale, dtype)
        if len(shape) != 2 or min(shape) < 1 or scale is not None and self.scale.shape != (shape[0],):
            raise InputError(f"features come in rows (N, D) with N ≥ 1, one scale each: got shape {shape}"
                             + ("" if scale is None else f" and {self.scale.shape} scales"))

    def block(self, start, stop):
        """Return rows start to stop as `read` gives them, on the backend, and their scale, (n, 1) or None."""
        x = self.read(start, stop)
        if x.shape != (stop - start, self.shape[1]):
            raise InputError(f"rows {start} to {stop} of features {self.shape} have shape {tuple(x.shape)}")
        scale = None if self.scale is None else to_device(self.scale[start:stop, None], self.xp)
        return x if array_module(x) is self.xp else to_device(x, self.xp), scale


class _Dense:
    """An array of features, block by block."""

    def __init__(self, X):
        self.X, self.shape, self.dtype, self.xp = X, X.shape, X.dtype, array_module(X)

    def block(self, start, stop):
        return self.X[start:stop], None


class LinearClassifier:
    """Scores S = X · W + b, for examples that are the rows of X (N, D) and C classes.

    The objective is the mean of a loss ℓ over the examples, with a decay of the weights but not of the biases:

        J = (1/N) Σ_n ℓ(S[n], labels[n]) + decay/2 ‖W‖²

    With the softmax cross-entropy this is multinomial logistic regression (Bishop, Pattern Recognition and Machine
    Learning, 2006, section 4.3.4), with the squared hinge an L2-SVM for each class against all others (Fan et al.,
    LIBLINEAR, 2008). LIBLINEAR and scikit-learn minimise ½ ‖W‖² + C Σ_n ℓ, which is J / decay, so that their C is
    1 / (N · decay). A C that stands before the mean of ℓ, as in the code of Coates, Ng and Lee (2011), is 1 / decay.
    LIBLINEAR has no biases, or decays them like weights of a feature that is always 1 (its option -B 1).

    Parameters
    ----------
    loss : Loss
        A mean over the examples it is given, such as `SoftmaxCrossEntropy` or `SquaredHinge`.
    decay : float
        At least 0.
    biases : {"free", "decayed", "none"}
        Whether they are learnt, decay like the weights (J has decay/2 ‖b‖², too), or stay 0.

    Attributes
    ----------
    W : (D, C) array
        None before `fit`, as is b: (C,) array. On the backend and in the precision of the features.
    """

    def __init__(self, loss, decay=0.0, biases="free"):
        not_negative(decay=decay)
        if biases not in BIASES:
            raise SettingsError(f"there are no {biases!r} biases: choose one of {', '.join(BIASES)}")
        self.loss, self.decay, self.biases = loss, float(decay), biases
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
        X : (N, D) float array, or Rows
        labels : (N,) integer array
            Or whatever targets the loss takes, one row an example.
        workers : Workers, optional
            Threads that share the blocks of examples; how many changes nothing.
        """
        return self._walk(theta, X, labels, workers)[:2]

    def _walk(self, theta, X, labels, workers):
        """Return J, ∂J/∂theta, the mean of the loss, and how many examples are classified right.

        What a block adds is added to the sums in the order of the blocks, as it comes, and then forgotten.
        """
        rows = _rows(X)
        xp, (N, D) = array_module(theta, labels), rows.shape
        W, b = self.unpack(theta, D)
        self.loss.check(labels, N, len(b))
        size = BLOCK if xp is np else N if isinstance(rows, _Dense) else DEVICE_BLOCK
        pieces = [slice(at, at + COLUMNS) for at in range(0, D, COLUMNS)] if xp is np else [slice(0, D)]

        def share(start):
            stop = min(start + size, N)
            (x, scale), targets = rows.block(start, stop), labels[start:stop]
            with np.errstate(all="ignore"):  # as `minimize` has it, whose setting threads do not inherit
                S = xp.zeros((stop - start, len(b)), dtype=theta.dtype)
                for piece in pieces:
                    S += x[:, piece].astype(theta.dtype, copy=False) @ W[piece]
                if scale is not None:
                    S *= scale
                S += b
                loss, dS = self.loss(S, targets, checked=True)
                dS *= (stop - start) / N
                db, right = dS.sum(axis=0), self.loss.right(S, targets)
                if scale is not None:
                    dS *= scale
                dW = xp.empty(W.shape, dtype=theta.dtype)
                for piece in pieces:
                    dW[piece] = x[:, piece].astype(theta.dtype, copy=False).T @ dS
                return loss * ((stop - start) / N), dW, db, right
        total = None
        for terms in (workers.each if workers else map)(share, range(0, N, size)):
            total = terms if total is None else tuple(a + b for a, b in zip(total, terms))
        loss, dW, db, right = total
        dW = dW + self.decay * W
        cost = loss + self.decay / 2 * (W * W).sum()
        if self.biases == "decayed":
            cost, db = cost + self.decay / 2 * (b * b).sum(), db + self.decay * b
        elif self.biases == "none":
            db = xp.zeros_like(db)
        return cost, xp.concatenate([dW.ravel(), db]), loss, right

    def fit(self, X, labels, classes, iterations, callback=None, workers=None):
        """Minimise J from W = 0 and b = 0 by L-BFGS, on the backend and in the precision of X.

        Parameters
        ----------
        X : (N, D) float array, or Rows
            An array may be a memory-mapped file.
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
        rows = _rows(X)
        xp, (N, D), seen = rows.xp, rows.shape, []
        if isinstance(rows, _Dense) and not all(bool(xp.isfinite(X[i:i + BLOCK]).all()) for i in range(0, N, BLOCK)):
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


def _rows(X):
    """Return features as an object that gives them block by block."""
    if isinstance(X, Rows):
        return X
    array_module(X)
    if X.ndim != 2 or len(X) == 0 or X.dtype.kind != "f":
        raise InputError(f"features must be floating point numbers (N, D) with N ≥ 1, got {X.dtype} of shape "
                         f"{tuple(X.shape)}")
    return _Dense(X)
