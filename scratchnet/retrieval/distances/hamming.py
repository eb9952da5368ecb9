"""The Hamming distance between binary codes: in how many bits two of them differ.

A code of 48 bits is six bytes, and a processor takes eight of them at once: XOR leaves a 1 where two codes differ, and
one instruction counts the ones. So a query looks at 50,000 codes in the time in which it multiplies with some hundred
descriptors.
"""
from typing import NamedTuple

import numpy as np

from ...backend import array_module
from ...workspace import empty
from ..ranking import pack, unpack
from ..vectors import check_codes
from .base import Metric

WORD = 8  # bytes that are compared at once


class Gallery(NamedTuple):
    """Codes ready to be compared: `words` (W, nb) uint64, and the `dtype` that holds any distance of theirs."""

    words: object
    dtype: type


class Hamming(Metric):
    """d(q, b) = Σ_k [q_k ≠ b_k] over the bits k of two codes, which come packed, eight bits to a byte (`pack_bits`)."""

    name = "hamming"
    kept_as, found_as = np.uint8, np.int32  # FAISS's types, too
    uses_workers = True

    def __call__(self, q, b):
        """Return d(q, b) of every pair.

        Parameters
        ----------
        q : (nq, bytes) uint8 array
        b : (nb, bytes) uint8 array

        Returns
        -------
        (nq, nb) int32 array

        Raises
        ------
        InputError
            If an array is not of that kind, or the two differ in their number of bytes.
        """
        self.check(b, "gallery")
        self.check(q, "queries", b.shape[1])
        array_module(q, b)
        return self.between(q, self.prepare(b)).astype(np.int32)

    def check(self, x, name, d=None, ranks=False):
        """Refuse what is not an array (n, d) of bytes."""
        check_codes(x, name, d)

    def keep(self, x):
        """Return a copy of codes `x` (n, bytes)."""
        return x.copy()

    def prepare(self, b):
        """Return the `Gallery` of codes b (nb, bytes)."""
        return Gallery(array_module(b).ascontiguousarray(_words(b).T), np.min_scalar_type(8 * b.shape[1]))

    def between(self, q, gallery):
        """Return d(q, b) of every pair, (nq, nb), in the gallery's dtype."""
        xp, words, shape = array_module(q, gallery.words), _words(q), (len(q), gallery.words.shape[1])
        distances, differing = empty(xp, shape, gallery.dtype), empty(xp, shape, np.uint64)
        distances[...] = 0
        for i, part in enumerate(gallery.words):
            distances += xp.bitwise_count(xp.bitwise_xor(words[:, i, None], part, out=differing))
        return distances

    def nearest(self, q, gallery, k, workers=None):
        """Return the k nearest of each query: distances and ids, both (nq, k); of equal distances the lower id first.

        Parameters
        ----------
        q : (nq, bytes) uint8 array
        gallery : what `prepare` returned
        k : int
            At most the number of codes.
        workers : Workers or Pool, optional
            Open; share the queries on a CPU.
        """
        xp = array_module(q, gallery.words)
        if xp is not np:
            keys = pack(self.between(q, gallery).astype(np.float32), xp.arange(gallery.words.shape[1], dtype=np.uint64))
            return unpack(xp.sort(keys, axis=1)[:, :k])
        if workers is None or len(q) == 1:
            return self._one_by_one(q, gallery, k)
        parts = np.array_split(q, min(workers.threads, len(q)))
        D, ids = zip(*workers.each(lambda part: self._one_by_one(part, gallery, k), parts))
        return np.concatenate(D), np.concatenate(ids)

    def _one_by_one(self, q, gallery, k):
        """Do what `nearest` does, one query after the other.

        Distances are small whole numbers: so that of the k-th nearest is found by halving the range in which it must
        be, and counting each time how many are not above the middle. That takes six passes for 48 bits, over single
        bytes; then only the few that are near enough are put in order.
        """
        D, ids = np.empty((len(q), k), np.int32), np.empty((len(q), k), np.int64)
        for i in range(len(q)):
            distances = self.between(q[i:i + 1], gallery)[0]
            low, high = 0, 8 * q.shape[1]
            while low < high:
                middle = (low + high) // 2
                if np.count_nonzero(distances <= middle) < k:
                    low = middle + 1
                else:
                    high = middle
            near = np.flatnonzero(distances <= low)
            ids[i] = near[distances[near].argsort(kind="stable")[:k]]
            D[i] = distances[ids[i]]
        return D, ids


def _words(codes):
    """Return codes (n, bytes) as (n, W) uint64, with as many zeros after them as that takes."""
    xp, (n, size) = array_module(codes), codes.shape
    padded = xp.zeros((n, -(-size // WORD) * WORD), np.uint8)
    padded[:, :size] = codes
    return padded.view(np.uint64)
