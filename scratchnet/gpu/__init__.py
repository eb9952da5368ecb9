"""Kernels for a GPU; each file names the module that holds the portable body it replaces.

Array by array, a layer asks a GPU for many small passes over memory. The .cu files here do in one pass what costs
most. They hold plain C++: one thread for each index from 0 to `count`, numbers of type `real`. A layer asks
`launcher` for the way to run them; there is one for CuPy's arrays, and None for NumPy's, where the portable body runs.
"""
import re
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..backend import cuda_kernel
from ..errors import InputError

FOLDER = Path(__file__).parent
THREADS = 256  # of a block
KERNEL = re.compile(r'extern "C" __global__ void (\w+)\((.*?)\)', re.DOTALL)
POINTERS = {"long long*": np.dtype(np.int64), "unsigned char*": np.dtype(np.uint8)}  # and "real*"


def launcher(xp):
    """Return ``launch(file, function, count, *arguments, **defines)`` for arrays of `xp`, or None.

    `count` is how many indices there are; the first array gives the type `real`; whole numbers are passed as 64-bit
    integers, others as `real`. `defines` are the capital names that the file expects. Arrays of another type than the
    kernel declares, or not contiguous, are refused with an `InputError`: it would read their bytes as something else.
    """
    return LAUNCHERS.get(xp.__name__)


def _launch_cupy(file, function, count, *arguments, **defines):
    if count:
        dtype = arguments[0].dtype
        values = checked(file, function, arguments)
        run = _compiled(file, function, dtype.str, tuple(defines.items()))
        run((-(-count // THREADS),), (THREADS,), (np.int64(count), *values))


@lru_cache
def _compiled(file, function, dtype, defines):
    return cuda_kernel(program(file, dtype, dict(defines)), function)


@lru_cache
def source(file):
    """Return the text of FILE.cu."""
    return (FOLDER / f"{file}.cu").read_text(encoding="utf-8")


@lru_cache
def parameters(file):
    """Return {kernel: ((type, name), ...)} as FILE.cu declares them, without `const`, `count` left out."""
    found = {}
    for function, text in KERNEL.findall(source(file)):
        declared = [" ".join(part.split()).removeprefix("const ").rpartition(" ") for part in text.split(",")]
        found[function] = tuple((kind, name) for kind, _, name in declared)[1:]
    return found


def program(file, dtype, defines):
    """Return the text of FILE.cu behind definitions of the type `real` and of the other names."""
    names = {"real": {"f4": "float", "f8": "double"}[np.dtype(dtype).str[1:]], **defines}
    return "".join(f"#define {name} {value}\n" for name, value in names.items()) + "#line 1\n" + source(file)


def checked(file, function, arguments):
    """Return a kernel's arguments as it declares them: arrays as they are, Python's numbers converted.

    Raises
    ------
    InputError
        If an array has another type than declared or is not contiguous.
    """
    declared = parameters(file)[function]
    if len(declared) != len(arguments):
        raise TypeError(f"the kernel {function} takes {len(declared)} arguments, got {len(arguments)}")
    real, values = arguments[0].dtype, []
    for (kind, name), value in zip(declared, arguments):
        if kind.endswith("*"):
            expected = POINTERS.get(kind, real)
            if value.dtype != expected:
                raise InputError(f"the kernel {function} cannot mix {expected} with {value.dtype} ({name}): convert "
                                 "the images to the type of the layer's parameters, e.g. x.astype('float32')")
            if not value.flags.c_contiguous:
                raise InputError(f"the kernel {function} takes contiguous arrays, and {name} is not: "
                                 "copy it with ascontiguousarray")
        else:
            value = np.int64(value) if kind == "long long" else real.type(value)
        values.append(value)
    return values


LAUNCHERS = {"cupy": _launch_cupy}
