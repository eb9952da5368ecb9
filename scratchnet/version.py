"""The package's version, which nothing else states."""

__version__ = "0.1.0"
