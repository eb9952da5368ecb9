"""What a distance is: a definition, and whatever it knows of faster ways to the same order.

The definition subtracts first, so equal vectors are at distance exactly 0 and close ones lose no digits to
cancellation. A ranking needs the order of the distances only, and a search needs the distances of a few candidates
only: for those a distance may have a score, a number that sorts like it at a fraction of its price. A class that
gives no more than `name` and `between` is complete: its score is the definition itself.
"""
from abc import ABC, abstractmethod

import numpy as np

from ...backend import array_module
from ...errors import InputError
from ...workspace import groups
from ..vectors import check_vectors

LOOK, LOST = 1000, 0.001  # rows whose distances in float32 are looked at, and the share of them that may be lost
VANISHING = 1e-150        # squares of less are 0, even in float64


class Metric(ABC):
    """What an index asks of any distance. Instances hold no data: one serves every gallery and every thread.

    Attributes
    ----------
    name : str
        Under which it is found: the `metric` of an index or an evaluation.
    place : int
        In the order of what is found; of equal places the name decides.
    kept_as, found_as : type
        The dtypes of a gallery in an index, and of the distances that a search returns.
    uses_workers : bool
        Whether it shares its work out among workers. Products do not: BLAS has threads of its own.
    """

    name: str
    place = 100
    kept_as = found_as = np.float32
    uses_workers = False

    @abstractmethod
    def check(self, x, name, d=None, ranks=False):
        """Refuse what is not the kind of array (n, d) that it measures, before any arithmetic.

        Parameters
        ----------
        x : array
        name : str
            What people call it.
        d : int, optional
            How long its rows must be.
        ranks : bool
            Whether it is a gallery that scores are to rank.
        """

    @abstractmethod
    def keep(self, x):
        """Return a copy of `x` (n, d) as an index keeps it, at the same distances."""

    def check_kept(self, x, kept):
        """Refuse `x` (n, d) if the distances between some of its rows change from what they are `kept` as."""
        return  # those of bytes never do

    @abstractmethod
    def prepare(self, b):
        """Return of a gallery (nb, d) what is needed again for every query."""


class Distance(Metric):
    """A distance between vectors of real numbers.

    Attributes
    ----------
    smallest : float
        The least size of the largest number in a gallery that is to rank, unless that is 0: below, scores would vanish.
    """

    smallest = 1e-30  # scores are float32, which ends at 1e-38

    def __call__(self, q, b):
        """Return d(q, b) of every pair.

        Parameters
        ----------
        q : (nq, d) float32 or float64 array
            Queries.
        b : (nb, d) float32 or float64 array
            Gallery.

        Returns
        -------
        (nq, nb) array of the inputs' dtype

        Raises
        ------
        InputError
            If an array is not two-dimensional, floating point, finite and below 1e15, if the two differ in d, or if
            all of the gallery is below 1e-150, except for angles.
        """
        check_vectors(b, "gallery", smallest=min(self.smallest, VANISHING))
        check_vectors(q, "queries", d=b.shape[1])
        array_module(q, b)  # one backend, or a TypeError
        return self.between(q.astype(np.float64), b.astype(np.float64)).astype(np.result_type(q.dtype, b.dtype))

    @abstractmethod
    def between(self, q, b):
        """Return d(q, b) of every pair, (nq, nb), exactly and without checks: the definition.

        A pair's distance must not depend on what else stands in `q` and `b`.
        """

    def paired(self, q, b):
        """Return the distances of each query to vectors of its own, for a GPU, where a loop over queries is slow.

        Parameters
        ----------
        q : (nq, d) array
        b : (nq, m, d) array

        Returns
        -------
        (nq, m) array
        """
        return array_module(q, b).concatenate([self.between(q[i:i + 1], b[i]) for i in range(len(q))])

    def check(self, x, name, d=None, ranks=False):
        """Refuse what is not finite floating point (n, d), and a gallery that `ranks` if it is all below `smallest`."""
        check_vectors(x, name, d, self.smallest if ranks else 0.0)

    def keep(self, x):
        """Return a copy of vectors `x` (n, d) in float32."""
        return x.astype(np.float32)

    def check_kept(self, x, kept):
        """Refuse float64 vectors x (n, d) if the distances of some of them change from what they are `kept` as."""
        if x.dtype == kept.dtype:
            return
        some = slice(None, None, -(-len(x) // LOOK))
        x, kept = x[some], kept[some].astype(np.float64)
        if len(x) > 1:
            before, after = (self.paired(rows[:-1], rows[1:, None]) for rows in (x, kept))
            if float(abs(after - before).sum()) > LOST * float(before.sum()):
                raise InputError("an index stores vectors in float32, in which the distances between these would be "
                                 "wrong: subtract what all vectors and queries have in common, or rescale them")

    def prepare(self, b, ranks=False):
        """Return of a gallery what `score` needs again for every query.

        Parameters
        ----------
        b : (nb, d) float32 or float64 array
        ranks : bool
            Whether the scores themselves rank, so that order and ties must be those of the distance; otherwise they
            pick candidates, whose distances decide, and may be off by what `nearest_beyond` allows for.

        Returns
        -------
        object
            Here the gallery as float64; whatever suits the class.
        """
        return b.astype(np.float64, copy=False)

    def take(self, gallery, ids):
        """Return what `prepare` would return of the vectors `ids` (n,) alone, from what it returned of all."""
        return gallery[ids]

    def score(self, q, gallery, workers=None):
        """Return numbers that sort the gallery like the distance does.

        Parameters
        ----------
        q : (nq, d) float32 or float64 array
        gallery : what `prepare` returned
        workers : Workers or Pool, optional
            Open; may share the work, without an influence on the result. Not on a GPU.

        Returns
        -------
        (nq, nb) float32 array
            None below 0. Here the distances themselves, computed in float64; one query and a block of the gallery at
            a time, so that a definition may use memory for all numbers of all its pairs.
        """
        xp = array_module(q, gallery)
        q = q.astype(np.float64, copy=False)
        scores = xp.empty((len(q), len(gallery)), np.float32)
        for i in range(len(q)):
            for block in groups(xp, len(gallery), gallery.nbytes):
                scores[i:i + 1, block] = self.between(q[i:i + 1], gallery[block])
        return scores

    def nearest_beyond(self, q, gallery, scores):
        """Return a distance that every gallery vector with that score or a larger one keeps from the query.

        It is what is left of the score after the largest error that rounding can have made.

        Parameters
        ----------
        q : (nq, d) array
        gallery : what `prepare` returned
        scores : (nq,) float32 array

        Returns
        -------
        (nq,) float64 array
        """
        left = scores.astype(np.float64) * (1 - float(np.finfo(np.float32).eps)) - 1e-44  # below 1e-38 digits are fewer
        return array_module(scores).clip(left, 0, None)
