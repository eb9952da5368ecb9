"""NumPy or CuPy: the only file that knows both.

The backend is chosen once, at the edge of the program (`select`); from there on the arrays themselves decide,
through ``xp = array_module(x)``. Random numbers are always drawn on the host and moved with `to_device`, so
that both backends start from equal numbers.
"""
import os
import platform
from pathlib import Path

import numpy as np

from .errors import BackendError, SettingsError

BACKENDS = ("auto", "numpy", "cupy")


def select(name="auto"):
    """Return the array module called `name`.

    Parameters
    ----------
    name : {"auto", "numpy", "cupy"}
        "auto" is CuPy where a GPU answers, NumPy elsewhere.

    Raises
    ------
    BackendError
        If CuPy was asked for and no GPU answers through it. That CuPy can be imported is not enough: it
        imports on a machine without a GPU, so a device is made to compute.
    SettingsError
        If there is no backend of that name.
    """
    if name not in BACKENDS:
        raise SettingsError(f"there is no backend {name!r}: choose one of {', '.join(BACKENDS)}")
    if name == "numpy":
        return np
    cupy, trouble = _probe_cupy()
    if cupy is not None:
        return cupy
    if name == "auto":
        return np
    raise BackendError(f"no GPU answers through CuPy ({trouble}): use --backend numpy, or see 'On a GPU' in README.md")


def _probe_cupy():
    """Return (cupy, None) if a device computed one sum, else (None, why not)."""
    try:
        import cupy
    except ImportError:
        return None, "CuPy is not installed"
    try:
        if int(cupy.arange(3).sum()) == 3:
            return cupy, None
        return None, "the device computed a wrong sum"
    except Exception as error:  # CUDA raises many classes: driver, runtime, compiler, memory
        return None, " ".join(str(error).split())[:120] or type(error).__name__


def array_module(*arrays):
    """Return the module whose functions take `arrays`: ``numpy``, ``cupy``, or the arrays' own namespace.

    Raises
    ------
    TypeError
        If the arrays belong to different modules, or one is no array at all.
    """
    modules = {id(module): module for module in map(_module_of, arrays)}
    if len(modules) != 1:
        names = ", ".join(sorted(getattr(module, "__name__", str(module)) for module in modules.values()))
        raise TypeError(f"arrays of different backends cannot be mixed ({names}): move them with to_device first")
    return modules.popitem()[1]


def _module_of(x):
    if isinstance(x, np.ndarray | np.generic):
        return np
    if type(x).__module__.partition(".")[0] == "cupy":
        import cupy
        return cupy
    if hasattr(x, "__array_namespace__"):
        return x.__array_namespace__()
    raise TypeError(f"expected an array, got {type(x).__name__}")


def to_host(x):
    """Return `x` as a NumPy array, copied from the device where it lies on one."""
    return x if isinstance(x, np.ndarray) else np.asarray(x) if np.isscalar(x) else x.get()


def to_device(x, xp, dtype=None):
    """Return the host array `x` as an array of module `xp` (without a copy where it is one already)."""
    return xp.asarray(x, dtype=dtype)


def cuda_kernel(text, function, options):
    """Return the kernel `function` of a CUDA program, compiled at its first call: ``kernel(blocks, threads, args)``."""
    import cupy
    return cupy.RawKernel(text, function, options=options)


def precision(xp):
    """Return in what numbers `xp` multiplies matrices of float32: "float32", or "tf32" (10 bits of mantissa) on a GPU
    if the variable CUPY_TF32 asks for it before the first product."""
    return "tf32" if xp is not np and os.environ.get("CUPY_TF32", "0") not in ("", "0") else "float32"


def device_name(xp):
    """Return the name of the device on which `xp` computes, for reports."""
    if xp is np:
        return cpu_name()
    properties = xp.cuda.runtime.getDeviceProperties(xp.cuda.Device().id)
    return properties["name"].decode()


def cpu_name():
    """Return the processor's model name, for reports."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
