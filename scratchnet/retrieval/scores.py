"""Numbers that sort like distances, fast.

A ranking needs the order of the distances, not the distances. For Euclidean and angular distance a score with
the same order comes out of one matrix product over all pairs; index.py and evaluation.py rank by it.
"""
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..backend import array_module
from ..workspace import groups
from .distances import add_pairs, check_metric, directions


class Scorer:
    """Numbers that sort a gallery like its distances to a query do, at a fraction of their price.

    Euclidean: the squared distance ‖q‖² + ‖b‖² − 2 q·b, one matrix product for all pairs. Angular: the same of
    the unit vectors, which is 2 − 2 s, so no arccosine is taken of a whole matrix. Manhattan: Σ q + Σ b −
    2 Σ min(q, b), since |q − b| = q + b − 2 min(q, b): one pass over all pairs less than the distance takes.

    All three cancel between close vectors. In float64 they rank: what is closer than a millionth of its length
    counts as equal, so equal vectors score exactly 0; and the Manhattan score is the distance itself.

    Parameters
    ----------
    metric : {"euclidean", "manhattan", "angular"}
    gallery : (nb, d) float32 or float64 array
    dtype : float32 or float64
        float32 to pick candidates, float64 to rank by the scores themselves.
    threads : int
        That share the gallery for the Manhattan distance on a CPU; products are BLAS's, which has threads of its own.
        The scores do not depend on it.
    """

    def __init__(self, metric, gallery, dtype, threads=1):
        self.metric = check_metric(metric)
        self.differences = metric == "manhattan" and np.dtype(dtype) == np.float64
        self.dtype = np.dtype(np.float32 if metric == "manhattan" else dtype)
        self.rows = self._rows(gallery)
        self.sums = self.rows.sum(axis=1) if metric == "manhattan" else self._squares(self.rows)
        self.largest = self._size(self.rows).max()
        self.parts = np.array_split(self.rows, threads) if metric == "manhattan" and threads > 1 else [self.rows]
        self.pool = ThreadPoolExecutor(threads - 1) if len(self.parts) > 1 else None

    def __call__(self, q):
        """Return the scores of queries (nq, d): (nq, nb) float32, none below 0."""
        xp = array_module(q)
        q = self._rows(q)
        if self.differences:
            return self._add_pairs(q, xp.subtract, xp.abs)
        if self.metric == "manhattan":
            scores = self._add_pairs(q, xp.minimum)
            scores *= -2
            scores += self.sums
            scores += q.sum(axis=1)[:, None]
            return xp.maximum(scores, 0, out=scores)
        scores = xp.empty((len(q), len(self.rows)), np.float32)
        squares, q = self._squares(q)[:, None], -2 * q
        for block in groups(xp, len(self.rows), scores.size * self.dtype.itemsize):
            products = q @ self.rows[block].T
            products += self.sums[block]
            products += squares
            scores[:, block] = xp.maximum(products, 0, out=products)
        return scores

    def _add_pairs(self, q, *combine_and_fold):
        """Return `add_pairs` of the queries and the gallery: the first part by this thread, the others by their own."""
        others = [self.pool.submit(add_pairs, q, rows, *combine_and_fold) for rows in self.parts[1:]]
        first = add_pairs(q, self.parts[0], *combine_and_fold)
        return np.concatenate([first, *(other.result() for other in others)], axis=1) if others else first

    def nearest_beyond(self, q, scores):
        """Return a distance (nq,) float64 that every gallery vector scored `scores` (nq,) or more keeps from q.

        It is what is left of the score after the largest error that rounding can have made.
        """
        xp = array_module(q, scores)
        d, unit = q.shape[1], float(np.finfo(np.float32).eps)  # scores are float32, products that or finer
        scores = scores.astype(np.float64)
        if self.differences:
            return scores * (1 - (d + 2) * unit)
        size = (self._size(self._rows(q)) + self.largest).astype(np.float64)
        if self.metric == "manhattan":  # three sums of d terms, and their difference
            return xp.clip(scores - (3 * d + 16) * unit * size, 0, None)
        left = xp.clip(scores - (2 * d + 16) * unit * size - 1e-30, 0, None)
        return xp.sqrt(left) if self.metric == "euclidean" else xp.arccos(1 - xp.clip(left, 0, 4) / 2) / np.pi

    def _size(self, rows):
        """What bounds the terms that a score is added up from, (n,): Σ |·| of a row, or its square."""
        return array_module(rows).abs(rows).sum(axis=1) if self.metric == "manhattan" else self._squares(rows)

    def _rows(self, x):
        """What is multiplied or subtracted: the vectors, or their directions."""
        return (directions(x) if self.metric == "angular" else x).astype(self.dtype, copy=False)

    def _squares(self, rows):
        """‖·‖² of each row, (n,), shrunk by 1e-12 (nothing in float32); 1 for directions, also of zero vectors."""
        xp = array_module(rows)
        squares = xp.ones(len(rows), self.dtype) if self.metric == "angular" else xp.square(rows).sum(axis=1)
        return squares * self.dtype.type(1 - 1e-12)
