"""What a ranking is worth if equal distances stand in random order: exact expectations, and the best and worst luck.

Codes of 48 bits know 49 distances, so nearly every ranking of them is ties, and whoever breaks these by the order of
the gallery publishes that order: it moves a MAP by one or two hundredths. Here a ranking is given by how many images
there are at each distance, its level, and how many of them are relevant; every order within a level is equally likely.
"""
import numpy as np
from scipy.special import digamma

from ..backend import to_host
from ..errors import InputError
from .figures import definitions, depths

QUERIES = 256  # at a time
SURE = 21      # exp(-2 · 21): the probability that is left out at either end of a sum over what a draw may hold


def expected(n, k, depth=30):
    """Return the expected figures of rankings whose ties are broken at random.

    Parameters
    ----------
    n : (nq, L) array of whole numbers
        How many images of the gallery are at each distance from each query, the smallest distance first.
    k : (nq, L) array of whole numbers
        How many of these are relevant.
    depth : int or tuple of ints

    Returns
    -------
    dict of str to (nq,) float64 array
        The figures of `figures.definitions`, exact.

    Raises
    ------
    InputError
        If the two arrays are not of one shape, k is not from 0 to n, or a query has nothing relevant.

    Notes
    -----
    Let a level of n images, k of them relevant, follow b images with h relevant ones. Place r of the level (from 1) is
    relevant with probability k / n; then each of the r − 1 places before it is relevant with probability
    a = (k − 1) / (n − 1), and the expected precision at r is (h + 1 + (r − 1) a) / (b + r). With
    (r − 1) a = a (b + r) − a (b + 1), the sum of what the first w places of the level contribute is

        s(w; n, k, b, h) = k/n · [a w + (h + 1 − a (b + 1)) (H(b + w) − H(b))],   H(x) = 1 + 1/2 + … + 1/x.

    AP over the full ranking is the sum of s(n; n, k, b, h) over the levels, divided by R. At a depth that cuts a level
    after w of its n places, that level contributes s(w; n, k, b, h) instead, and what is behind it nothing; its w
    places hold w k / n relevant images on average, which gives the precision. The number found, h + f, is the one
    denominator that depends on the order itself. Given f, the w places are a level of their own, so

        E[AP] = Σ_f P(f) · (Σ_levels before s + s(w; w, f, b, h)) / (h + f),

    where the number f of relevant ones has the hypergeometric distribution P(f) = C(k, f) C(n − k, w − f) / C(n, w).
    After McSherry and Najork, Computing Information Retrieval Performance Measures Efficiently in the Presence of Tied
    Scores (2008); the derivation is our own.
    """
    n, k = _check(n, k)
    parts = [_expected(n[at:at + QUERIES], k[at:at + QUERIES], depth) for at in range(0, len(n), QUERIES)]
    return {name: np.concatenate([part[name] for part in parts]) for name in definitions(depth)}


def bounds(n, k):
    """Return the largest and the smallest average precision that an order of the ties can give, (nq,) float64 each.

    Relevant images come first in each level, or last. Image j of the k relevant ones then has place b + j, or
    b + n − k + j, and h + j relevant images up to it: with z places before the first of them, the level contributes
    Σ_j (h + j) / (z + j) = k + (h − z) (H(z + k) − H(z)). Parameters and errors as in `expected`.
    """
    n, k = _check(n, k)
    b, h = _before(n), _before(k)

    def average(z):
        return (k + (h - z) * (_harmonic(z + k) - _harmonic(z))).sum(axis=1) / k.sum(axis=1)
    return average(b), average(b + n - k)


def _check(n, k):
    """Return both as float64, in which whole numbers are exact; refuse what no gallery has."""
    n, k = to_host(n), to_host(k)
    if n.ndim != 2 or n.shape != k.shape or n.dtype.kind not in "iu" or k.dtype.kind not in "iu":
        raise InputError("ties are two arrays of whole numbers (queries, levels): images at each distance, and "
                         f"relevant ones, got {n.dtype} of shape {n.shape} and {k.dtype} of shape {k.shape}")
    if (k < 0).any() or (k > n).any():
        raise InputError("of the n images at a distance, 0 to n can be relevant: count both over the same gallery")
    if not k.any(axis=1).all():
        raise InputError(f"query {int(k.any(axis=1).argmin())} has no relevant image, so no average precision: "
                         "leave it out")
    return n.astype(np.float64), k.astype(np.float64)


def _before(counts):
    """Return how many are in the levels before each level."""
    return counts.cumsum(axis=1) - counts


def _harmonic(x):
    """Return H(x), up to a constant that cancels in differences."""
    return digamma(x + 1)


def _contribution(w, n, k, b, h, harmonics=None):
    """Return s(w; n, k, b, h), see `expected`; `harmonics` is H(b + w) − H(b), where it is known."""
    a = (k - 1) / np.maximum(n - 1, 1)
    if harmonics is None:
        harmonics = _harmonic(b + w) - _harmonic(b)
    return k / np.maximum(n, 1) * (a * w + (h + 1 - a * (b + 1)) * harmonics)


def _expected(n, k, depth):
    """Return the expected figures of some queries, in one piece."""
    b, h, R = _before(n), _before(k), k.sum(axis=1, keepdims=True)
    whole = _contribution(n, n, k, b, h)
    values = [whole.sum(axis=1) / R[:, 0]]
    for d in depths(depth):
        places = np.minimum(d, n.sum(axis=1, keepdims=True))
        cut = (b + n >= places).argmax(axis=1)[:, None]  # the level in which the depth ends
        before = np.take_along_axis(_before(whole), cut, 1)
        level = [np.take_along_axis(x, cut, 1) for x in (n, k, b, h)]
        values += [value[:, 0] for value in _truncated(places, *level, before, R)]
    return dict(zip(definitions(depth), values))


def _truncated(places, n, k, b, h, before, R):
    """Return the expected figures of the first `places`, which cut a level (n, k, b, h), in the order of `definitions`.

    All are (nq, 1) arrays; `before` is what the levels before that one contribute.
    """
    w = places - b
    f, probability = _draws(n, k, w)
    summed = before + _contribution(w, w, f, b, h, _harmonic(places) - _harmonic(b))
    of_found = (probability * summed / np.maximum(h + f, 1)).sum(axis=1, keepdims=True)
    summed = before + _contribution(w, n, k, b, h)
    return of_found, summed / np.minimum(R, places), summed / R, (h + w * k / n) / places


def _draws(n, k, w):
    """Return how many relevant images f the first w of n places may hold, k being relevant, and their probabilities.

    Neighbouring probabilities have the ratio P(f + 1) / P(f) = (k − f) (w − f) / ((f + 1) (n − k − w + f + 1)). Far
    from the mean they vanish, P(|f − w k / n| ≥ t) ≤ 2 exp(−2 t² / w) (Hoeffding, 1963), so a few √w terms are enough.

    Parameters
    ----------
    n, k, w : (nq, 1) arrays

    Returns
    -------
    f, probability : (nq, F) arrays
    """
    mean, reach = np.floor(w * k / n), np.ceil(np.sqrt(SURE * w)) + 1
    first = np.maximum(np.maximum(0, w - (n - k)), mean - reach)
    last = np.minimum(np.minimum(k, w), mean + reach)
    f = first + np.arange(int((last - first).max()) + 1)
    step = f[:, :-1]
    ratio = (k - step) * (w - step) / ((step + 1) * (n - k - w + step + 1))
    logs = np.zeros_like(f)
    logs[:, 1:] = np.log(ratio, where=step < last, out=np.full(ratio.shape, -np.inf)).cumsum(axis=1)
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    return f, weights / weights.sum(axis=1, keepdims=True)
