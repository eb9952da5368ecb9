"""Convolutional image retrieval from scratch in NumPy, with every gradient by hand.

The package implements the system of Kuo, Chou and Chang, "Using Deep Convolutional Neural Networks for Image
Retrieval", IS&T Electronic Imaging 2016; README.md shows how to use it.
"""

from .version import __version__

__all__ = ["__version__", "load_pretrained"]


def __getattr__(name):
    if name == "load_pretrained":  # imported when first asked for: `import scratchnet` stays quick
        from .trained import load_pretrained
        return load_pretrained
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
