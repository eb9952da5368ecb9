"""The seven layers of the paper's Figure 5."""
import numpy as np

from ...layers import BatchNorm, Conv2D, CosineDense, Dense, Dropout, Flatten, ReLU
from ...network import Network
from .recipe import POOLINGS

K, FILTERS, DESCRIPTOR = 5, 64, 400


def build_network(channels, classes, recipe, rng, dtype=np.float32):
    """Return the seven layers of Figure 5, randomly initialised.

    (convolution of 64 kernels of 5x5, sub-sampling, ReLU) three times, fully connected to 400, softmax scores.
    The ReLU stands after the sub-sampling, as the paper has it; for the maximum the order makes no difference
    but in cost. The descriptor is the output of "fc" or of "relu4" (ledger row 8). While training, a recipe may put
    batch normalisation before the ReLUs and dropout before the classifier.
    """
    layers = descriptor_layers(channels, recipe, rng, dtype)
    last = Dense(DESCRIPTOR, classes, rng=rng, dtype=dtype) if recipe.classifier == "dense" else \
        CosineDense(DESCRIPTOR, classes, recipe.scale, rng=rng, dtype=dtype)
    return Network({**layers, "classifier": last})


def pass_on(conv):
    """Let a convolution (K, K, F, F) start by passing each map on as it is."""
    W = conv.params["W"]
    W[...] = 0
    W[len(W) // 2, len(W) // 2] = np.eye(W.shape[2])


def descriptor_layers(channels, recipe, rng, dtype=np.float32):
    """Return all layers of `build_network` but the classifier, {name: layer}."""
    layers, shape = {}, (32, 32, channels)
    for i in (1, 2, 3):
        for name, layer in ((f"conv{i}", Conv2D(shape[2], FILTERS, K, padding=K // 2, rng=rng, dtype=dtype,
                                                algorithm=recipe.convolution)),
                            (f"pool{i}", POOLINGS[recipe.pooling]()), (f"relu{i}", ReLU())):
            layers[name], shape = layer, layer.output_shape(shape)
            if recipe.identity and name in ("conv2", "conv3"):
                pass_on(layer)
            if name.startswith("pool") and recipe.normalization == "batch":
                layers[f"norm{i}"] = BatchNorm(FILTERS, recipe.shard, dtype=dtype)
    layers["flatten"] = Flatten()
    layers["fc"] = Dense(int(np.prod(shape)), DESCRIPTOR, rng=rng, dtype=dtype)
    layers["relu4"] = ReLU()
    if recipe.dropout:
        layers["dropout"] = Dropout(recipe.dropout)
    return layers
