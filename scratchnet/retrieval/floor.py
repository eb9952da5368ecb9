"""What retrieval gets for nothing: the figures of a random order, and of predicted classes alone.

A system that classifies could throw its descriptors away and rank by nothing but the predicted classes: first the
images of the query's predicted class, then all others, each group in random order. That is the class floor. A MAP above
it shows what the descriptor knows beyond the class; a MAP below it, that the classifier's decision is better than the
descriptor's geometry. Chance is the same with one group.
"""
import numpy as np

from ..errors import InputError
from .ties import expected


def class_floor(queries, gallery=None, depth=30):
    """Return the expected figures of rankings by predicted class, equal classes in random order: two levels of ties.

    Parameters
    ----------
    queries : (C, P) array of whole numbers
        How many queries of each actual class (row) are predicted to be of each class (column): a confusion matrix.
    gallery : (C, P) array of whole numbers, optional
        The same of the gallery. None means that each query searches all the other queries.
    depth : int or tuple of ints

    Returns
    -------
    dict of str to float
        The means over all queries of `figures.definitions`, exact: see `ties.expected`.

    Raises
    ------
    InputError
        If a query has no relevant image in the gallery.
    """
    own = gallery is None
    queries = np.asarray(queries)
    actual, predicted = np.nonzero(queries)
    gallery = queries if own else np.asarray(gallery)
    n, k = gallery.sum(axis=0)[predicted] - own, gallery[actual, predicted] - own
    R, N = gallery.sum(axis=1)[actual] - own, gallery.sum() - own
    if not R.all():
        raise InputError(f"a query of class {actual[R.argmin()]} has no relevant image in the gallery: leave it out")
    found = expected(np.stack([n, N - n], axis=1), np.stack([k, R - k], axis=1), depth)
    weights = queries[actual, predicted] / queries.sum()
    return {name: float((values * weights).sum()) for name, values in found.items()}


def chance(queries, gallery=None, depth=30):
    """Return the expected figures of random rankings, for (C,) numbers of queries and of gallery images by class."""
    column = None if gallery is None else np.asarray(gallery)[:, None]
    return class_floor(np.asarray(queries)[:, None], column, depth)
