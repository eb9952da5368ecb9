"""Learning kernels without labels: patches, whitening, the sparse auto-encoder and what becomes of it."""
from .binary_codes import BinaryCodes, quantize
from .contrastive_divergence import ContrastiveDivergence
from .conv_rbm import ConvRBM
from .encoders import Hard, Sigmoid, Triangle, quadrants
from .exact_likelihood import expected_update, likelihood_gradient, log_likelihood
from .kernels import rescale, spread, to_kernels
from .kmeans import KMeans, initial_centroids
from .patches import all_patches, normalize_contrast, sample_patches
from .pca import leading_eigenvectors, principal_components
from .pca_filters import block_histograms, codes, filtered, pca_filters, pyramid
from .rbm import RBM
from .sparse_autoencoder import SparseAutoencoder
from .whitening import ZCA, PCAWhitening

__all__ = ["RBM", "ZCA", "BinaryCodes", "ContrastiveDivergence", "ConvRBM", "Hard", "KMeans", "PCAWhitening", "Sigmoid",
           "SparseAutoencoder", "Triangle", "all_patches", "block_histograms", "codes", "expected_update", "filtered",
           "initial_centroids", "leading_eigenvectors", "likelihood_gradient", "log_likelihood", "normalize_contrast",
           "pca_filters", "principal_components", "pyramid", "quadrants", "quantize", "rescale", "sample_patches",
           "spread", "to_kernels"]
