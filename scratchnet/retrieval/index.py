"""Exact nearest neighbours by looking at every vector: no training, no approximation.

The calls are FAISS's: ``FlatIndex("angular").add(gallery)``, then ``D, I = index.search(queries, k)``. A quick
score of the whole gallery (one matrix product, where the metric has one) picks a few more candidates than
asked for, and their true distances decide. Rounding in the scores could hide a neighbour; where the margin
does not rule that out, the query is searched again with more candidates.
"""
from contextlib import nullcontext

import numpy as np

from .. import checkpoint
from ..backend import array_module, to_host
from ..checks import positive
from ..errors import InputError, SettingsError
from ..parallel import default_threads
from ..schema import exactly, nothing, text
from .distances import CODE_DISTANCES, check_metric, metric_named
from .pool import Pool
from .ranking import pack, unpack

KIND = "FlatIndex"
DESCRIPTION = {"kind": exactly(KIND), "metric": text, "source": (nothing, text)}  # of the file of an index
LIMIT = 2**38             # bytes of its file
MARGIN = 32               # candidates beyond k
BYTES_A_PAIR = 32         # product, score, key and partitioned key of one query and one gallery vector
BYTES_A_NUMBER = 32       # float64 numbers of a candidate: the vector, its differences, what a distance makes of them
ROUNDING = 1 - 1e-6       # float32 distances are right to this factor


class FlatIndex:
    """A searchable gallery of vectors.

    Parameters
    ----------
    metric : str
        A name in `DISTANCES`: "euclidean", "manhattan", "angular"; or in `CODE_DISTANCES`: "hamming". Its vectors are
        binary codes, packed: (n, bytes) uint8.
    memory_limit_bytes : int
        Roughly what a search may use at a time beyond the gallery itself: queries go in chunks of that size.
    source : str
        A hash of the weights and data from which the vectors come; saved with them, see `load`.
    threads : int, optional
        That share a Manhattan or Hamming search on a CPU; None means one per core. They live as long as the search:
        see `open_workers`. The other metrics are BLAS's, which has a setting of its own.

    Attributes
    ----------
    d : int or None
        Numbers in a vector, or bytes in a code; None while the index is empty.

    Raises
    ------
    SettingsError
        If there is no such metric, or the memory limit or the number of threads is not positive.
    """

    def __init__(self, metric, memory_limit_bytes=2**28, source="", threads=None):
        positive(memory_limit_bytes=memory_limit_bytes)
        self.metric, self.source = check_metric(metric), source
        self.memory_limit_bytes = memory_limit_bytes
        self.threads = default_threads() if threads is None else threads
        positive(threads=self.threads)
        self.d = None
        self._parts, self._gallery = [], None

    def __len__(self):
        return sum(len(part) for part in self._parts)

    def add(self, x):
        """Append vectors `x` (n, d), float32 or float64, kept as float32, or codes; ids continue. Return the index.

        Where float32 would lose what the metric compares, the metric changes the vectors to keep it: rows too small
        for float32 are enlarged for the angular distance.

        Raises
        ------
        InputError
            If `x` is not finite, floating point (or uint8, where the metric takes codes) and of the width of what is
            already there, or if in float32 the distances between its rows would be others.
        """
        self._distance.check(x, "vectors", self.d)
        array_module(x, *self._parts)
        kept = self._distance.keep(x)
        self._distance.check_kept(x, kept)
        self._parts.append(kept)
        self.d, self._gallery = x.shape[1], None
        return self

    @property
    def vectors(self):
        """Everything that was added, as it is kept: (n, d) float32, or uint8 codes."""
        if len(self._parts) > 1:
            self._parts = [array_module(*self._parts).concatenate(self._parts)]
        if not self._parts:
            raise InputError("the index is empty: add vectors first")
        return self._parts[0]

    @property
    def _distance(self):
        return metric_named(self.metric)

    def open_workers(self):
        """Return a context: the pool that a search would open for itself, or None where it would open none.

        Whoever searches again and again opens it once, ``with index.open_workers() as workers:``, and passes it on.
        """
        wanted = self._distance.uses_workers and self.threads > 1 and array_module(self.vectors) is np
        return Pool(self.threads) if wanted else nullcontext()

    def search(self, q, k, workers=None):
        """Return the k nearest vectors of each query.

        Parameters
        ----------
        q : (nq, d) float32 or float64 array, or uint8 codes
        k : int
            From 1 to the number of vectors.
        workers : Workers or Pool, optional
            Open, to be used instead of a pool for this search alone. They have no influence on the result.

        Returns
        -------
        D : (nq, k) float32 array
            Distances, nearest first; those of codes are int32.
        I : (nq, k) int64 array
            Ids, in the order of adding, from 0; of equal distances the lower id first.

        Raises
        ------
        InputError
            If the index is empty, or queries are not of the kind and the width of what was added.
        SettingsError
            If k is no whole number from 1 to the size of the gallery.
        """
        nb = len(self.vectors)
        if not isinstance(k, int | np.integer) or not 1 <= k <= nb:
            raise SettingsError(f"k must be a whole number from 1 to {nb}, the size of the gallery, got {k}: "
                                "ask for fewer neighbours or add more vectors")
        self._distance.check(q, "queries", self.d)
        xp, k = array_module(q, self.vectors), int(k)
        self._prepare()
        q = self._distance.keep(q)
        chunk = max(1, self.memory_limit_bytes // (BYTES_A_PAIR * nb))
        keys = xp.empty((len(q), k), np.uint64)
        with self.open_workers() if workers is None or xp is not np else nullcontext(workers) as workers:
            for start in range(0, len(q), chunk):
                keys[start:start + chunk] = self._nearest(q[start:start + chunk], k, k + MARGIN, workers)
        D, ids = unpack(keys)
        return D.astype(self._distance.found_as, copy=False), ids

    def _nearest(self, q, k, m, workers, among=None):
        """Return the sorted keys of the k nearest of each query, (nq, k): vectors among m candidates or more.

        `among` (n,) are the ids of all that is looked at, if that is not the whole gallery.
        """
        if self.metric in CODE_DISTANCES:
            D, ids = self._distance.nearest(q, self._gallery, k, workers)
            return pack(D.astype(np.float32), ids.astype(np.uint64))
        xp, gallery, nb = array_module(q), self._gallery, len(self.vectors)
        if among is not None:
            gallery, nb = self._distance.take(gallery, among), len(among)
        keys = pack(self._distance.score(q, gallery, workers), xp.arange(nb, dtype=np.uint64))
        if m < nb:
            keys = xp.partition(keys, m - 1, axis=1)[:, :m]
        scores, ids = unpack(keys)
        ids = ids if among is None else among[ids]
        keys = xp.sort(pack(self._distances(q, ids), ids.astype(np.uint64)), axis=1)[:, :k]
        if m < nb:
            beyond = self._distance.nearest_beyond(q, gallery, scores.max(axis=1))
            unsure = xp.nonzero(unpack(keys[:, -1])[0] >= ROUNDING * beyond)[0]
            if len(unsure):
                keys[unsure] = self._nearest(q[unsure], k, 2 * m, workers, among)
        return keys

    def search_among(self, q, ids, k):
        """Return the k nearest vectors of each query among its own candidates.

        Parameters
        ----------
        q : (nq, d) float32 or float64 array
        ids : (nq, m) integer array
            Which vectors to look at, each at most once.
        k : int
            From 1 to m.

        Returns
        -------
        D, I
            As `search`.

        Raises
        ------
        InputError
            If the index is empty, queries are not of the kind and the width of what was added, or ids not of theirs.
        SettingsError
            If k is no such number, or the index is one of codes.
        """
        if self.metric in CODE_DISTANCES:
            raise SettingsError("candidates are ranked by distances of vectors: give an index of vectors, not of codes")
        nb = len(self.vectors)
        self._distance.check(q, "queries", self.d)
        xp = array_module(q, ids, self.vectors)
        right = ids.ndim == 2 and len(ids) == len(q) and ids.dtype.kind in "iu"
        if not right or not bool(((ids >= 0) & (ids < nb)).all()):
            raise InputError(f"candidates must be a row of ids for each of {len(q)} queries, from 0 to {nb - 1}, got "
                             f"{ids.dtype} of shape {tuple(ids.shape)}")
        (k,) = positive(k=k)
        if k > ids.shape[1]:
            raise SettingsError(f"k must be at most {ids.shape[1]}, the number of candidates, got {k}")
        self._prepare()
        q = self._distance.keep(q)
        return unpack(xp.concatenate([self._nearest(q[i:i + 1], k, k + MARGIN, None, ids[i]) for i in range(len(q))]))

    def _prepare(self):
        if self._gallery is None:
            self._gallery = self._distance.prepare(self.vectors)

    def _distances(self, q, ids):
        """Return the distances of each query to its own candidates `ids` (nq, m), by definition, float32."""
        xp, (nq, m) = array_module(q), ids.shape
        q, D = q.astype(np.float64), xp.empty((nq, m), np.float32)
        if xp is np:  # one query's candidates stay in cache
            for i in range(nq):
                D[i] = self._distance.between(q[i:i + 1], self.vectors[ids[i]].astype(np.float64))[0]
            return D
        together = max(1, self.memory_limit_bytes // (BYTES_A_NUMBER * m * self.d))
        for start in range(0, nq, together):
            some = slice(start, start + together)
            D[some] = self._distance.paired(q[some], self.vectors[ids[some]].astype(np.float64))
        return D

    def save(self, path):
        """Write vectors, metric and source to `path` (.npz without pickle), whole or not at all.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        checkpoint.save(path, {"vectors": to_host(self.vectors)},
                        {"kind": KIND, "metric": self.metric, "source": self.source})

    @classmethod
    def load(cls, path, expect=None, **settings):
        """Return the index that `save` wrote; `settings` go to the constructor.

        Parameters
        ----------
        path : path
        expect : str, optional
            The source that the index must have: the hash of the weights and data in use now.

        Raises
        ------
        CheckpointError
            If the file is missing or damaged.
        InputError
            If it holds something else, or an index of another source: what it would find belongs to
            descriptors that are no longer computed.
        """
        arrays, description = checkpoint.load(path, limit=LIMIT)
        if not isinstance(description, dict) or description.get("kind") != KIND:
            raise InputError(f"{path} is not an index: give a file that FlatIndex.save wrote")
        checkpoint.check(description, DESCRIPTION, path)
        checkpoint.check_shapes(arrays, {"vectors": ((None, None), metric_named(description["metric"]).kept_as)}, path)
        if expect is not None and description["source"] != expect:
            raise InputError(f"{path} was built from other weights or data (source {description['source']!r}, "
                             f"expected {expect!r}): build the index again")
        return cls(description["metric"], source=description["source"], **settings).add(arrays["vectors"])
