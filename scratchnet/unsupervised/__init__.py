"""Learning kernels without labels: patches, whitening, the sparse auto-encoder and what becomes of it."""
from .kernels import fold, rescale, spread
from .patches import sample_patches
from .sparse_autoencoder import SparseAutoencoder
from .whitening import ZCA

__all__ = ["ZCA", "SparseAutoencoder", "fold", "rescale", "sample_patches", "spread"]
