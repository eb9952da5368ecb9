"""How well do descriptors retrieve? Mean average precision over whole rankings, and seconds per query.

Each query ranks the whole gallery; the relevant images are those of its class (section 5 of the paper, Tables
4 and 5). The paper does not name the gallery, so there are two protocols: each test image searches the other
test images, or the training images. A ranking is one sort of 64-bit keys that carry distance, id and relevance;
queries go in chunks that stay in cache, spread over threads.
"""
import time

import numpy as np
from threadpoolctl import threadpool_limits

from ..backend import array_module, to_device, to_host
from ..checks import positive
from ..errors import InputError
from ..metrics import average_precisions
from ..parallel import Workers
from .distances import check_metric, check_vectors
from .index import FlatIndex
from .ranking import pack
from .scores import Scorer

PROTOCOLS = ("test-vs-test", "test-vs-train")
METRICS = ("euclidean", "manhattan", "angular")
CHUNK = 64                # queries ranked together; fixed, so that products do not depend on the thread count
TIMED, WARM_UP = 100, 5   # queries searched one by one, with and without looking at the clock
RELEVANT = np.uint64(1)
LAST = np.uint64(2**64 - 1)


def evaluate_protocols(test, test_labels, train, train_labels, metrics=METRICS, each=None, **settings):
    """Return ``{protocol: {metric: evaluate_retrieval(...)}}`` for both `PROTOCOLS`.

    Parameters
    ----------
    test, train : (N, d) float32 or float64 arrays
        Descriptors. The test images are the queries in both protocols.
    test_labels, train_labels : (N,) integer arrays
    metrics : iterable of str
    each : dict, optional
        Is given the average precisions of each query: {(protocol, metric): `each` of `evaluate_retrieval`}.
    settings
        `depth`, `threads`, `progress` of `evaluate_retrieval`.
    """
    galleries = dict(zip(PROTOCOLS, ((test, test_labels, True), (train, train_labels, False))))
    each = {} if each is None else each
    return {protocol: {metric: evaluate_retrieval(test, test_labels, gallery, labels, metric, own,
                                                  each=each.setdefault((protocol, metric), {}), **settings)
                       for metric in metrics}
            for protocol, (gallery, labels, own) in galleries.items()}


def evaluate_retrieval(queries, query_labels, gallery, gallery_labels, metric, exclude_self=False,
                       depth=30, threads=1, progress=None, each=None):
    """Rank the gallery for every query and return mean average precision and seconds per query.

    Parameters
    ----------
    queries : (nq, d) float32 or float64 array
    query_labels : (nq,) integer array
    gallery : (nb, d) array of the queries' backend
    gallery_labels : (nb,) integer array
    metric : {"euclidean", "manhattan", "angular"}
    exclude_self : bool
        Query i is gallery row i (nq ≤ nb): it is taken out of its own ranking and of what is relevant.
    depth : int
        Of the truncated MAP; also how many neighbours the timed search looks for.
    threads : int
        The result does not depend on it. A GPU is driven from one thread.
    progress : callable, optional
        Called with the number of further queries done, from the worker threads.
    each : dict, optional
        Is given what the two means are taken of, under their names: (nq,) float64 arrays.

    Returns
    -------
    dict
        ``map``: full ranking, over all relevant images. ``map_at_{depth}``: first `depth` ranks, over the
        relevant among them. ``seconds_per_query``: see `seconds_per_query`.

    Raises
    ------
    InputError
        If arrays are not finite, floating point or of fitting shapes; if `exclude_self` is asked for and the
        queries are not the gallery's first rows; or if a query has no relevant image.
    SettingsError
        If there is no such metric, or a number is not positive.
    """
    check_metric(metric)
    positive(depth=depth, threads=threads)
    check_vectors(gallery, "gallery")
    check_vectors(queries, "queries", gallery.shape[1])
    xp = array_module(queries, gallery)
    nq, nb = len(queries), len(gallery)
    query_labels = _check_labels(query_labels, "query_labels", nq)
    gallery_labels = _check_labels(gallery_labels, "gallery_labels", nb)
    if exclude_self and not (nq <= nb and bool((queries == gallery[:nq]).all())):
        raise InputError("exclude_self says that query i is gallery row i, and it is not: "
                         "give the queries as the gallery's first rows, or leave it off")
    _check_relevant_exist(query_labels, gallery_labels, exclude_self)

    queries, gallery = queries.astype(np.float32, copy=False), gallery.astype(np.float32, copy=False)
    scorer = Scorer(metric, gallery, np.float64)
    query_labels, gallery_labels = to_device(query_labels, xp), to_device(gallery_labels, xp)
    numbers = xp.arange(nb, dtype=np.uint64) << RELEVANT

    def precisions(chunk):
        start = chunk.start * CHUNK
        q, labels = queries[start:start + CHUNK], query_labels[start:start + CHUNK]
        keys = pack(scorer(q), numbers)
        keys |= labels[:, None] == gallery_labels
        if exclude_self:
            rows = xp.arange(len(q))
            keys[rows, rows + start] = LAST
        keys.sort(axis=1)
        relevant = (keys[:, :nb - bool(exclude_self)] & RELEVANT).astype(bool)
        both = to_host(average_precisions(relevant)), to_host(average_precisions(relevant, depth))
        if progress is not None:
            progress(len(q))
        return both

    with Workers(threads if xp is np else 1, chunk=1) as workers:
        results = workers.map(precisions, -(-nq // CHUNK))
    names = ("map", f"map_at_{depth}")
    found = {name: np.concatenate(parts) for name, parts in zip(names, zip(*results))}
    with threadpool_limits(limits=threads, user_api="blas"):
        seconds = seconds_per_query(FlatIndex(metric, threads=threads).add(gallery), queries, min(depth, nb))
    if each is not None:
        each.update(found)
    return {**{name: float(values.mean()) for name, values in found.items()}, "seconds_per_query": seconds}


def seconds_per_query(index, queries, k=30):
    """Return the median time of a search for ONE query: what Tables 4 and 5 call matching time.

    Parameters
    ----------
    index : FlatIndex
    queries : (nq, d) array
        The first hundred are timed, one search each, after a few that warm up.
    k : int
        Neighbours.
    """
    seconds = []
    for i in [*range(min(WARM_UP, len(queries))), *range(min(TIMED, len(queries)))]:
        start = time.perf_counter()
        to_host(index.search(queries[i:i + 1], k)[1])  # the answer on the host ends the wait for a GPU too
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds[min(WARM_UP, len(queries)):]))


def _check_labels(labels, name, n):
    """Return labels on the host, or refuse them."""
    labels = np.asarray(labels) if isinstance(labels, list | tuple) else to_host(labels)
    if labels.shape != (n,) or labels.dtype.kind not in "iu":
        raise InputError(f"{name} must be {n} whole numbers, one for each vector, got {labels.dtype} "
                         f"of shape {labels.shape}")
    return labels.astype(np.int64)


def _check_relevant_exist(query_labels, gallery_labels, exclude_self):
    """Refuse a query that nothing in the gallery could be right for: its average precision is 0 / 0."""
    classes, codes = np.unique(np.concatenate([query_labels, gallery_labels]), return_inverse=True)
    nq = len(query_labels)
    relevant = np.bincount(codes[nq:], minlength=len(classes))[codes[:nq]] - bool(exclude_self)
    if not relevant.all():
        i = int(relevant.argmin())
        raise InputError(f"query {i} (label {query_labels[i]}) has no relevant image in the gallery: "
                         "leave it out, or add images of its class")
