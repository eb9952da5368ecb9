"""The layers: each a forward and a hand-written backward pass, without state of a batch."""
from .activations import ReLU, Sigmoid, Tanh
from .base import Layer
from .conv import Conv2D
from .dense import Dense, Flatten
from .dropout import Dropout
from .normalization import BatchNorm
from .pool import MaxPool2D, MeanPool2D

__all__ = ["BatchNorm", "Conv2D", "Dense", "Dropout", "Flatten", "Layer", "MaxPool2D", "MeanPool2D", "ReLU", "Sigmoid",
           "Tanh"]
