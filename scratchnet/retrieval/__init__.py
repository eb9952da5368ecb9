"""Finding the pictures most like a picture: distances, rankings, a searchable index, and how good it is."""
from .distances import DISTANCES
from .distances.angular import printed_cosine
from .evaluation import PROTOCOLS, evaluate_protocols, evaluate_retrieval
from .index import FlatIndex

euclidean, manhattan, angular = (DISTANCES[name] for name in ("euclidean", "manhattan", "angular"))

__all__ = ["DISTANCES", "PROTOCOLS", "FlatIndex", "angular", "euclidean", "evaluate_protocols",
           "evaluate_retrieval", "manhattan", "printed_cosine"]
