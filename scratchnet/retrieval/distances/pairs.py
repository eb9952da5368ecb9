"""Sums over the differences of all pairs, in blocks of the gallery that stay in the processor's cache."""
import numpy as np

from ...backend import array_module

GROUP = 16                # queries that share a block of the gallery while it is in cache
CACHE_BYTES = 2**20       # differences kept at a time: about one processor core's second-level cache
DEVICE_BYTES = 2**27      # the same on a GPU, where a block must be large enough to fill the device


def add_differences(q, b, term):
    """Return Σ_k term(q_k − b_k) for every pair.

    Parameters
    ----------
    q : (nq, d) float32 or float64 array
    b : (nb, d) or (nq, m, d) array
        A gallery for all queries, or vectors for each query alone.
    term : ufunc that takes `out`

    Returns
    -------
    (nq, nb) or (nq, m) array
    """
    xp = array_module(q, b)
    if b.ndim == 2:
        return add_pairs(q, b, xp.subtract, term)
    terms = q[:, None, :] - b
    return xp.einsum("qbd->qb", term(terms, out=terms))


def add_pairs(q, b, combine, term=None):
    """Return Σ_k term(combine(q_k, b_k)) for every pair, (nq, nb), of two ufuncs that take `out`.

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
            if term is not None:
                term(terms, out=terms)
            sums[i:i + group, j:j + block] = xp.einsum("qbd->qb", terms.reshape(-1, len(rows), d))
    return sums
