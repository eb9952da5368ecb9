"""Squared differences of all pairs from one matrix product, ‖q − b‖² = ‖q‖² + ‖b‖² − 2 q·b.

That is fast, and cancels between close vectors. In float64 it ranks: what is closer than a millionth of its length
counts as equal, so equal vectors are at exactly 0. In float32 it picks candidates.
"""
from typing import NamedTuple

import numpy as np

from ...backend import array_module
from ...workspace import groups


class Rows(NamedTuple):
    """Vectors ready to be multiplied: `rows` (n, d) and `squares` (n,), of one dtype."""

    rows: object
    squares: object


class Gallery(NamedTuple):
    """A gallery as it is scored: `vectors` less the `centre` (d,), or less nothing where that is None."""

    vectors: Rows
    centre: object

    def take(self, ids):
        """Return the gallery of some of its vectors."""
        return Gallery(Rows(self.vectors.rows[ids], self.vectors.squares[ids]), self.centre)


def common(rows):
    """Return the median (d,) of rows (n, d) if most keep within a hundredth of its length from it, else None.

    What all have in common is no part of any difference, and its square would push them out of the product's digits.
    """
    xp = array_module(rows)
    middle = xp.median(rows, axis=0).astype(np.float64)
    away = xp.median(xp.square(rows - middle).sum(axis=1))
    return middle if float(away) < 1e-4 * float(xp.square(middle).sum()) else None


def with_squares(rows):
    """Return the `Rows` of vectors (n, d) with their own squares ‖·‖²."""
    return Rows(rows, shrunk(array_module(rows).square(rows).sum(axis=1)))


def shrunk(squares):
    """Return `squares` less 1e-12 of themselves, which is nothing in float32 and more than rounding in float64."""
    return squares * squares.dtype.type(1 - 1e-12)


def squared_differences(q, b):
    """Return ‖q − b‖² for every pair of two `Rows`: (nq, nb) float32, none below 0."""
    xp = array_module(q.rows, b.rows)
    scores = xp.empty((len(q.rows), len(b.rows)), np.float32)
    squares, minus_2q = q.squares[:, None], -2 * q.rows
    for block in groups(xp, len(b.rows), scores.size * b.rows.itemsize):
        products = minus_2q @ b.rows[block].T
        products += b.squares[block]
        products += squares
        scores[:, block] = xp.maximum(products, 0, out=products)
    return scores


def surely_left(q, b, scores):
    """Return what rounding in float32 must leave of ‖q − b‖² where the score is `scores` (nq,): float64."""
    xp, (_, d) = array_module(scores), q.rows.shape
    size = (q.squares + b.squares.max()).astype(np.float64)
    error = (2 * d + 16) * float(np.finfo(np.float32).eps) * size
    return xp.clip(scores.astype(np.float64) - error - 1e-30, 0, None)
