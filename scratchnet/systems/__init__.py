"""Whole retrieval systems: one contract, one file or folder each.

``systems.create("kuo2016").fit(images, labels).descriptors(images)`` works for every name in ``systems.names()``.
"""
from .contract import PRESETS, System
from .registry import create, load, names, read, system_class

__all__ = ["PRESETS", "System", "create", "load", "names", "read", "system_class"]
