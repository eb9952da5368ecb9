"""The layers: each a forward and a hand-written backward pass, which keep no state between batches.

Every `Layer` that a module of this folder defines is here, as in ``from scratchnet.layers import Conv2D``.
"""
from ..discovery import subclasses_in
from .base import Layer

LAYERS = {layer.__name__: layer for layer in subclasses_in(__name__, __path__, Layer)}
globals().update(LAYERS)

__all__ = ["LAYERS", "Layer", *LAYERS]
