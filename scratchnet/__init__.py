"""Convolutional image retrieval from scratch in NumPy, with every gradient by hand.

Kuo, Chou and Chang, "Using Deep Convolutional Neural Networks for Image Retrieval", IS&T Electronic Imaging
2016, is the system that this package implements; README.md shows the way through it.
"""

__version__ = "0.1.0"
