"""Learning kernels without labels: patches, whitening, the sparse auto-encoder and what becomes of it."""
from .kernels import rescale, spread, to_kernels
from .kmeans import KMeans, initial_centroids
from .patches import all_patches, normalize_contrast, sample_patches
from .sparse_autoencoder import SparseAutoencoder
from .whitening import ZCA

__all__ = ["ZCA", "KMeans", "SparseAutoencoder", "all_patches", "initial_centroids", "normalize_contrast", "rescale",
           "sample_patches", "spread", "to_kernels"]
