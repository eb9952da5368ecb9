"""From descriptors to binary codes: project, rotate, threshold.

A bit says on which side of a threshold a number lies. The numbers of a descriptor make poor bits: most of what
descriptors differ in are a few directions. So they are projected to their principal components, of which the first
vary most, and rotated, which spreads that over all bits alike: at random, or so that what is rounded to a sign loses
least, by iterative quantization (Gong and Lazebnik, 2011).
"""
import warnings

import numpy as np

from .. import checkpoint
from ..backend import array_module, to_device, to_host
from ..checks import positive
from ..errors import InputError, SettingsError
from ..retrieval.codes import balance, pack_bits
from ..retrieval.vectors import check_vectors
from ..schema import exactly
from ..suggest import nearest
from .pca import principal_components

KIND = "BinaryCodes"
ROTATIONS = ("itq", "random", "none")
ITERATIONS = 50  # as Gong and Lazebnik's


class BinaryCodes:
    """x ↦ the bits [z_k > t_k] of z = (x − mean) · projection, packed.

    Parameters
    ----------
    bits : int, optional
        How many. None means one for each number of the descriptor, which is then not projected: for the outputs of
        units that have learnt to be bits.
    threshold : "median" or float
        t: of each bit the median over what it is fitted on, so that half of them are 1; or a number for all bits:
        0.5 for sigmoid units, 0 after a projection, whose numbers have the mean 0. (There 0 ranked our descriptors
        slightly better than the median, since it is what the rotation was made for.)
    rotation : {"itq", "random", "none"}
        Of the principal components.
    components : int, optional
        How many principal components, at most `bits`. None means as many as bits. Fewer are turned into more numbers by
        orthonormal rows instead of a rotation, which keeps their distances too.
    rng : numpy.random.Generator
        For "random", and where "itq" begins.

    Attributes
    ----------
    mean, projection, threshold : (D,), (D, bits) and (bits,) float32 arrays
    balance : (bits,) float64 array
        The share of ones of each bit in what was fitted on.

    Raises
    ------
    SettingsError
        If there is no such threshold or rotation, one lacks its generator, or numbers of bits and components are not
        positive or do not fit.
    """

    def __init__(self, bits=None, threshold="median", rotation="itq", components=None, rng=None):
        self.bits = None if bits is None else positive(bits=bits)[0]
        self.components = self.bits if components is None else positive(components=components)[0]
        if threshold != "median" and not isinstance(threshold, int | float) or threshold != threshold:
            raise SettingsError(f"a threshold is \"median\" or a number, got {threshold!r}")
        if rotation not in ROTATIONS:
            raise SettingsError(f"there is no rotation {rotation!r}{nearest(str(rotation), ROTATIONS)}: choose one of "
                                f"{', '.join(ROTATIONS)}")
        if self.components is not None and (self.bits is None or self.components > self.bits
                                            or rotation == "none" and self.components < self.bits):
            raise SettingsError(f"{self.components} components make no {self.bits} bits by the rotation {rotation!r}: "
                                "ask for as many, or for fewer than bits and \"random\" or \"itq\"")
        if self.bits is not None and rotation != "none" and rng is None:
            raise SettingsError(f"the rotation {rotation!r} begins with random numbers: give rng, a "
                                "numpy.random.Generator")
        self.wanted, self.rotation, self.rng = threshold, rotation, rng
        self.mean = self.projection = self.threshold = self.balance = None

    def fit(self, X):
        """Learn projection and threshold from descriptors X (n, D) and return self.

        Warns
        -----
        UserWarning
            If some bits are constant: they tell no two of these descriptors apart.

        Raises
        ------
        InputError
            If X is not finite and floating point, or varies in fewer directions than components are asked for.
        """
        check_vectors(X, "descriptors")
        xp = array_module(X)
        if self.bits is None:
            self.mean, self.projection = xp.zeros(X.shape[1], np.float32), None
        else:
            self.mean, basis = principal_components(X, self.components)
            if basis.shape[1] < self.components:
                raise InputError(f"these descriptors vary in {basis.shape[1]} directions, not in {self.components}: "
                                 "ask for fewer components")
            self.projection = basis @ self._rotated((X - self.mean).astype(np.float32) @ basis)
        z = self.project(X)
        if self.wanted == "median":
            self.threshold = xp.median(z, axis=0).astype(np.float32)
        else:
            self.threshold = xp.full(z.shape[1], self.wanted, np.float32)
        self.balance = balance(z > self.threshold)
        constant = int(((self.balance == 0) | (self.balance == 1)).sum())
        if constant:
            warnings.warn(f"{constant} of {len(self.balance)} bits are constant: choose another threshold, or project "
                          "the descriptors first", stacklevel=2)
        return self

    def project(self, X):
        """Return the numbers z (n, bits) float32 of descriptors X (n, D), of which the thresholds make bits."""
        self._check_fitted()
        check_vectors(X, "descriptors", len(self.mean))
        z = (X - self.mean).astype(np.float32)
        return z if self.projection is None else z @ self.projection

    def __call__(self, X):
        """Return the codes (n, bytes) uint8 of descriptors X (n, D); see `pack_bits`."""
        return pack_bits(self.project(X) > self.threshold)

    def save(self, path):
        """Write what was learnt to `path` (.npz without pickle), whole or not at all.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        self._check_fitted()
        learnt = {"mean": self.mean, "projection": self.projection, "threshold": self.threshold,
                  "balance": self.balance}
        checkpoint.save(path, {name: to_host(x) for name, x in learnt.items() if x is not None}, {"kind": KIND})

    @classmethod
    def load(cls, path):
        """Return the codes that `save` wrote, on the host.

        Raises
        ------
        CheckpointError
            If the file is missing, damaged, or holds something else.
        """
        arrays, description = checkpoint.load(path)
        checkpoint.check(description, {"kind": exactly(KIND)}, path)
        D, bits = (arrays[name].shape[:1] if name in arrays else (None,) for name in ("mean", "threshold"))
        wanted = {"mean": (D, np.float32), "threshold": (bits, np.float32), "balance": (bits, np.float64)}
        if "projection" in arrays or D != bits:
            wanted["projection"] = (D + bits, np.float32)
        checkpoint.check_shapes(arrays, wanted, path)
        made = cls()
        for name, array in arrays.items():
            setattr(made, name, array)
        return made

    def _check_fitted(self):
        if self.mean is None:
            raise InputError("these codes have learnt nothing yet: call fit first")

    def _rotated(self, V):
        """Return the matrix R (components, bits) of orthonormal rows that turns V (n, components) into what is cut."""
        xp, c = array_module(V), V.shape[1]
        if self.rotation == "none":
            return xp.eye(c, dtype=np.float32)
        columns, _ = np.linalg.qr(self.rng.standard_normal((self.bits, c)))
        R = to_device(columns.T.astype(np.float32), xp)
        return R if self.rotation == "random" else quantize(V, R, ITERATIONS)[0]


def quantize(V, R, iterations):
    """Return the rotation that iterative quantization makes of R, and the loss before each iteration.

    The loss is ‖B − V R‖², of the signs B = sign(V R) and what they were rounded from. Each iteration takes the best B
    for R, and then the best R for B, which is the orthogonal Procrustes problem: with Vᵀ B = U Σ Wᵀ, R = U Wᵀ. Neither
    step raises the loss. (Gong and Lazebnik, Iterative Quantization, 2011; there R is square.)

    Parameters
    ----------
    V : (n, c) float array
        Of mean 0.
    R : (c, bits) float array
        Of orthonormal rows.
    iterations : int

    Returns
    -------
    R : (c, bits) array
    losses : list of float
    """
    xp, losses = array_module(V, R), []
    for _ in range(iterations):
        z = V @ R
        B = xp.where(z > 0, 1, -1).astype(V.dtype)
        losses.append(float(xp.square(B - z).sum(dtype=np.float64)))
        U, _, W = xp.linalg.svd(V.T @ B, full_matrices=False)
        R = U @ W
    return R, losses
