"""The Euclidean distance: the paper's Equation 2. Its squares come out of one matrix product."""
import numpy as np

from ...backend import array_module
from .base import Distance
from .pairs import add_differences
from .products import Gallery, common, squared_differences, surely_left, with_squares


class Euclidean(Distance):
    """d(q, b) = √ Σ_k (q_k − b_k)², Equation 2. The score is its square."""

    name = "euclidean"
    place = 1
    smallest = 1e-12  # scores are squares

    def between(self, q, b):
        """Return d(q, b) of every pair."""
        xp = array_module(q, b)
        return xp.sqrt(add_differences(q, b, xp.square))

    def paired(self, q, b):
        """Return the distances of each query to its own vectors, all at once."""
        return self.between(q, b)

    def prepare(self, b, ranks=False):
        """Return the `Gallery`: in float32 to pick candidates; to rank, in float64 less what is `common`."""
        centre = common(b) if ranks else None
        return Gallery(_rows(b, centre, np.float64 if ranks else np.float32), centre)

    def take(self, gallery, ids):
        """Return the `Gallery` of some vectors."""
        return gallery.take(ids)

    def score(self, q, gallery, workers=None):
        """Return the squared distances, (nq, nb) float32."""
        return squared_differences(self._query(q, gallery), gallery.vectors)

    def nearest_beyond(self, q, gallery, scores):
        """Return the root of what is left of the score."""
        return array_module(scores).sqrt(surely_left(self._query(q, gallery), gallery.vectors, scores))

    def _query(self, q, gallery):
        return _rows(q, gallery.centre, gallery.vectors.rows.dtype)


def _rows(x, centre, dtype):
    return with_squares((x if centre is None else x - centre).astype(dtype, copy=False))
