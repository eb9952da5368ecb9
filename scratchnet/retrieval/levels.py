"""Rankings of binary codes, of which their ties are kept: how many are at each distance, and how many are relevant.

A key carries distance, id and relevance of one image; sorted, the keys of a query are its ranking with ties by lower
id. Where each distance begins among them, and among the relevant ones, is all that `ties` needs.
"""
from functools import partial

import numpy as np

from ..backend import array_module, to_device, to_host
from .ties import bounds, expected

CHUNK = 64  # queries whose figures are computed together


class Levels:
    """The figures of the rankings of one gallery of codes by all queries.

    Parameters
    ----------
    metric : Metric
        One of `CODE_DISTANCES`.
    queries, gallery : (nq, bytes) and (nb, bytes) uint8 arrays
    query_labels, gallery_labels : (nq,) and (nb,) int64 arrays
        On the host.
    exclude_self : bool
        Query i is gallery row i, and no part of its own ranking.
    depth : int or tuple of ints
    """

    def __init__(self, metric, queries, gallery, query_labels, gallery_labels, exclude_self, depth):
        self.xp = xp = array_module(queries, gallery)
        self.metric, self.queries, self.gallery = metric, queries, metric.prepare(gallery)
        classes, labels = np.unique(np.concatenate([query_labels, gallery_labels]), return_inverse=True)
        labels = to_device(labels.astype(np.min_scalar_type(len(classes))), xp)  # single bytes are compared fastest
        self.query_labels, self.gallery_labels = labels[:len(queries)], labels[len(queries):]
        self.exclude_self, self.depth = exclude_self, depth
        nb, bits = len(gallery), 8 * gallery.shape[1]
        self.shift = (2 * nb - 1).bit_length()  # below a key's distance stand id and relevance
        last = (bits + 1) << self.shift
        self.dtype = np.uint32 if last < 2**32 else np.uint64
        self.ids = xp.arange(nb, dtype=self.dtype) << self.dtype(1)
        self.begins = xp.arange(bits + 2, dtype=self.dtype) << self.dtype(self.shift)  # where each distance does
        self.behind = self.dtype(last)
        self.numbers = np.arange(1, nb + 1, dtype=np.float64)
        self.reciprocals = 1 / self.numbers

    def figures(self, workers, advance=None):
        """Return the figures of all queries, {"map": (nq,) float64, ...}: those of `ties.expected`, and the full
        rankings' ``map_optimistic``, ``map_pessimistic`` and ``map_by_id``."""
        chunks = list((workers.each if self.xp is np else map)(partial(self._chunk, advance=advance),
                                                               range(0, len(self.queries), CHUNK)))
        return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}

    def _chunk(self, start, advance=None):
        """Rank for the queries from `start` on; return their figures, on the host."""
        stop = min(start + CHUNK, len(self.queries))
        n, k, by_id = zip(*(found for i in range(start, stop, self._together) for found in self._ranked(i, stop)))
        n, k = np.array(n), np.array(k)
        best, worst = bounds(n, k)
        if advance is not None:
            advance(stop - start)
        return {**expected(n, k, self.depth), "map_optimistic": best, "map_pessimistic": worst,
                "map_by_id": np.array(by_id)}

    @property
    def _together(self):
        """Queries whose keys are sorted at once: on a CPU those of one, which stay in cache."""
        return 1 if self.xp is np else CHUNK

    def _ranked(self, start, stop):
        """Yield of some queries (the numbers at each distance, those of them relevant, average precision by id)."""
        xp, some = self.xp, slice(start, min(start + self._together, stop))
        keys = self.metric.between(self.queries[some], self.gallery).astype(self.dtype)
        keys <<= self.dtype(self.shift)
        keys |= self.ids
        keys |= (self.query_labels[some, None] == self.gallery_labels).view(np.uint8)
        if self.exclude_self:
            rows = xp.arange(len(keys))
            keys[rows, rows + start] = self.behind
        keys.sort(axis=1)
        for row in keys:
            begins = xp.searchsorted(row, self.begins)
            places = xp.flatnonzero((row & self.dtype(1)).astype(bool))
            relevant = to_host(xp.searchsorted(places, begins))
            yield np.diff(to_host(begins)), np.diff(relevant), self._average_precision(to_host(places))

    def _average_precision(self, places):
        """Return the average precision of relevant images at these places, counted from 0."""
        return float((self.numbers[:len(places)] * self.reciprocals[places]).mean())
