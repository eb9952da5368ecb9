"""Two-stage search: codes first, which is quick, and descriptors of what they leave, which is right.

Lin et al. (2015) keep those pictures whose codes differ from the query's in few bits, the pool, and rank it by the
Euclidean distance of descriptors. What the codes have thrown out no ranking brings back: recall is the price.
"""
from ..backend import array_module
from ..checks import counts, positive
from ..errors import InputError, SettingsError
from .distances import CODE_DISTANCES, DISTANCES

CHUNK = 64  # queries whose codes are compared together


class TwoStageIndex:
    """Codes and descriptors of one gallery, searched one after the other.

    Parameters
    ----------
    codes : FlatIndex
        Of the metric "hamming".
    vectors : FlatIndex
        Of any distance of vectors, over the same pictures in the same order. Both are saved by themselves.

    Raises
    ------
    SettingsError
        If the metrics are not of these kinds.
    InputError
        If the two are not of one length, or come from different weights or data.
    """

    def __init__(self, codes, vectors):
        if codes.metric not in CODE_DISTANCES or vectors.metric not in DISTANCES:
            raise SettingsError(f"two stages are an index of codes and one of vectors, got {codes.metric} and "
                                f"{vectors.metric}: give FlatIndex(\"hamming\") first")
        if len(codes) != len(vectors) or codes.source != vectors.source:
            raise InputError(f"two stages must be of the same pictures, got {len(codes)} codes of source "
                             f"{codes.source!r} and {len(vectors)} vectors of source {vectors.source!r}: add both "
                             "together")
        self.codes, self.vectors = codes, vectors

    def search(self, q_codes, q, k, radius=None, candidates=None):
        """Return of each query the k nearest vectors among those that its code leaves.

        The pool are the pictures whose codes differ from the query's in at most `radius` bits; or the `candidates`
        nearest codes, of equal ones the lower id first. Where it holds fewer than k, and so where it is empty, it is
        the k nearest codes instead. With a radius of all bits, or all pictures as candidates, the search is exact.

        Parameters
        ----------
        q_codes : (nq, bytes) uint8 array
        q : (nq, d) float32 or float64 array
        k : int
        radius, candidates : int
            One of the two.

        Returns
        -------
        D : (nq, k) float32 array
            Distances of vectors, nearest first.
        I : (nq, k) int64 array
            Ids; of equal distances the lower id first.

        Raises
        ------
        SettingsError
            If not one of radius and candidates is given, or one is not a whole number that can be.
        InputError
            If queries are not of the kind and the width of the two indexes, or not as many codes as vectors.
        """
        (k,) = positive(k=k)
        if (radius is None) == (candidates is None):
            raise SettingsError("a pool has a radius in bits or a number of candidates: give one of the two")
        if len(q_codes) != len(q):
            raise InputError(f"each query is a code and a vector, got {len(q_codes)} codes and {len(q)} vectors")
        if candidates is not None:
            positive(candidates=candidates)
            _, pools = self.codes.search(q_codes, min(max(candidates, k), len(self.codes)))
            return self.vectors.search_among(q, pools, k)
        counts(radius=radius)
        _, nearest = self.codes.search(q_codes, k)
        xp, metric, gallery = array_module(q), CODE_DISTANCES[self.codes.metric], self.codes.vectors
        found = []
        for start in range(0, len(q), CHUNK):
            within = metric(q_codes[start:start + CHUNK], gallery) <= radius
            for i, row in enumerate(within, start):
                pool = xp.flatnonzero(row)
                pool = pool if len(pool) >= k else nearest[i]
                found.append(self.vectors.search_among(q[i:i + 1], pool[None], k))
        D, ids = zip(*found)
        return xp.concatenate(D), xp.concatenate(ids)
