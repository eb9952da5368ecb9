"""What CuPy really offers: names and signatures out of the installed wheel, which needs no GPU to be imported.

The strict double asks here before each call, so every test that runs on it also tests that CuPy has the function,
takes the keywords, and does so under these names. Where CuPy is not installed nothing is checked.
"""
import inspect
import re
import warnings
from functools import cache

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for the CUDA libraries of a machine that has none
        import cupy
except ImportError:
    cupy = None

UFUNC_KEYWORDS = {"out", "dtype", "casting", "where"}


def check(path, args, kwargs):
    """Raise AttributeError or TypeError if ``cupy.PATH(*args, **kwargs)`` could not be called."""
    if cupy is None:
        return
    kind, found = _signature(path)
    if kind == "ufunc":
        unknown = set(kwargs) - UFUNC_KEYWORDS
        if unknown:
            raise TypeError(f"cupy.{path} takes no {', '.join(sorted(unknown))}")
    else:
        found.bind(*args, **kwargs)


@cache
def _signature(path):
    """Return ("ufunc", None) or ("function", Signature) of what CuPy has at `path`."""
    target = cupy
    for name in path.split("."):
        target = getattr(target, name)
    if isinstance(target, cupy.ufunc):
        return "ufunc", None
    try:
        return "function", inspect.signature(target)
    except ValueError:  # a compiled method: its docstring opens with its signature
        return "function", _parse(re.match(r"\w+\.\w+\((.*)\)", target.__doc__.splitlines()[0]).group(1))


def _parse(text):
    """Turn "self, axis=None, int n=-1, *shape, order='C'" into a Signature without annotations."""
    words = [re.sub(r"^\w+ (?=\w)", "", part.strip()) for part in text.split(",")]
    names = {}
    exec(f"def method({', '.join(words)}): pass", names)  # text of an installed library, as trusted as itself
    return inspect.signature(names["method"])
