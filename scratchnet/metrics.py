"""How good is it? Accuracy for classification, average precision for retrieval.

The paper reports Top-1 to Top-3 accuracy, a confusion matrix (Figure 9) and mean average precision (MAP,
Tables 4 and 5), without saying which of several definitions of average precision it means, nor how deep the
ranking goes. Ours is `average_precision`; its rivals are side by side in `average_precision_variants`.
"""
import numpy as np

from .backend import array_module, to_host
from .checks import positive
from .errors import InputError
from .losses import check_labels


def average_precision(relevant, depth=None):
    """Return the average precision of one ranking, non-interpolated.

        AP = (1 / R) Σ_j j / r_j

    where r_j is the rank (from 1) of the j-th relevant image and R their number: the mean, over the relevant
    images, of the precision at the rank of each (Manning, Raghavan and Schütze, Introduction to Information
    Retrieval, section 8.4).

    Parameters
    ----------
    relevant : (n,) bool array
        In rank order. Whole numbers 0 and 1 will do.
    depth : int, optional
        Look at the first `depth` ranks only; R is then the number of relevant images among them.

    Returns
    -------
    float
        From 0 to 1; 1 if no irrelevant image comes before a relevant one. With a depth in which there is no
        relevant image, 0.

    Raises
    ------
    InputError
        If `relevant` is not of that kind, or, without a depth, nothing in it is relevant.
    SettingsError
        If the depth is no whole number of at least 1.
    """
    ranks = np.flatnonzero(to_host(_check_relevant(relevant, depth, ndim=1)[:depth])) + 1
    if len(ranks) == 0:
        if depth is None:
            raise InputError("a query with no relevant image has no average precision: leave it out")
        return 0.0
    return float((np.arange(1, len(ranks) + 1) / ranks).mean())


def average_precisions(relevant, depth=None):
    """Return the `average_precision` of each row of `relevant` (nq, nb): (nq,) float64, on its backend."""
    relevant = _check_relevant(relevant, depth, ndim=2)[:, :depth]
    xp = array_module(relevant)
    nq = len(relevant)
    R = relevant.sum(axis=1)
    if depth is None and not bool(R.all()):
        raise InputError(f"query {int(R.argmin())} has no relevant image, so no average precision: leave it out")
    queries, places = xp.divmod(xp.flatnonzero(relevant), relevant.shape[1])  # faster than nonzero; in rank order
    hits = xp.arange(1, len(places) + 1) - (xp.cumsum(R) - R)[queries]
    return xp.bincount(queries, weights=hits / (places + 1), minlength=nq) / xp.maximum(R, 1)


def mean_average_precision(relevant, depth=None):
    """Return MAP: the mean over the rows of `relevant` (nq, nb), nq ≥ 1, of `average_precision`, a float."""
    found = average_precisions(relevant, depth)
    if len(found) == 0:
        raise InputError("there is no mean average precision without a query: give at least one")
    return float(found.mean())


def average_precision_variants(relevant, depth):
    """Return what different authors call average precision, for one ranking.

    Parameters
    ----------
    relevant : (n,) bool array
        The whole ranking, in rank order, with at least one relevant image.
    depth : int
        Where those that look at the top only stop.

    Returns
    -------
    dict of str to float
        ``full``: over the whole ranking. ``depth_over_found``: first `depth` ranks, divided by the relevant
        among them. ``depth_over_possible``: divided by min(depth, R), the most that could be there.
        ``depth_over_all``: divided by R, all relevant images. ``interpolated_11_points``: the mean of the best
        precision at recall 0, 0.1, …, 1 or more (PASCAL VOC 2007). ``interpolated_all_points``: the area
        under the best precision at each recall or more (PASCAL VOC 2010).

    Raises
    ------
    InputError, SettingsError
        As `average_precision`; also if nothing is relevant.
    """
    positive(depth=depth)
    full = average_precision(relevant)
    ranks = np.flatnonzero(to_host(_check_relevant(relevant, depth, ndim=1))) + 1
    R = len(ranks)
    precision = np.arange(1, R + 1) / ranks
    found = precision[ranks <= depth].sum()
    best = np.maximum.accumulate(precision[::-1])[::-1]  # best[j]: at recall (j + 1) / R or more
    at_recall = [max(0, -(-tenth * R // 10) - 1) for tenth in range(11)]  # first j with (j + 1) / R ≥ tenth / 10
    return {"full": full,
            "depth_over_found": average_precision(relevant, depth),
            "depth_over_possible": float(found / min(depth, R)),
            "depth_over_all": float(found / R),
            "interpolated_11_points": float(best[at_recall].mean()),
            "interpolated_all_points": float(best.mean())}


def top_k_accuracy(scores, labels, ks=(1, 2, 3)):
    """Return the share of images whose class is among the k best scores, as ``{k: share}``.

    Parameters
    ----------
    scores : (N, C) float array
        Of two classes with equal scores the lower one ranks first.
    labels : (N,) integer array
    ks : iterable of int
        From the number of classes on, the share is 1.

    Raises
    ------
    InputError
        If scores are not finite floats (N, C), or labels do not fit them.
    SettingsError
        If a k is no whole number of at least 1.
    """
    xp, ks = array_module(scores, labels), tuple(ks)
    if scores.ndim != 2 or scores.dtype.kind != "f" or len(scores) == 0 or not bool(xp.isfinite(scores).all()):
        raise InputError(f"scores must be finite floating point numbers (N, C) with N ≥ 1, got {scores.dtype} "
                         f"of shape {tuple(scores.shape)}: look for NaN if that seems right")
    N, C = scores.shape
    check_labels(labels, N, C)
    own = scores[xp.arange(N), labels][:, None]
    lower_class = xp.arange(C) < labels[:, None]
    ahead = ((scores > own) | ((scores == own) & lower_class)).sum(axis=1)
    for k in ks:
        positive(k=k)
    return {k: float((ahead < k).mean()) for k in ks}


def confusion_matrix(labels, predicted, classes):
    """Return how often each class was taken for each: (C, C) int64, rows the actual class (as Figure 9).

    Parameters
    ----------
    labels, predicted : (N,) integer arrays
    classes : int
        C.

    Raises
    ------
    InputError
        If the two are not N whole numbers from 0 to C − 1.
    SettingsError
        If `classes` is no whole number of at least 1.
    """
    classes, = positive(classes=classes)
    xp = array_module(labels, predicted)
    check_labels(labels, len(labels), classes)
    check_labels(predicted, len(labels), classes)
    pairs = labels.astype(np.int64) * classes + predicted.astype(np.int64)
    return xp.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def _check_relevant(relevant, depth, ndim):
    """Return `relevant` as a bool array, or refuse it."""
    if depth is not None:
        positive(depth=depth)
    relevant = np.asarray(relevant) if isinstance(relevant, list | tuple) else relevant
    array_module(relevant)
    right = relevant.ndim == ndim and (relevant.dtype == bool or relevant.dtype.kind in "iu"
                                       and bool(((relevant == 0) | (relevant == 1)).all()))
    if not right:
        raise InputError(f"relevant must be true or false in rank order, with {ndim} axes, got "
                         f"{relevant.dtype} of shape {tuple(relevant.shape)}")
    return relevant.astype(bool)
