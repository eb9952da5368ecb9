"""Random numbers: each purpose draws from a stream of its own.

A seed with a number behind it would not keep them apart: NumPy's generators of (seed, 1), the initial weights', and of
(seed, 1, 0), the first batch's of epoch 1, are one and the same.
"""
import zlib

import numpy as np


def stream(purpose, seed, *place):
    """Return a generator that depends on its arguments and on nothing else, and shares its numbers with no other.

    Parameters
    ----------
    purpose : str
        What the numbers are for, e.g. "weights".
    seed : int
    place : int
        Where in the run they are drawn, e.g. epoch and step.

    Returns
    -------
    numpy.random.Generator
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(zlib.crc32(purpose.encode()), *place)))
