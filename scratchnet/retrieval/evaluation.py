"""How well do descriptors retrieve? Mean average precision over whole rankings, and seconds per query.

Each query ranks the whole gallery; the relevant images are those of its class (section 5 of the paper, Tables
4 and 5). The paper does not name the gallery, so there are two protocols: each test image searches the other
test images, or the training images. A ranking is one sort of 64-bit keys that carry distance, id and relevance;
queries go in chunks that stay in cache, spread over threads. Rankings of binary codes, most of which is ties, are
left to `Levels`.
"""
from contextlib import nullcontext

import numpy as np
from threadpoolctl import threadpool_limits

from ..backend import array_module, to_device, to_host
from ..checks import positive
from ..parallel import Workers
from .distances import CODE_DISTANCES, DISTANCES, metric_named
from .figures import definitions, depths, of_rankings
from .index import FlatIndex
from .levels import Levels
from .ranking import pack
from .relevance import check_labels, check_own_rows, check_relevant_exist
from .timing import seconds_per_query

PROTOCOLS = ("test-vs-test", "test-vs-train")
CHUNK = 64                # queries ranked together; fixed, so that products do not depend on the thread count
RELEVANT = np.uint64(1)
LAST = np.uint64(2**64 - 1)


def evaluate_protocols(test, test_labels, train, train_labels, metrics=None, each=None, **settings):
    """Return ``{protocol: {metric: evaluate_retrieval(...)}}`` for both `PROTOCOLS`.

    Parameters
    ----------
    test, train : (N, d) float32 or float64 arrays, or (N, bytes) uint8 arrays
        Descriptors, or binary codes where the metrics are of `CODE_DISTANCES`. The test images are the queries in both
        protocols.
    test_labels, train_labels : (N,) integer arrays
    metrics : iterable of str, optional
        None means all `DISTANCES`.
    each : dict, optional
        Is given the average precisions of each query: {(protocol, metric): `each` of `evaluate_retrieval`}.
    settings
        `depth`, `threads`, `advance`, `workers` of `evaluate_retrieval`.
    """
    galleries = dict(zip(PROTOCOLS, ((test, test_labels, True), (train, train_labels, False))))
    metrics = tuple(DISTANCES if metrics is None else metrics)
    each = {} if each is None else each
    return {protocol: {metric: evaluate_retrieval(test, test_labels, gallery, labels, metric, own,
                                                  each=each.setdefault((protocol, metric), {}), **settings)
                       for metric in metrics}
            for protocol, (gallery, labels, own) in galleries.items()}


def evaluate_retrieval(queries, query_labels, gallery, gallery_labels, metric, exclude_self=False,
                       depth=30, threads=1, advance=None, each=None, workers=None):
    """Rank the gallery for every query and return mean average precision and seconds per query.

    Parameters
    ----------
    queries : (nq, d) float32 or float64 array, or (nq, bytes) uint8 array
        Ranked in their own precision; timed as an index keeps vectors, in float32.
    query_labels : (nq,) integer array
    gallery : (nb, d) array of the queries' backend
    gallery_labels : (nb,) integer array
    metric : str
        A name in `DISTANCES`: "euclidean", "manhattan", "angular"; or in `CODE_DISTANCES`: "hamming".
    exclude_self : bool
        Query i is gallery row i (nq ≤ nb): it is taken out of its own ranking and of what is relevant.
    depth : int or tuple of ints
        Of the truncated MAP, one or several; the first is also how many neighbours the timed search looks for.
    threads : int
        The result does not depend on it. A GPU is driven from the calling thread.
    advance : callable, optional
        Called with the number of further queries done, from the worker threads.
    each : dict, optional
        Is given what the means are taken of, under their names: (nq,) float64 arrays.
    workers : Workers, optional
        Open; used instead of `threads` of our own.

    Returns
    -------
    dict
        The means over the queries of what `figures.definitions` defines: ``map``, the full ranking; and of the first
        `depth` ranks ``map_at_{depth}`` (divided by the relevant images found there), ``map_at_{depth}_possible`` and
        ``map_at_{depth}_all`` (other denominators), ``precision_at_{depth}``. ``seconds_per_query``: see
        `seconds_per_query`.

        Of codes these are expectations over random orders of the ties (`ties.expected`), and beside them stand
        ``map_optimistic``, ``map_pessimistic`` and ``map_by_id``, over full rankings with the best order of the ties,
        the worst, and the lower id first.

    Raises
    ------
    InputError
        If arrays are not finite, of the kind that the metric takes, or of fitting shapes; if `exclude_self` is asked
        for and the queries are not the gallery's first rows; or if a query has no relevant image.
    SettingsError
        If there is no such metric, or a number is not positive.
    """
    distance, k = metric_named(metric), depths(depth)[0]
    positive(threads=threads)
    labels = _check(distance, queries, query_labels, gallery, gallery_labels, exclude_self)
    with Workers(threads) if workers is None else nullcontext(workers) as workers:
        kind = Levels if metric in CODE_DISTANCES else _Rankings
        rankings = kind(distance, queries, gallery, *labels, exclude_self, depth)
        found = rankings.figures(workers, advance)
        with threadpool_limits(limits=workers.threads, user_api="blas"):
            index = FlatIndex(metric, threads=workers.threads).add(distance.keep(gallery))
            seconds = seconds_per_query(index, queries, min(k, len(gallery)), workers)
    if each is not None:
        each.update(found)
    return {**{name: float(values.mean()) for name, values in found.items()}, "seconds_per_query": seconds}


def _check(distance, queries, query_labels, gallery, gallery_labels, exclude_self):
    """Refuse what cannot be evaluated; return both labels on the host."""
    distance.check(gallery, "gallery", ranks=True)
    distance.check(queries, "queries", gallery.shape[1])
    array_module(queries, gallery)
    query_labels = check_labels(query_labels, "query_labels", len(queries))
    gallery_labels = check_labels(gallery_labels, "gallery_labels", len(gallery))
    if exclude_self:
        check_own_rows(queries, gallery)
    check_relevant_exist(query_labels, gallery_labels, exclude_self)
    return query_labels, gallery_labels


class _Rankings:
    """The rankings of one gallery by all queries, of which only the figures are kept."""

    def __init__(self, distance, queries, gallery, query_labels, gallery_labels, exclude_self, depth):
        self.xp = xp = array_module(queries, gallery)
        self.distance, self.queries = distance, queries
        self.gallery = self.distance.prepare(gallery, ranks=True)
        self.query_labels, self.gallery_labels = to_device(query_labels, xp), to_device(gallery_labels, xp)
        self.numbers = xp.arange(len(gallery), dtype=np.uint64) << RELEVANT
        self.exclude_self, self.depth = bool(exclude_self), depth

    def figures(self, workers, advance=None):
        """Return the figures of all queries, {"map": (nq,) float64, ...}; see `figures.definitions`."""
        chunks = list((workers.each if self.xp is np else map)(lambda start: self._chunk(start, advance),
                                                               range(0, len(self.queries), CHUNK)))
        return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in definitions(self.depth)}

    def _chunk(self, start, advance):
        """Rank for the queries from `start` on; return their figures, on the host."""
        q, labels = self.queries[start:start + CHUNK], self.query_labels[start:start + CHUNK]
        keys = pack(self.distance.score(q, self.gallery), self.numbers)
        keys |= labels[:, None] == self.gallery_labels
        if self.exclude_self:
            rows = self.xp.arange(len(q))
            keys[rows, rows + start] = LAST
        keys.sort(axis=1)
        relevant = (keys[:, :len(self.numbers) - self.exclude_self] & RELEVANT).astype(bool)
        found = {name: to_host(values) for name, values in of_rankings(relevant, self.depth).items()}
        if advance is not None:
            advance(len(q))
        return found
