"""The first stage of CNNH: which code each training image ought to have, found from labels alone.

Two images of one class ought to have equal codes, two of different classes opposite ones. With S[i, k] = 1 for the
former and −1 for the latter, and H (n, q) holding a code of q signs for each image,

    J(H) = ‖S − H Hᵀ / q‖²_F                         (Xia, Pan, Lai, Liu and Yan, AAAI 2014)

is minimised over −1 ≤ H ≤ 1, one number at a time, and then the signs are taken. While one row x = H[i] changes and all
others rest, q² J is, but for a constant, a polynomial of the fourth degree in x,

    f(x) = 2 x P xᵀ − 4 q t · x + (‖x‖² − q)²,   P = Σ_{k≠i} H[k]ᵀ H[k],   t = Σ_{k≠i} S[i, k] H[k].

With v = x P − q t, its derivatives by x_j are f′ = 4 (v_j + (‖x‖² − q) x_j) and f″ = 4 (P_jj + 2 x_j² + ‖x‖² − q), and
x_j moves by −f′ / f″, as far as the bounds allow. For labels of single classes t needs no more than the sums of H over
each class, so that no matrix of n × n numbers is ever made, and a step costs O(q).
"""
import numpy as np

from ...checks import positive
from ...errors import InputError


def codes_of_labels(labels, bits, sweeps, rng, callback=None):
    """Return codes that are equal within a class and as far as possible from those of the other classes.

    Parameters
    ----------
    labels : (n,) integer array
        Classes, from 0 on.
    bits : int
        q, the length of a code.
    sweeps : int
        How often each number gets its turn. Five are enough: after that nothing moves.
    rng : Generator
        Draws the start, uniformly from −1 to 1, and for each sweep the order of the images and of each one's bits.
    callback : callable, optional
        Called with the number of the sweep, from 1, and J / n².

    Returns
    -------
    H : (n, bits) int8 array
        −1 or 1.
    costs : list of float
        J / n² of the real numbers after each sweep. Its least value for ten equal classes is near 0.7111: codes of
        ten classes cannot all be opposite to each other.

    Raises
    ------
    InputError
        If labels are not whole numbers (n,) of at least 0.
    """
    labels, (bits,) = np.asarray(labels), positive(bits=bits)
    if labels.ndim != 1 or len(labels) == 0 or labels.dtype.kind not in "iu" or labels.min() < 0:
        raise InputError(f"labels must be whole numbers (n,) of at least 0, got {labels.dtype} of shape {labels.shape}")
    sums = np.zeros((int(labels.max()) + 1, bits))

    def before(H):
        np.add.at(sums, labels, H)

    def target(i):
        return 2 * sums[labels[i]] - sums.sum(axis=0)

    def moved(i, change):
        sums[labels[i]] += change

    def cost(H, G):
        agreement = 2 * (sums**2).sum() - (sums.sum(axis=0)**2).sum()  # trace of Hᵀ S H
        return 1 - (2 * agreement / bits - (G**2).sum() / bits**2) / len(H)**2
    return _descend(len(labels), bits, sweeps, rng, callback, before, target, moved, cost)


def codes_of_similarity(S, bits, sweeps, rng, callback=None):
    """Return codes whose products come as near as possible to a similarity S (n, n), of −1 to 1 and symmetric.

    S may be that of images with several labels. Parameters and results are those of `codes_of_labels`, which returns
    the same codes where both can be asked; a step costs O(n q) here.
    """
    S, (bits,) = np.asarray(S, np.float64), positive(bits=bits)
    if S.ndim != 2 or len(S) == 0 or S.shape[0] != S.shape[1] or not (S == S.T).all() or not (np.diag(S) == 1).all():
        raise InputError(f"a similarity must be a symmetric matrix (n, n), ones on its diagonal, got shape {S.shape}")
    there = []

    def target(i):
        return S[i] @ there[0]

    def cost(H, G):
        return ((S - H @ H.T / bits)**2).sum() / len(H)**2
    return _descend(len(S), bits, sweeps, rng, callback, there.append, target, lambda i, change: None, cost)


def check_order(H, labels):
    """Refuse codes H (n, bits) that are not in the order of labels (n,), as codes made from a shuffled list would be.

    A network that learns the codes of other images learns nothing, and nothing else would show it: this is what makes
    a public implementation of CNNH print a MAP of 0.134. In the right order the codes of a class are nearly equal.

    Raises
    ------
    InputError
        If less than nine tenths of the bits are those of most images of the class, though the classes' codes differ.
    """
    labels, ones = np.asarray(labels), H > 0
    sums = np.zeros((int(labels.max()) + 1, H.shape[1]))
    np.add.at(sums, labels, ones)
    counts = np.bincount(labels)[:, None]
    agreeing = np.maximum(sums, counts - sums).sum() / ones.size
    if agreeing < 0.9:
        raise InputError(f"the codes of a class agree in {agreeing:.0%} of their bits only: they are not in the order "
                         "of the labels; find out where one of the two was shuffled")


def _descend(n, bits, sweeps, rng, callback, before, target, moved, cost):
    """Return the signs of H (n, bits) after `sweeps`, and its costs.

    ``target(i)`` returns S[i] · H, of the H that ``before`` was given, with each ``moved(i, change)`` of a row.
    """
    (sweeps,) = positive(sweeps=sweeps)
    H, costs = rng.uniform(-1, 1, (n, bits)), []
    before(H)
    G = H.T @ H
    for sweep in range(1, sweeps + 1):
        orders = rng.random((n, bits)).argsort(axis=1)
        for i in rng.permutation(n):
            x = _row(H[i], G, target(i), orders[i])
            if x is not None:
                G += np.outer(x, x) - np.outer(H[i], H[i])
                moved(i, x - H[i])
                H[i] = x
        costs.append(float(cost(H, G)))
        if callback:
            callback(sweep, costs[-1])
    return np.where(H < 0, -1, 1).astype(np.int8), costs


def _row(x, G, target, order):
    """Return what row `x` becomes when each of its numbers moved once, in that order, or None if none moves.

    G is Hᵀ H and `target` S[i] · H, both with the row's own part.
    """
    q, squares = len(x), float(x @ x)
    v = x @ G - squares * x - q * (target - x)
    curvatures = G.diagonal() - x * x  # of P
    if not _move(v + (squares - q) * x, curvatures + 2 * x * x + squares - q, x).any():
        return None
    P = G - np.outer(x, x)
    x, curvatures = x.tolist(), curvatures.tolist()
    for j in order.tolist():
        old = x[j]
        slope, curvature = float(v[j]) + (squares - q) * old, curvatures[j] + 2 * old * old + squares - q
        change = max(-1 - old, min(1 - old, -slope / curvature)) if curvature > 0 else (
            (-1 - old if slope > 0 else 1 - old) if slope else 0.0)
        if change:
            v += change * P[j]
            squares += change * (2 * old + change)
            x[j] = old + change
    return np.array(x)


def _move(slope, curvature, x):
    """Return by how much each number would move if it were the first: where nothing curves upwards, to the bound."""
    with np.errstate(all="ignore"):
        newton = np.where(curvature > 0, -slope / curvature, np.where(slope == 0, 0.0, -np.sign(slope) * np.inf))
    return np.clip(newton, -1 - x, 1 - x)
