"""A backend for tests that is as strict as CuPy, on a machine without a GPU.

`StrictArray` wraps a NumPy array and refuses what CuPy refuses: arithmetic, indexing or assignment together
with NumPy arrays, silent conversion to NumPy, and assignment through duplicate indices (which CuPy leaves
undefined). Reductions give 0-d arrays. `strict` is the module of functions that goes with it; names that
NumPy has and CuPy lacks are missing, and every call is checked against CuPy's own signature (cupy_api.py). Only
`strict.asarray` and `StrictArray.get` cross over, as on a GPU.
"""
import operator

import cupy_api
import numpy as np

MISSING = frozenset({"fromiter", "nditer", "vectorize", "errstate", "apply_over_axes", "char",
                     "frompyfunc", "insert", "matrix", "ma", "emath", "random", "memmap"})


def wrap(value):
    """Wrap NumPy results, also inside tuples and lists; scalars of reductions become 0-d arrays."""
    if isinstance(value, np.ndarray | np.generic) and not isinstance(value, np.dtype):
        return StrictArray(np.asarray(value))
    if isinstance(value, tuple | list) and any(isinstance(v, np.ndarray | np.generic) for v in value):
        return tuple(wrap(v) for v in value)
    return value


def unwrap(value):
    """The opposite; a bare NumPy array is refused."""
    if isinstance(value, StrictArray):
        return value._array
    if isinstance(value, np.ndarray):
        raise TypeError("a NumPy array was mixed with device arrays")
    if isinstance(value, tuple | list):
        return type(value)(unwrap(v) for v in value)
    if isinstance(value, dict):
        return {k: unwrap(v) for k, v in value.items()}
    return value


class StrictArray:
    """An array that refuses to mix with NumPy's."""

    __slots__ = ("_array",)
    __array_ufunc__ = None
    __hash__ = None

    def __init__(self, array):
        self._array = array

    def __array__(self, *args, **kwargs):
        raise TypeError("implicit conversion to a NumPy array is refused: use backend.to_host")

    def __array_namespace__(self, api_version=None):
        return strict

    def get(self):
        return self._array.copy()

    shape = property(lambda self: self._array.shape)
    dtype = property(lambda self: self._array.dtype)
    ndim = property(lambda self: self._array.ndim)
    size = property(lambda self: self._array.size)
    nbytes = property(lambda self: self._array.nbytes)
    strides = property(lambda self: self._array.strides)
    itemsize = property(lambda self: self._array.itemsize)
    flags = property(lambda self: self._array.flags)
    T = property(lambda self: StrictArray(self._array.T))

    def __getitem__(self, index):
        return wrap(self._array[unwrap(index)])

    def __setitem__(self, index, value):
        index = unwrap(index)
        parts = index if isinstance(index, tuple) else (index,)
        arrays = [p for p in parts if isinstance(p, np.ndarray) and p.dtype != bool]
        if arrays:
            rows = np.stack(np.broadcast_arrays(*arrays)).reshape(len(arrays), -1)
            if np.unique(rows, axis=1).shape[1] < rows.shape[1]:
                raise TypeError("assignment through duplicate indices is undefined on a GPU")
        self._array[index] = unwrap(value)

    def __len__(self):
        return len(self._array)

    def __iter__(self):
        return (wrap(v) for v in self._array)

    def __float__(self):
        return float(self._array)

    def __int__(self):
        return int(self._array)

    def __bool__(self):
        return bool(self._array)

    def __repr__(self):
        return f"StrictArray({self._array!r})"

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        method = getattr(self._array, name)

        def call(*args, **kwargs):
            cupy_api.check(f"ndarray.{name}", (self, *args), kwargs)
            out = kwargs.get("out")
            result = method(*unwrap(args), **unwrap(kwargs))
            return out if out is not None else wrap(result)
        return call


def _binary(function, swap=False):
    def method(self, other):
        if isinstance(other, np.ndarray):
            raise TypeError("a NumPy array was mixed with device arrays")
        if not isinstance(other, StrictArray | int | float | np.generic):
            return NotImplemented
        a, b = self._array, unwrap(other)
        return wrap(np.asarray(function(b, a) if swap else function(a, b)))
    return method


def _inplace(function):
    def method(self, other):
        array = function(self._array, unwrap(other))
        if array is not self._array:  # a 0-d result that NumPy replaced by a scalar
            self._array = np.asarray(array)
        return self
    return method


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor",
              "lshift", "rshift"):
    _plain = _name.rstrip("_")
    setattr(StrictArray, f"__{_plain}__", _binary(getattr(operator, _name)))
    setattr(StrictArray, f"__r{_plain}__", _binary(getattr(operator, _name), swap=True))
    setattr(StrictArray, f"__i{_plain}__", _inplace(getattr(operator, "i" + _plain)))
for _name in ("lt", "le", "eq", "ne", "gt", "ge"):
    setattr(StrictArray, f"__{_name}__", _binary(getattr(operator, _name)))
for _name in ("neg", "abs", "invert"):
    setattr(StrictArray, f"__{_name}__", lambda self, name=_name: wrap(getattr(operator, name)(self._array)))


class _Namespace:
    """NumPy's functions over `StrictArray`."""

    def __init__(self, module, name):
        self._module, self.__name__ = module, name

    def __getattr__(self, name):
        if name in MISSING or name.startswith("__"):
            raise AttributeError(f"the strict backend, like CuPy, has no {name}")
        value = getattr(self._module, name)
        if name in ("linalg", "fft", "lib", "stride_tricks"):
            return _Namespace(value, f"{self.__name__}.{name}")
        if isinstance(value, type) or not callable(value):
            return value

        path = f"{self.__name__}.{name}".partition(".")[2]

        def call(*args, **kwargs):
            cupy_api.check(path, args, kwargs)
            out = kwargs.get("out")
            result = value(*unwrap(args), **unwrap(kwargs))
            return out if out is not None else wrap(result)
        call.__name__ = name
        return call

    def asarray(self, x, dtype=None):
        """The crossing: a host array becomes a device array (a copy, as on a GPU)."""
        if isinstance(x, StrictArray):
            return StrictArray(np.asarray(x._array, dtype=dtype))
        return StrictArray(np.array(x, dtype=dtype))

    array = asarray


strict = _Namespace(np, "strict")
