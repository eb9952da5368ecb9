"""Finding the pictures most like a picture: distances, rankings, a searchable index, and how good it is."""
from .distances import CODE_DISTANCES, DISTANCES
from .distances.angular import printed_cosine
from .evaluation import PROTOCOLS, evaluate_protocols, evaluate_retrieval
from .index import FlatIndex

globals().update({**DISTANCES, **CODE_DISTANCES})  # as in ``from scratchnet.retrieval import angular``

__all__ = ["CODE_DISTANCES", "DISTANCES", "PROTOCOLS", "FlatIndex", "evaluate_protocols", "evaluate_retrieval",
           "printed_cosine", *DISTANCES, *CODE_DISTANCES]
