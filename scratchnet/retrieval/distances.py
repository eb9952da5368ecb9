"""How far apart two descriptors are: the paper's Equations 2 to 5 (section 4).

These functions are the definitions: they subtract first, so equal vectors are at distance exactly 0 and close
ones lose no digits to cancellation. They walk the gallery in blocks that stay in the processor's cache.
The fast way through a whole gallery is in scores.py.
"""
import numpy as np

from ..backend import array_module
from ..errors import InputError, SettingsError
from ..suggest import nearest

GROUP = 16                # queries that share a block of the gallery while it is in cache
CACHE_BYTES = 2**20       # differences kept at a time: about one processor core's second-level cache
DEVICE_BYTES = 2**27      # the same on a GPU, where a block must be large enough to fill the device
LARGEST = 1e15            # squares of this, added up over a descriptor, still fit into float32


def euclidean(q, b):
    """Return d(q, b) = √ Σ_k (q_k − b_k)², Equation 2.

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
        If an array is not two-dimensional, floating point and finite, or if the two differ in d.
    """
    xp = _check_pair(q, b)
    return xp.sqrt(add_differences(q, b, xp.square))


def manhattan(q, b):
    """Return d(q, b) = Σ_k |q_k − b_k|, Equation 3. Parameters, result and errors as in `euclidean`."""
    xp = _check_pair(q, b)
    return add_differences(q, b, xp.abs)


def angular(q, b):
    """Return the angle between q and b as a fraction of a half turn: arccos(s) / π, from 0 to 1.

    s is the cosine similarity of Equation 4. The arccosine is taken as 2·atan2(‖u − v‖, ‖u + v‖) of the unit
    vectors u and v: the same angle, but exact where the arccosine is not, next to s = ±1. A zero vector has no
    direction; its distance to every vector, another zero vector too, is 0.5, a right angle. Parameters,
    result and errors as in `euclidean`.
    """
    xp = _check_pair(q, b)
    u, v = directions(q), directions(b)
    angle = 2 / np.pi * xp.arctan2(add_differences(u, v, xp.square) ** 0.5,
                                   add_differences(u, -v, xp.square) ** 0.5)
    both_zero = ~u.any(axis=1)[:, None] & ~v.any(axis=1)[None, :]
    return xp.where(both_zero, 0.5, angle).astype(np.result_type(q.dtype, b.dtype))


def printed_cosine(q, b):
    """Return 1 − arccos(s) / π: Equation 5 as it is printed.

    The paper calls it a distance and sorts by its minimum, but it is 1 for equal vectors and 0 for opposite
    ones: a similarity, whose minimum is the least similar image. That is why it is not among `DISTANCES`;
    `angular`, its complement, gives the ranking that the paper must have meant. Parameters, result and errors
    as in `euclidean`.
    """
    return 1 - angular(q, b)


DISTANCES = {"euclidean": euclidean, "manhattan": manhattan, "angular": angular}


def directions(x):
    """Return the rows of `x` (n, d) at unit length, float64; a zero row stays zero.

    A row is divided by its largest entry first, so that squares neither overflow nor vanish.
    """
    xp = array_module(x)
    x = x.astype(np.float64)
    largest = xp.abs(x).max(axis=1, keepdims=True)
    x /= xp.where(largest == 0, 1.0, largest)
    lengths = xp.sqrt(xp.square(x).sum(axis=1, keepdims=True))
    x /= xp.where(lengths == 0, 1.0, lengths)
    return x


def add_differences(q, b, fold):
    """Return Σ_k fold(q_k − b_k) for every pair, (nq, nb)."""
    return add_pairs(q, b, array_module(q, b).subtract, fold)


def add_pairs(q, b, combine, fold=None):
    """Return Σ_k fold(combine(q_k, b_k)) for every pair, (nq, nb), of two ufuncs that take `out`.

    A group of queries meets a block of the gallery as two flat arrays: the queries repeated once for each
    gallery row, the block as it lies in memory. So each elementwise loop is long, which is what makes it fast.
    Every pair is added up by the same loop wherever it stands, so equal rows get equal sums, to the bit.
    """
    xp = array_module(q, b)
    (nq, d), nb = q.shape, len(b)
    dtype = np.result_type(q.dtype, b.dtype)
    entries = (CACHE_BYTES if xp is np else DEVICE_BYTES) // dtype.itemsize
    group = max(1, min(nq, GROUP))
    block = max(1, min(nb, entries // (group * d)))
    b = xp.ascontiguousarray(b)
    workspace = xp.empty((group, block * d), dtype)
    sums = xp.empty((nq, nb), dtype)
    for i in range(0, nq, group):
        repeated = xp.tile(q[i:i + group], (1, block))
        for j in range(0, nb, block):
            rows = b[j:j + block]
            terms = workspace[:len(repeated), :rows.size]
            combine(repeated[:, :rows.size], rows.reshape(1, -1), out=terms)
            if fold is not None:
                fold(terms, out=terms)
            sums[i:i + group, j:j + block] = xp.einsum("qbd->qb", terms.reshape(-1, len(rows), d))
    return sums


def check_metric(metric):
    """Return `metric` if it names a distance; else raise SettingsError with the nearest name."""
    if metric not in DISTANCES:
        raise SettingsError(f"there is no metric {metric!r}{nearest(str(metric), DISTANCES)}: "
                            f"choose one of {', '.join(DISTANCES)}")
    return metric


def check_vectors(x, name, d=None):
    """Refuse what is not a finite (n, d) array of float32 or float64, before any arithmetic."""
    if not hasattr(x, "dtype") or x.dtype not in (np.float32, np.float64):
        raise InputError(f"{name} must be an array of float32 or float64, got "
                         f"{getattr(x, 'dtype', type(x).__name__)}: convert with x.astype(np.float32)")
    if x.ndim != 2 or x.size == 0:
        raise InputError(f"{name} must have the shape (number, d), neither of them 0, got {tuple(x.shape)}: "
                         "give one row for each vector")
    if d is not None and x.shape[1] != d:
        raise InputError(f"{name} must have d = {d} numbers a row like the gallery, got {x.shape[1]}: "
                         "take both from the same layer of the same network")
    if not bool((array_module(x).abs(x) < LARGEST).all()):  # not true of NaN either
        raise InputError(f"{name} must be finite and smaller than {LARGEST:g} in size: "
                         "remove or rescale the rows that are not")


def _check_pair(q, b):
    check_vectors(b, "gallery")
    check_vectors(q, "queries", d=b.shape[1])
    return array_module(q, b)
