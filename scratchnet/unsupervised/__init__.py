"""Learning kernels without labels: patches, whitening, the sparse auto-encoder and what becomes of it."""
from .kernels import rescale, spread, to_kernels
from .patches import sample_patches
from .sparse_autoencoder import SparseAutoencoder
from .whitening import ZCA

__all__ = ["ZCA", "SparseAutoencoder", "rescale", "sample_patches", "spread", "to_kernels"]
