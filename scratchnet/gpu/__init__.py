"""Kernels for a GPU, each beside the portable body that it replaces.

Array by array, a layer asks a GPU for many small passes over memory. The .cu files here do in one pass what costs
most. They hold plain C++: one thread for each index from 0 to `count`, numbers of type `real`. A layer asks
`launcher` for the way to run them; there is one for CuPy's arrays, and None for NumPy's, where the portable body runs.
"""
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..backend import cuda_kernel

FOLDER = Path(__file__).parent
THREADS = 256  # of a block


def launcher(xp):
    """Return ``launch(file, function, count, *arguments, **defines)`` for arrays of `xp`, or None.

    `count` is how many indices there are; arrays must be contiguous, the first gives the type `real`; whole numbers are
    passed as 64-bit integers, others as `real`. `defines` are the capital names that the file expects.
    """
    return LAUNCHERS.get(xp.__name__)


def _launch_cupy(file, function, count, *arguments, **defines):
    if count:
        dtype = arguments[0].dtype
        run = _compiled(file, function, dtype.str, tuple(defines.items()))
        run((-(-count // THREADS),), (THREADS,), (np.int64(count), *as_parameters(arguments, dtype)))


@lru_cache
def _compiled(file, function, dtype, defines):
    return cuda_kernel(source(file), function, options(dtype, dict(defines)))


def source(file):
    """Return the text of FILE.cu."""
    return (FOLDER / f"{file}.cu").read_text()


def options(dtype, defines):
    """Return the compiler's options: the type `real` and the other names."""
    number = {"f4": "float", "f8": "double"}[np.dtype(dtype).str[1:]]
    return (f"-Dreal={number}", *(f"-D{name}={value}" for name, value in defines.items()))


def as_parameters(arguments, dtype):
    """Return Python's numbers as the types that the kernels declare; arrays as they are."""
    return [np.int64(value) if isinstance(value, int) else dtype.type(value) if isinstance(value, float) else value
            for value in arguments]


LAUNCHERS = {"cupy": _launch_cupy}
