"""The angular distance: the paper's Equations 4 and 5, the second of them turned the right way round."""
import numpy as np

from ...backend import array_module
from .base import Distance
from .pairs import add_differences
from .products import Gallery, Rows, common, shrunk, squared_differences, surely_left, with_squares

SMALLEST = 1e-15          # rows of float64 that are all below this are kept enlarged, since float32 ends at 1e-38


class Angular(Distance):
    """The angle between q and b as a fraction of a half turn: arccos(s) / π, from 0 to 1.

    s is the cosine similarity of Equation 4. The arccosine is taken as 2·atan2(‖u − v‖, ‖u + v‖) of the unit
    vectors u and v: the same angle, but exact where the arccosine is not, next to s = ±1. A zero vector has no
    direction; its distance to every vector, another zero vector too, is 0.5, a right angle.

    The score is ‖u − v‖², which is 2 − 2 s, so no arccosine is taken of a whole matrix.
    """

    name = "angular"
    place = 3
    smallest = 0.0  # lengths are no matter

    def between(self, q, b):
        """Return the angle of every pair over π."""
        xp = array_module(q, b)
        u, v = directions(q), directions(b)
        angle = 2 / np.pi * xp.arctan2(add_differences(u, v, xp.square) ** 0.5,
                                       add_differences(u, -v, xp.square) ** 0.5)
        both_zero = ~u.any(axis=-1)[:, None] & ~v.any(axis=-1)
        return xp.where(both_zero, 0.5, angle).astype(np.result_type(q.dtype, b.dtype))

    def paired(self, q, b):
        """Return the distances of each query to its own vectors, all at once."""
        return self.between(q, b)

    def keep(self, x):
        """Return a copy in float32; rows of float64 too small for it are enlarged, which keeps their directions."""
        if x.dtype == np.float64:
            xp = array_module(x)
            largest = xp.abs(x).max(axis=1, keepdims=True)
            x = x / xp.where((largest > 0) & (largest < SMALLEST), largest, 1.0)
        return x.astype(np.float32)

    def prepare(self, b, ranks=False):
        """Return the `Gallery` of directions: in float32 to pick candidates; to rank, in float64 less the `common`."""
        centre = common(directions(b)) if ranks else None
        return Gallery(_unit_rows(b, centre, np.float64 if ranks else np.float32), centre)

    def take(self, gallery, ids):
        """Return the `Gallery` of some vectors."""
        return gallery.take(ids)

    def score(self, q, gallery, workers=None):
        """Return ‖u − v‖², (nq, nb) float32."""
        return squared_differences(self._query(q, gallery), gallery.vectors)

    def nearest_beyond(self, q, gallery, scores):
        """Return the angle that belongs to what is left of the score."""
        xp = array_module(scores)
        left = surely_left(self._query(q, gallery), gallery.vectors, scores)
        return xp.arccos(1 - xp.clip(left, 0, 4) / 2) / np.pi

    def _query(self, q, gallery):
        return _unit_rows(q, gallery.centre, gallery.vectors.rows.dtype)


def directions(x):
    """Return the rows of `x` (..., d) at unit length, float64; a zero row stays zero.

    A row is divided by its largest entry first, so that squares neither overflow nor vanish.
    """
    xp = array_module(x)
    x = x.astype(np.float64)
    largest = xp.abs(x).max(axis=-1, keepdims=True)
    x /= xp.where(largest == 0, 1.0, largest)
    lengths = xp.sqrt(xp.square(x).sum(axis=-1, keepdims=True))
    x /= xp.where(lengths == 0, 1.0, lengths)
    return x


def printed_cosine(q, b):
    """Return 1 − arccos(s) / π: Equation 5 as it is printed.

    The paper calls it a distance and sorts by its minimum, but it is 1 for equal vectors and 0 for opposite
    ones: a similarity, whose minimum is the least similar image. That is why it is not among `DISTANCES`;
    `Angular`, its complement, gives the ranking that the paper must have meant. Parameters, result and errors
    as in `Distance`.
    """
    return 1 - Angular()(q, b)


def _unit_rows(x, centre, dtype):
    """Return the `Rows` of the directions u less the centre c; zero vectors, which have no direction, have the squares
    that put them at a right angle to all: ‖u‖² = 1 without a centre, and with one ‖u − c‖² = 1 + ‖c‖²."""
    xp, rows = array_module(x), directions(x)
    if centre is None:
        return Rows(rows.astype(dtype, copy=False), shrunk(xp.ones(len(x), dtype)))
    squares = xp.where(rows.any(axis=1), with_squares(rows - centre).squares, shrunk(1 + xp.square(centre).sum()))
    return Rows(rows - centre, squares)
