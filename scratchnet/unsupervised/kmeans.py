"""K-means: patches are gathered into clusters, and the middles of these are the features.

Coates, Ng and Lee (2011) found that these, with enough of them and whitened patches, describe images better than what
auto-encoders and Boltzmann machines learn. Lloyd's algorithm: each patch goes to its nearest centroid, each centroid to
the middle of its patches, and again.
"""
from contextlib import nullcontext

import numpy as np
from scipy.sparse import csr_array

from ..backend import array_module, matmul, to_device
from ..checks import positive
from ..errors import InputError, SettingsError
from ..parallel import Workers, shards
from ..workspace import empty

SHARD, BLOCK = 8192, 512  # patches whose sums are one, and those whose distances to a thousand centroids fit into cache


def initial_centroids(K, D, rng):
    """Return K centroids (K, D) near 0, float32, drawn from a normal distribution of standard deviation 0.1.

    So do the authors of Coates, Ng and Lee (2011): patches first go by their direction.
    """
    K, D = positive(K=K, D=D)
    return (0.1 * rng.standard_normal((K, D))).astype(np.float32)


def assign(X, centroids):
    """Return the nearest centroid of each row of X (m, D), and the squared distance to it: (m,) integers, (m,) floats.

        ‖x − c‖² = ‖x‖² − 2 (x · c − ‖c‖² / 2)

    so that the nearest centroid has the largest bracket; equal ones go to the lower number.
    """
    xp = array_module(X, centroids)
    score = matmul(X, centroids.T, empty(xp, (len(X), len(centroids)), X.dtype))
    score -= (centroids * centroids).sum(axis=1) / 2
    nearest = score.argmax(axis=1)
    best = xp.take_along_axis(score, nearest[:, None], axis=1)[:, 0]
    return nearest, xp.maximum((X * X).sum(axis=1) - 2 * best, 0)


class KMeans:
    """Lloyd's algorithm over all patches in each iteration, by shards that are added up in order.

    A centroid that is nearest to no patch goes to 0, the middle of whitened patches, as in the authors' code.

    Parameters
    ----------
    centroids : (K, D) float array
        Where they start, on the backend; see `initial_centroids`.

    Attributes
    ----------
    centroids : (K, D) array
        In the precision of the start.
    """

    def __init__(self, centroids):
        array_module(centroids)
        if centroids.ndim != 2 or centroids.dtype.kind != "f" or 0 in centroids.shape:
            raise InputError(f"centroids are floating point numbers (K, D), got {centroids.dtype} of shape "
                             f"{tuple(centroids.shape)}")
        self.centroids = centroids

    def fit(self, X, iterations=50, callback=None, workers=None):
        """Improve the centroids by so many iterations, or until they stay where they are.

        Parameters
        ----------
        X : (m, D) float array
            On the backend of the centroids; at least as many patches as centroids.
        iterations : int
        callback : callable, optional
            ``callback(iteration, cost, empty)`` after each one, from 1 on: the mean of the squared distance to the
            nearest centroid before it, and how many centroids were nearest to no patch.
        workers : Workers, optional
            An open pool; None means a new one. The result does not depend on its threads.

        Returns
        -------
        costs : list of float
        empty : int
            How many centroids no patch went to in the last iteration.
        """
        positive(iterations=iterations)
        xp, (K, D) = array_module(X, self.centroids), self.centroids.shape
        if X.ndim != 2 or X.shape[1] != D or X.dtype.kind != "f":
            raise InputError(f"patches must be floating point numbers (m, {D}), got {X.dtype} of shape "
                             f"{tuple(X.shape)}")
        if len(X) < K:
            raise SettingsError(f"{len(X):,} patches cannot make {K:,} clusters: take more patches, or at most "
                                f"{len(X):,} clusters")
        X, costs, empty = X.astype(self.centroids.dtype, copy=False), [], 0
        if not bool(xp.isfinite(X).all()):
            raise InputError("patches must be finite: look for NaN")
        with nullcontext(workers) if workers else Workers(None if xp is np else 1) as pool:
            for iteration in range(1, iterations + 1):
                sums, sizes, cost = self._gather(X, pool)
                full = sizes > 0
                moved = xp.where(full[:, None], sums / xp.maximum(sizes, 1)[:, None], 0).astype(self.centroids.dtype)
                still, self.centroids = bool((moved == self.centroids).all()), moved
                empty = K - int(full.sum())
                costs.append(cost / len(X))
                if callback:
                    callback(iteration, costs[-1], empty)
                if still:
                    break
        return costs, empty

    def _gather(self, X, workers):
        """Return the sums (K, D) and sizes (K,) of the clusters in float64, and the sum of the squared distances."""
        xp, K = array_module(X), len(self.centroids)

        def share(part):
            x = X[part]
            found = [assign(x[block], self.centroids) for block in shards(xp, len(x), BLOCK)]
            nearest, squared = (xp.concatenate(parts) for parts in zip(*found))
            return _sums(x, nearest, K), xp.bincount(nearest, minlength=K), squared.sum(dtype=np.float64)
        sums = sizes = cost = 0
        for more, count, squared in workers.each(share, shards(xp, len(X), SHARD)):
            sums, sizes, cost = sums + more, sizes + count, cost + float(squared)
        return sums, sizes, cost


def _sums(x, nearest, K):
    """Return the sum of the rows x (m, D) that go to each of K clusters, (K, D) in float64."""
    xp, m = array_module(x), len(x)
    if xp is np:  # the rows of a sparse matrix of ones: as many additions as there are numbers
        ones = csr_array((np.ones(m), nearest, np.arange(m + 1)), shape=(m, K))
        return np.asarray(ones.T @ x.astype(np.float64))
    member = nearest[:, None] == to_device(np.arange(K), xp)
    return (member.astype(x.dtype).T @ x).astype(np.float64)
