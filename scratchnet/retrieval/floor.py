"""What retrieval gets for nothing: the figures of a random order, and of predicted classes alone.

A system that classifies could throw its descriptors away and rank by nothing but the predicted classes: first the
images of the query's predicted class, then all others, each group in random order. That is the class floor. A MAP above
it shows what the descriptor knows beyond the class; a MAP below it, that the classifier's decision is better than the
descriptor's geometry. Chance is the same with one group.
"""
import numpy as np
from scipy.special import digamma, gammaln

from ..errors import InputError
from .figures import definitions


def class_floor(queries, gallery=None, depth=30):
    """Return the expected figures of rankings by predicted class, equal classes in random order.

    Parameters
    ----------
    queries : (C, P) array of whole numbers
        How many queries of each actual class (row) are predicted to be of each class (column): a confusion matrix.
    gallery : (C, P) array of whole numbers, optional
        The same of the gallery. None means that each query searches all the other queries.
    depth : int

    Returns
    -------
    dict of str to float
        The means over all queries of `figures.definitions`, exact.

    Raises
    ------
    InputError
        If a query has no relevant image in the gallery.

    Notes
    -----
    Let a group of n images, k of them relevant, stand in random order behind b images with h relevant ones. Place r of
    the group (from 1) is relevant with probability k / n; then the r − 1 places before it hold (r − 1) a relevant
    images of the group on average, a = (k − 1) / (n − 1), and its precision is (h + 1 + (r − 1) a) / (b + r). Summed
    over r, with H the harmonic numbers, the relevant images of the group contribute

        s(n, k, b, h) = k/n · [a n + (h + 1 − a (b + 1)) (H(b + n) − H(b))].

    An AP over the full ranking is the sum of s over the groups, divided by R. At a depth that cuts a group after w of
    its n places, f of these w are relevant with hypergeometric probability, and given f the w places are a group of
    their own, s(w, f, b, h).
    """
    own = gallery is None
    queries = np.asarray(queries)
    actual, predicted = np.nonzero(queries)
    gallery = queries if own else np.asarray(gallery)
    n1, k1 = gallery.sum(axis=0)[predicted] - own, gallery[actual, predicted] - own
    R, N = gallery.sum(axis=1)[actual] - own, gallery.sum() - own
    if not R.all():
        raise InputError(f"a query of class {actual[R.argmin()]} has no relevant image in the gallery: leave it out")
    full = (_group(n1, k1, 0, 0) + _group(N - n1, R - k1, n1, k1)) / R
    values = full, *_truncated(n1, k1, N - n1, R - k1, min(depth, N))
    weights = queries[actual, predicted] / queries.sum()
    return {name: float((value * weights).sum()) for name, value in zip(definitions(depth), values)}


def chance(queries, gallery=None, depth=30):
    """Return the expected figures of random rankings, for (C,) numbers of queries and of gallery images by class."""
    column = None if gallery is None else np.asarray(gallery)[:, None]
    return class_floor(np.asarray(queries)[:, None], column, depth)


def _group(n, k, before, hits):
    """Return s(n, k, b, h), see `class_floor`; 0 for a group without relevant images."""
    share = (k - 1) / np.maximum(n - 1, 1)
    harmonic = digamma(before + n + 1) - digamma(before + 1)
    return k / np.maximum(n, 1) * (share * n + (hits + 1 - share * (before + 1)) * harmonic)


def _hypergeometric(f, n, k, w):
    """Return the probability that w of n images, drawn at random, hold f of the k relevant ones."""
    def log_ways(total, chosen):  # to choose so many; −∞ where there is none
        possible = (0 <= chosen) & (chosen <= total)
        inside = np.where(possible, chosen, 0)
        ways = gammaln(total + 1) - gammaln(inside + 1) - gammaln(total - inside + 1)
        return np.where(possible, ways, -np.inf)
    return np.exp(log_ways(k, f) + log_ways(n - k, w - f) - log_ways(n, w))


def _truncated(n1, k1, n2, k2, depth):
    """Return the expected figures of the first `depth` places, for (m,) kinds of queries, as `definitions` has them."""
    w1 = np.minimum(n1, depth)
    w2 = depth - w1
    cut = w2 == 0  # the depth ends in the first group: nothing is before it
    n, k, w = np.where(cut, n1, n2), np.where(cut, k1, k2), np.where(cut, w1, w2)
    before, hits = np.where(cut, 0, n1), np.where(cut, 0, k1)
    f = np.arange(depth + 1)[:, None]  # relevant images among the last w places
    probability = _hypergeometric(f, n, k, w)
    summed = np.where(cut, 0, _group(n1, k1, 0, 0)) + np.where(f <= w, _group(w, f, before, hits), 0)
    found = hits + f
    of_found = (probability * summed / np.maximum(found, 1)).sum(axis=0)
    summed, found = (probability * summed).sum(axis=0), (probability * found).sum(axis=0)
    R = k1 + k2
    return of_found, summed / np.minimum(R, depth), summed / R, found / depth
