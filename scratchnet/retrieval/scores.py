"""Numbers that sort like distances, fast.

A ranking needs the order of the distances, not the distances. For Euclidean and angular distance a score with
the same order comes out of one matrix product over all pairs; index.py and evaluation.py rank by it.
"""
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..backend import array_module
from ..workspace import groups
from .distances import add_differences, check_metric, directions


class Scorer:
    """Numbers that sort a gallery like its distances to a query do, at a fraction of their price.

    Euclidean: the squared distance ‖q‖² + ‖b‖² − 2 q·b, one matrix product for all pairs. Angular: the same of
    the unit vectors, which is 2 − 2 s, so no arccosine is taken of a whole matrix. Manhattan has no such form:
    its score is the distance. Products cancel between close vectors; in float64, what is closer than a
    millionth of its length counts as equal, and so equal vectors score exactly 0.

    Parameters
    ----------
    metric : {"euclidean", "manhattan", "angular"}
    gallery : (nb, d) float32 or float64 array
    dtype : float32 or float64
        In which products are computed.
    threads : int
        That share the gallery for the Manhattan distance on a CPU; products are BLAS's, which has threads of its own.
        The scores do not depend on it.
    """

    def __init__(self, metric, gallery, dtype, threads=1):
        self.metric = check_metric(metric)
        self.dtype = np.dtype(np.float32 if metric == "manhattan" else dtype)  # no product, so nothing cancels
        self.rows = self._rows(gallery)
        self.squares = self._squares(self.rows)
        self.largest = self.squares.max()
        self.parts = np.array_split(self.rows, threads) if metric == "manhattan" and threads > 1 else []
        self.pool = ThreadPoolExecutor(threads) if self.parts else None

    def __call__(self, q):
        """Return the scores of queries (nq, d): (nq, nb) float32, none below 0."""
        xp = array_module(q)
        q = self._rows(q)
        if self.parts:
            scores = self.pool.map(lambda rows: add_differences(q, rows, np.abs), self.parts)
            return np.concatenate(list(scores), axis=1)
        if self.metric == "manhattan":
            return add_differences(q, self.rows, xp.abs)
        scores = xp.empty((len(q), len(self.rows)), np.float32)
        squares, q = self._squares(q)[:, None], -2 * q
        for block in groups(xp, len(self.rows), scores.size * self.dtype.itemsize):
            products = q @ self.rows[block].T
            products += self.squares[block]
            products += squares
            scores[:, block] = xp.maximum(products, 0, out=products)
        return scores

    def nearest_beyond(self, q, scores):
        """Return a distance (nq,) float64 that every gallery vector scored `scores` (nq,) or more keeps from q.

        It is what is left of the score after the largest error that rounding can have made.
        """
        xp = array_module(q, scores)
        d, unit = q.shape[1], float(np.finfo(np.float32).eps)  # scores are float32, products that or finer
        scores = scores.astype(np.float64)
        if self.metric == "manhattan":
            return scores * (1 - (d + 2) * unit)
        size = (self._squares(self._rows(q)) + self.largest).astype(np.float64)
        left = xp.clip(scores - (2 * d + 16) * unit * size - 1e-30, 0, None)
        return xp.sqrt(left) if self.metric == "euclidean" else xp.arccos(1 - xp.clip(left, 0, 4) / 2) / np.pi

    def _rows(self, x):
        """What is multiplied or subtracted: the vectors, or their directions."""
        return (directions(x) if self.metric == "angular" else x).astype(self.dtype, copy=False)

    def _squares(self, rows):
        """‖·‖² of each row, (n,), shrunk by 1e-12 (nothing in float32); 1 for directions, also of zero vectors."""
        xp = array_module(rows)
        squares = xp.ones(len(rows), self.dtype) if self.metric == "angular" else xp.square(rows).sum(axis=1)
        return squares * self.dtype.type(1 - 1e-12)
