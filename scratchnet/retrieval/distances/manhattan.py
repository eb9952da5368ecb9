"""The Manhattan distance: the paper's Equation 3. Minima give its order with one pass over all pairs less."""
from typing import NamedTuple

import numpy as np

from ...backend import array_module
from .base import Distance
from .pairs import add_differences, add_pairs


class Gallery(NamedTuple):
    """A gallery as it is scored: `rows` (nb, d); to pick candidates also their `sums` (nb,) and the largest Σ |b|."""

    rows: object
    sums: object = None
    largest: object = None


class Manhattan(Distance):
    """d(q, b) = Σ_k |q_k − b_k|, Equation 3.

    The score that picks candidates is Σ q + Σ b − 2 Σ min(q, b), since |q − b| = q + b − 2 min(q, b). It cancels
    between close vectors; what ranks is the distance itself.
    """

    name = "manhattan"
    place = 2
    uses_workers = True

    def between(self, q, b):
        """Return d(q, b) of every pair."""
        return add_differences(q, b, array_module(q, b).abs)

    def paired(self, q, b):
        """Return the distances of each query to its own vectors, all at once."""
        return self.between(q, b)

    def prepare(self, b, ranks=False):
        """Return the `Gallery`: float32 with its sums to pick candidates, as it is to rank."""
        if ranks:
            return Gallery(b)
        rows = b.astype(np.float32, copy=False)
        return Gallery(rows, rows.sum(axis=1), _sizes(rows).max())

    def take(self, gallery, ids):
        """Return the `Gallery` of some vectors; the largest Σ |b| of all bounds theirs."""
        return Gallery(gallery.rows[ids], gallery.sums[ids], gallery.largest)

    def score(self, q, gallery, workers=None):
        """Return the distances from sums and minima, or from differences where they rank: (nq, nb) float32."""
        if gallery.sums is None:
            return self.between(q, gallery.rows).astype(np.float32, copy=False)
        xp = array_module(q, gallery.rows)
        q = q.astype(np.float32, copy=False)
        scores = _minima(q, gallery.rows, workers)
        scores *= -2
        scores += gallery.sums
        scores += q.sum(axis=1)[:, None]
        return xp.maximum(scores, 0, out=scores)

    def nearest_beyond(self, q, gallery, scores):
        """Return what is left of the score: of one sum of d terms, or of three and their difference."""
        d, unit = q.shape[1], float(np.finfo(np.float32).eps)
        scores = scores.astype(np.float64)
        if gallery.sums is None:
            return scores * (1 - (d + 2) * unit)
        size = (_sizes(q.astype(np.float32, copy=False)) + gallery.largest).astype(np.float64)
        return array_module(scores).clip(scores - (3 * d + 16) * unit * size, 0, None)


def _sizes(rows):
    """Return Σ |·| of each row, (n,): what bounds the terms that a score is added up from."""
    return array_module(rows).abs(rows).sum(axis=1)


def _minima(q, rows, workers):
    """Return Σ min(q, b) of every pair; each worker takes a part of the gallery."""
    xp = array_module(q, rows)
    if workers is None or workers.threads == 1:
        return add_pairs(q, rows, xp.minimum)
    parts = np.array_split(rows, workers.threads)
    return np.concatenate(list(workers.each(lambda part: add_pairs(q, part, np.minimum), parts)), axis=1)
