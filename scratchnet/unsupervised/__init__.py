"""Learning kernels without labels: patches, whitening, the sparse auto-encoder and what becomes of it."""
from .binary_codes import BinaryCodes, quantize
from .encoders import Hard, Sigmoid, Triangle, quadrants
from .kernels import rescale, spread, to_kernels
from .kmeans import KMeans, initial_centroids
from .patches import all_patches, normalize_contrast, sample_patches
from .pca import leading_eigenvectors, principal_components
from .pca_filters import block_histograms, codes, filtered, pca_filters, pyramid
from .sparse_autoencoder import SparseAutoencoder
from .whitening import ZCA

__all__ = ["ZCA", "BinaryCodes", "Hard", "KMeans", "Sigmoid", "SparseAutoencoder", "Triangle", "all_patches",
           "block_histograms", "codes", "filtered", "initial_centroids", "leading_eigenvectors", "normalize_contrast",
           "pca_filters", "principal_components", "pyramid", "quadrants", "quantize", "rescale", "sample_patches",
           "spread", "to_kernels"]
