"""The paper's own system: seven layers, pre-trained kernels, two extra channels, a 400-number descriptor.

Kuo, Chou and Chang (2016), sections 3 and 5. Every setting on which the paper is silent is a field of
`Recipe`, with one default; `ledger` says why.
"""
from dataclasses import asdict, dataclass, fields

import numpy as np

from ..backend import to_device, to_host
from ..data.channels import add_channels, gray
from ..data.standardize import Standardizer
from ..errors import CheckpointError, SettingsError
from ..layers import Conv2D, Dense, Flatten, MaxPool2D, MeanPool2D, ReLU
from ..layers.base import positive
from ..layers.conv import ALGORITHMS
from ..network import Network
from ..unsupervised import ZCA, SparseAutoencoder, fold, rescale, sample_patches, spread

K, FILTERS, DESCRIPTOR = 5, 64, 400
METHODS = {  # name: (extra channels, pre-training)
    "cnn_rgb": (False, False),
    "cnn_rgb_da": (True, False),
    "pretrain_cnn_rgb": (False, True),
    "pretrain_cnn_rgb_da": (True, True),
}
POOLINGS = {"max": lambda: MaxPool2D(2), "mean": lambda: MeanPool2D(2), "overlapping": lambda: MaxPool2D(3, 2)}


@dataclass(frozen=True)
class Recipe:
    """The settings that the paper leaves open; numbers in comments are rows of the ledger."""

    name: str = "paper"
    pooling: str = "max"                 # 2: max, mean or overlapping
    patches: str = "all"                 # 3: all (input channels), or gray
    kernel_scale: str = "he"             # 5: he, or learned
    convolution: str = "auto"            # how to compute it: auto, winograd, im2col or naive
    batch: int = 128                     # 6
    rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 5e-4
    patch_count: int = 50_000
    pretrain_iterations: int = 200
    whitening_epsilon: float = 0.1
    sparsity: float = 0.035
    sparsity_weight: float = 5.0
    sparse_weight_decay: float = 3e-3

    def __post_init__(self):
        choices = {"pooling": POOLINGS, "patches": ("gray", "all"), "kernel_scale": ("he", "learned"),
                   "convolution": ("auto", *ALGORITHMS)}
        for field, allowed in choices.items():
            if getattr(self, field) not in allowed:
                raise SettingsError(f"there is no {field} {getattr(self, field)!r}: choose one of {', '.join(allowed)}")
        positive(batch=self.batch, patch_count=self.patch_count, pretrain_iterations=self.pretrain_iterations)
        if not 0 < self.rate < float("inf"):
            raise SettingsError(f"the learning rate must be above 0 and finite, got {self.rate}")


def build_network(channels, classes, recipe, rng, dtype=np.float32):
    """Return the seven layers of Figure 5, randomly initialised.

    (convolution of 64 kernels of 5x5, sub-sampling, ReLU) three times, fully connected to 400, softmax scores.
    The ReLU stands after the sub-sampling, as the paper has it; for the maximum the order makes no difference
    but in cost. The descriptor is the output of "fc" or of "relu4" (ledger row 8).
    """
    layers, shape = {}, (32, 32, channels)
    for i in (1, 2, 3):
        for name, layer in ((f"conv{i}", Conv2D(shape[2], FILTERS, K, padding=K // 2, rng=rng, dtype=dtype,
                                                     algorithm=recipe.convolution)),
                            (f"pool{i}", POOLINGS[recipe.pooling]()), (f"relu{i}", ReLU())):
            layers[name], shape = layer, layer.output_shape(shape)
    layers["flatten"] = Flatten()
    layers["fc"] = Dense(int(np.prod(shape)), DESCRIPTOR, rng=rng, dtype=dtype)
    layers["relu4"] = ReLU()
    layers["classifier"] = Dense(DESCRIPTOR, classes, rng=rng, dtype=dtype)
    return Network(layers)


class Kuo2016:
    """One method of the paper on one data set: how images become input, and the network that takes it.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    classes : int
    recipe : Recipe
    seed : int
        Of the initial weights and the patches.
    """

    def __init__(self, method, classes, recipe, seed=0):
        self.method, self.classes, self.recipe, self.seed = method, classes, recipe, seed
        self.extra_channels, self.pretrained = METHODS[method]
        self.channels = 5 if self.extra_channels else 3
        self.network = build_network(self.channels, classes, recipe, np.random.default_rng([seed, 1]))
        self.standardizer = None

    def images(self, rgb):
        """Return images (N, 32, 32, 3) uint8 with the method's channels."""
        return add_channels(rgb) if self.extra_channels else rgb

    def prepare(self, images, rng=None):
        """Return standardised float32 input for images as `images` returns them."""
        return self.standardizer(images)

    def fit_standardizer(self, images):
        """Learn mean and standard deviation of each channel from training images."""
        self.standardizer = Standardizer.fit(images)

    def pretrain(self, rgb, images, xp=np, callback=None, threads=None):
        """Learn kernels for conv1 from patches of training images.

        Parameters
        ----------
        rgb, images : (N, 32, 32, 3) and (N, 32, 32, channels) uint8 arrays
            On the host, without and with the method's channels.
        xp : module
            Backend of the objective.
        callback, threads
            See `SparseAutoencoder.fit`.

        Returns
        -------
        dict of str to array
            What `start_from` takes, "kernels" (K, K, C, F) and "biases" (F,), with the whitening folded in; and
            what pictures show: "costs" of each iteration, 1,000 "patches" (1000, K·K·C), the same as
            "whitened_patches", and "unwhitened_kernels", what a smaller auto-encoder learns without whitening.
        """
        r, rng = self.recipe, np.random.default_rng([self.seed, 2])
        source, standardize = images, self.standardizer
        if r.patches == "gray":
            source = gray(rgb)[..., None]
            standardize = Standardizer.fit(source)
        C = source.shape[3]
        patches = sample_patches(source, r.patch_count, K, rng).reshape(-1, K, K, C)
        patches = to_device(standardize(patches).reshape(len(patches), -1), xp)
        whitening = ZCA(r.whitening_epsilon).fit(patches)
        whitened = whitening.transform(patches)
        sae = SparseAutoencoder(K * K * C, FILTERS, r.sparsity, r.sparsity_weight, r.sparse_weight_decay, rng)
        costs = sae.fit(whitened, r.pretrain_iterations, callback, threads)
        kernels, biases = fold(sae, whitening, K, C)
        # Plain patches hardly vary in most directions; there, only a stronger decay takes out the initial noise.
        plain = SparseAutoencoder(K * K * C, FILTERS, r.sparsity, r.sparsity_weight, 10 * r.sparse_weight_decay, rng)
        plain.fit(patches[:5000], r.pretrain_iterations, threads=threads)
        return {"kernels": kernels, "biases": biases, "unwhitened_kernels": fold(plain, None, K, C)[0],
                "costs": np.array(costs), "patches": to_host(patches[:1000]),
                "whitened_patches": to_host(whitened[:1000])}

    def start_from(self, kernels, biases):
        """Put pre-trained kernels (K, K, C, F) and biases (F,) into conv1, spread and scaled as the recipe says."""
        params = self.network.layers["conv1"].params
        if kernels.shape[2] != self.channels:
            kernels = spread(kernels, self.channels)
        if self.recipe.kernel_scale == "he":
            kernels, biases = rescale(kernels, biases, np.sqrt(2 / (K * K * self.channels)))
        params["W"][...], params["b"][...] = kernels, biases

    def describe(self):
        """Return what `from_description` needs, for checkpoints."""
        return {"system": "kuo2016", "method": self.method, "classes": self.classes, "recipe": asdict(self.recipe),
                "mean": self.standardizer.mean.tolist(), "std": self.standardizer.std.tolist()}

    @classmethod
    def from_description(cls, about, path):
        """Rebuild the system that a checkpoint describes, with initial weights."""
        try:
            if about["system"] != "kuo2016":
                raise CheckpointError(f"{path} holds another system, {about['system']!r}")
            known = {field.name for field in fields(Recipe)}
            recipe = Recipe(**{key: value for key, value in about["recipe"].items() if key in known})
            system = cls(about["method"], about["classes"], recipe, about["seed"])
            system.standardizer = Standardizer(np.array(about["mean"]), np.array(about["std"]))
        except (KeyError, TypeError) as error:
            raise CheckpointError(f"{path} does not say how its network is built ({error}): train it again") from None
        return system
