"""Convolutional neural network hashing: Xia, Pan, Lai, Liu and Yan (2014), in two stages."""
from .system import CNNH

__all__ = ["CNNH"]
