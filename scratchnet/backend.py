"""NumPy or CuPy: the only file that knows both.

The backend is chosen once, at the edge of the program (`select`); from there on the arrays themselves decide,
through ``xp = array_module(x)``. Random numbers are always drawn on the host and moved with `to_device`, so
that both backends start from the same numbers.
"""
import os
import platform
from pathlib import Path

import numpy as np

from .errors import BackendError, InputError, SettingsError, in_a_line

BACKENDS = ("auto", "numpy", "cupy")


def select(name="auto"):
    """Return the array module called `name`.

    Parameters
    ----------
    name : {"auto", "numpy", "cupy"}
        "auto" is CuPy where there is a GPU, NumPy elsewhere.

    Raises
    ------
    BackendError
        If CuPy was asked for and finds no GPU. That CuPy can be imported is not enough: it
        imports on a machine without a GPU, so a device is made to compute.
    SettingsError
        If there is no backend of that name.
    """
    if name not in BACKENDS:
        raise SettingsError(f"there is no backend {name!r}: choose one of {', '.join(BACKENDS)}")
    if name == "numpy":
        return np
    cupy, trouble = probe_cupy()
    if cupy is not None:
        return cupy
    if name == "auto":
        return np
    raise BackendError(f"CuPy found no GPU ({trouble}): use --backend numpy, or see 'On a GPU' in README.md")


def probe_cupy():
    """Return (cupy, None) if a device computed one sum, else (None, why not in a few words)."""
    try:
        import cupy
    except ImportError:
        return None, "CuPy is not installed"
    except Exception as error:  # a broken installation must not stop those who did not ask for it
        return None, f"CuPy cannot be imported: {_shortly(error)}"
    try:
        if int(cupy.arange(3).sum()) == 3:
            return cupy, None
        return None, "the device computed a wrong sum"
    except Exception as error:  # CUDA raises many classes: driver, runtime, compiler, memory
        return None, _shortly(error)


def _shortly(error):
    return in_a_line(error).strip()[:120] or type(error).__name__


def array_module(*arrays):
    """Return the module whose functions take `arrays`: ``numpy``, ``cupy``, or the arrays' own namespace.

    Raises
    ------
    TypeError
        If the arrays belong to different modules, or one is no array at all.
    InputError
        If one is a masked array, whose mask would be ignored, or a `numpy.matrix`, whose products differ.
    """
    modules = {id(module): module for module in map(_module_of, arrays)}
    if len(modules) != 1:
        names = ", ".join(sorted(getattr(module, "__name__", str(module)) for module in modules.values()))
        raise TypeError(f"arrays of different backends cannot be mixed ({names}): move them with to_device first")
    return modules.popitem()[1]


def _module_of(x):
    if type(x) is np.ndarray or isinstance(x, np.generic):
        return np
    if isinstance(x, np.ndarray):
        return _refuse_odd(x)
    if type(x).__module__.partition(".")[0] == "cupy":
        import cupy
        return cupy
    if hasattr(x, "__array_namespace__"):
        return x.__array_namespace__()
    raise TypeError(f"expected an array, got {type(x).__name__}")


def _refuse_odd(x):
    """Return NumPy for a subclass of its arrays that computes as they do; refuse one that does not."""
    if isinstance(x, np.ma.MaskedArray):
        raise InputError("a masked array's mask would be ignored: leave out or fill what is masked, e.g. x.filled(0)")
    if isinstance(x, np.matrix):
        raise InputError("a numpy.matrix multiplies differently from an array: convert it with np.asarray(x)")
    return np


def to_host(x):
    """Return `x` as a NumPy array, copied from the device where it lies on one."""
    if np.isscalar(x):
        return np.asarray(x)
    return x if array_module(x) is np else x.get()


def to_device(x, xp, dtype=None):
    """Return the host array `x` as an array of module `xp` (without a copy where it is one already)."""
    if isinstance(x, np.ndarray):
        _module_of(x)
    return xp.asarray(x, dtype=dtype)


def cuda_kernel(text, function):
    """Return the kernel `function` of a CUDA program, compiled on its first call: ``kernel(blocks, threads, args)``."""
    import cupy
    return cupy.RawKernel(text, function, options=("-std=c++17",))


def matmul(a, b, out):
    """Write a @ b to `out` and return it; batches of matrices on a GPU by `batched_product`."""
    xp = array_module(a, b, out)
    if xp.__name__ != "cupy" or a.ndim != 3 or b.ndim != 3:
        return xp.matmul(a, b, out=out)
    batched_product(xp.cuda.cublas, xp.cuda.device.get_cublas_handle(), a, b, out, precision(xp) == "tf32")
    return out


def batched_product(cublas, handle, a, b, out, tf32=False):
    """Let cuBLAS write a[i] @ b[i] to out[i].

    CuPy's own batched product copies what is transposed, and never multiplies in TF32. cuBLAS takes a transposed view
    as it lies in memory, and is told the precision. It counts columns first: what it sees is the transpose of what we
    do, so it is asked for outᵀ = bᵀ · aᵀ.

    Parameters
    ----------
    cublas : module
        ``cupy.cuda.cublas``.
    handle : int
    a, b, out : (n, M, K), (n, K, N) and (n, M, N) arrays of float32 or of float64
        `out` contiguous; each matrix of `a` and `b` contiguous or the transpose of one that is.
    tf32 : bool
        Whether float32 may be rounded to 10 bits of mantissa on its way into a product.
    """
    if not (a.dtype == b.dtype == out.dtype and a.dtype.char in "fd" and out.flags.c_contiguous):
        raise InputError(f"a product on a GPU takes two arrays of float32 or of float64, got {a.dtype} and {b.dtype}: "
                         "convert the images to the type of the layer's parameters, e.g. x.astype('float32')")
    n, M, N = out.shape
    single = a.dtype.char == "f"
    if single:
        compute = cublas.CUBLAS_COMPUTE_32F_FAST_TF32 if tf32 else cublas.CUBLAS_COMPUTE_32F
    else:
        compute = cublas.CUBLAS_COMPUTE_64F
    kind = 0 if single else 1  # CUDA_R_32F, CUDA_R_64F
    (transpose_a, leading_a), (transpose_b, leading_b) = _memory_order(a), _memory_order(b)
    one, zero = np.ones(1, a.dtype), np.zeros(1, a.dtype)
    cublas.gemmStridedBatchedEx(
        handle, transpose_b, transpose_a, N, M, a.shape[2], one.ctypes.data,
        _address(b), kind, leading_b, b.strides[0] // b.itemsize,
        _address(a), kind, leading_a, a.strides[0] // a.itemsize, zero.ctypes.data,
        _address(out), kind, N, M * N, n, compute, -1)  # -1: cuBLAS chooses how


def _memory_order(x):
    """Return (0, columns) for matrices (n, rows, columns) that lie row by row, (1, rows) for column by column."""
    rows, columns = x.shape[1:]
    if x.strides[2] == x.itemsize and x.strides[1] == columns * x.itemsize:
        return 0, columns
    if x.strides[1] == x.itemsize and x.strides[2] == rows * x.itemsize:
        return 1, rows
    raise InputError("a batch of matrices must be contiguous, or the transpose of one that is, got strides "
                     f"{x.strides}")


def _address(x):
    return x.ctypes.data if isinstance(x, np.ndarray) else x.data.ptr


def precision(xp):
    """Return in what numbers `xp` multiplies matrices of float32: "float32", or "tf32" (10 bits of mantissa) on a GPU
    if the variable CUPY_TF32 asks for it before the first product."""
    return "tf32" if xp is not np and os.environ.get("CUPY_TF32", "0") not in ("", "0") else "float32"


def versions(xp):
    """Return the versions of what computes for `xp` beside NumPy, for reports: {} on a CPU."""
    return {} if xp is np else {"cupy": xp.__version__, "cuda": xp.cuda.runtime.runtimeGetVersion()}


def device_name(xp):
    """Return the name of the device on which `xp` computes, for reports."""
    if xp is np:
        return cpu_name()
    properties = xp.cuda.runtime.getDeviceProperties(xp.cuda.Device().id)
    return properties["name"].decode()


def cpu_name():
    """Return the processor's model name, for reports."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
