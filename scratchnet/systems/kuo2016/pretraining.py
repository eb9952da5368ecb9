"""From patches to the kernels with which the convolutions start (paper, section 3, "Pre-processing Stage").

Conv1's kernels come from patches of the images; those of deeper layers, where a recipe asks for them, from patches of
the output of the layer below (ledger row 3).
"""
import numpy as np

from ...backend import array_module, to_device, to_host
from ...data.channels import gray
from ...data.standardize import Standardizer
from ...schema import amount, anything, exactly
from ...unsupervised import (
    ZCA,
    SparseAutoencoder,
    leading_eigenvectors,
    rescale,
    sample_patches,
    spread,
    to_kernels,
)
from .network import FILTERS, K
from .recipe import DEEPER

KIND = "pretraining"
DESCRIPTION = {"kind": exactly(KIND), "about": {...: anything}, "seconds": amount}  # of the file of what was learnt
SHOWN = 1000  # patches kept for pictures
EIGENPATCH_EPSILON = 5e-4  # in units of a pixel's variance: that of the public nets that start so


def image_patches(recipe, standardizer, rgb, images, rng):
    """Return standardised patches (count, K·K·C) of training images, and C.

    Parameters
    ----------
    recipe : Recipe
    standardizer : Standardizer
        Of the images with the method's channels.
    rgb, images : (N, 32, 32, 3) and (N, 32, 32, channels) uint8 arrays
        On the host, without and with the method's channels.
    rng : numpy.random.Generator
    """
    source, standardize = images, standardizer
    if recipe.patches == "gray":
        source = gray(rgb)[..., None]
        standardize = Standardizer.fit(source)
    C = source.shape[3]
    patches = sample_patches(source, recipe.patch_count, K, rng).reshape(-1, K, K, C)
    return standardize(patches).reshape(len(patches), -1), C


def learn_kernels(recipe, patches, C, rng, callback=None, workers=None):
    """Return what an auto-encoder on whitened patches (m, K·K·C) makes of them.

    Returns
    -------
    dict of str to array
        "kernels" (K, K, C, F) and "biases" (F,), with the whitening folded in, and for pictures the "costs" of each
        iteration, 1,000 "patches" (1000, K·K·C) and the same as "whitened_patches".
    """
    whitening = ZCA(recipe.whitening_epsilon).fit(patches)
    whitened = whitening.transform(patches)
    autoencoder = SparseAutoencoder(patches.shape[1], FILTERS, recipe.sparsity, recipe.sparsity_weight,
                                    recipe.sparse_weight_decay, rng)
    costs = autoencoder.fit(whitened, recipe.pretrain_iterations, callback, workers=workers)
    kernels, biases = to_kernels(autoencoder, whitening, K, C)
    return {"kernels": kernels, "biases": biases, "costs": np.array(costs), "patches": to_host(patches[:SHOWN]),
            "whitened_patches": to_host(whitened[:SHOWN])}


def eigenpatches(recipe, patches, C):
    """Return whitening itself as kernels: the directions in which patches (m, K·K·C) vary most, and their opposites.

        k_i = ± v_i / √(λ_i + ε),    v_i and λ_i eigenvectors and eigenvalues of the patches' covariance

    so that the outputs of the first half, before the ReLU, are uncorrelated and alike in size.

    Returns
    -------
    dict of str to array
        As `learn_kernels`; there are no costs.
    """
    mean = patches.mean(axis=0, dtype=np.float64)
    centred = patches - mean
    vectors, values = leading_eigenvectors(centred.T @ centred / len(patches), FILTERS // 2)
    half = vectors / array_module(patches).sqrt(values + EIGENPATCH_EPSILON)
    kernels, biases = np.concatenate([to_host(half), -to_host(half)], axis=1), to_host(mean @ half)
    whitened = ZCA(recipe.whitening_epsilon).fit(patches).transform(patches[:SHOWN])
    return {"kernels": kernels.reshape(K, K, C, FILTERS), "biases": np.concatenate([-biases, biases]),
            "costs": np.zeros(0), "patches": to_host(patches[:SHOWN]), "whitened_patches": to_host(whitened)}


def learn_deeper_kernels(recipe, maps, rng, xp, workers=None):
    """Return kernels (K, K, F, F) and biases (F,) from the output (N, H, W, F) of the layer below, on the host."""
    scale = maps.std()
    patches = to_device(sample_patches(maps / scale, recipe.patch_count // DEEPER, K, rng), xp)
    found = learn_kernels(recipe, patches, FILTERS, rng, workers=workers)
    return found["kernels"] / scale, found["biases"]


def unwhitened_kernels(recipe, patches, C, rng):
    """Return the kernels (K, K, C, F) that an auto-encoder finds on patches (m, K·K·C) as they are: for a picture.

    Plain patches hardly vary in most directions; there, only a stronger decay takes out the initial noise.
    """
    plain = SparseAutoencoder(patches.shape[1], FILTERS, recipe.sparsity, recipe.sparsity_weight,
                              10 * recipe.sparse_weight_decay, rng)
    plain.fit(patches, recipe.pretrain_iterations)
    return to_kernels(plain, None, K, C)[0]


def shapes(recipe, channels):
    """Return the shape and dtype of all that `learn_kernels` gives for images of so many channels, by name."""
    C = 1 if recipe.patches == "gray" else channels
    found = {"kernels": (K, K, C, FILTERS), "biases": (FILTERS,), "costs": (None,), "patches": (None, K * K * C),
             "whitened_patches": (None, K * K * C)}
    for i in range(2, recipe.pretrained_layers + 1):
        found |= {f"kernels{i}": (K, K, FILTERS, FILTERS), f"biases{i}": (FILTERS,)}
    return {name: (shape, None) for name, shape in found.items()}


def start_from(network, learnt, kernel_scale):
    """Put learnt kernels into the convolutions, spread over their channels and scaled as a recipe says.

    Parameters
    ----------
    network : Network
    learnt : dict of str to array
        "kernels" and "biases" of conv1; "kernels2", "biases2", ... of deeper layers.
    kernel_scale : {"he", "learned"}
        Whether kernels get the standard deviation of He's initialisation, or keep their own.
    """
    for i in range(1, 4):
        number = "" if i == 1 else i
        if f"kernels{number}" in learnt:
            params = network.layers[f"conv{i}"].params
            C = params["W"].shape[2]
            kernels, biases = learnt[f"kernels{number}"], learnt[f"biases{number}"]
            if kernels.shape[2] != C:
                kernels = spread(kernels, C)
            if kernel_scale == "he":
                kernels, biases = rescale(kernels, biases, np.sqrt(2 / (K * K * C)))
            params["W"][...], params["b"][...] = kernels, biases
