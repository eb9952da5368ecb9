"""Convolutional image retrieval from scratch in NumPy, with every gradient by hand.

Kuo, Chou and Chang, "Using Deep Convolutional Neural Networks for Image Retrieval", IS&T Electronic Imaging
2016, is the system that this package implements; README.md shows the way through it.
"""

__version__ = "0.1.0"


def __getattr__(name):
    if name == "load_pretrained":  # imported when first asked for: `import scratchnet` stays quick
        from .pretrained import load_pretrained
        return load_pretrained
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
