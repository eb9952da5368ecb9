"""Finding the pictures most like a picture: distances, rankings, a searchable index, and how good it is."""
from .distances import DISTANCES, angular, euclidean, manhattan, printed_cosine
from .evaluation import PROTOCOLS, evaluate_protocols, evaluate_retrieval
from .index import FlatIndex

__all__ = ["DISTANCES", "PROTOCOLS", "FlatIndex", "angular", "euclidean", "evaluate_protocols",
           "evaluate_retrieval", "manhattan", "printed_cosine"]
