"""The paper's own system: seven layers, pre-trained kernels, two extra channels, a 400-number descriptor.

Kuo, Chou and Chang (2016), sections 3 and 5. On what the paper is silent, `recipe` decides.
"""
import copy
from dataclasses import asdict, fields, replace

import numpy as np

from .. import checkpoint
from ..backend import array_module, to_device, to_host
from ..data.augment import shift_and_flip
from ..data.channels import add_channels, gray
from ..data.standardize import Standardizer
from ..errors import CheckpointError
from ..folding import fold as fold_normalization
from ..layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, ReLU
from ..network import Network
from ..training.trainer import load_parameters
from ..unsupervised import ZCA, SparseAutoencoder, fold, rescale, sample_patches, spread
from .recipe import POOLINGS, Recipe

K, FILTERS, DESCRIPTOR = 5, 64, 400
DEEPER = 5  # a patch of conv2's or conv3's input is many times as large as one of the image: take fewer
METHODS = {  # name: (extra channels, pre-training)
    "cnn_rgb": (False, False),
    "cnn_rgb_da": (True, False),
    "pretrain_cnn_rgb": (False, True),
    "pretrain_cnn_rgb_da": (True, True),
}


def build_network(channels, classes, recipe, rng, dtype=np.float32):
    """Return the seven layers of Figure 5, randomly initialised.

    (convolution of 64 kernels of 5x5, sub-sampling, ReLU) three times, fully connected to 400, softmax scores.
    The ReLU stands after the sub-sampling, as the paper has it; for the maximum the order makes no difference
    but in cost. The descriptor is the output of "fc" or of "relu4" (ledger row 8). While training, a recipe may put
    batch normalisation before the ReLUs and dropout before the classifier.
    """
    layers, shape = {}, (32, 32, channels)
    for i in (1, 2, 3):
        for name, layer in ((f"conv{i}", Conv2D(shape[2], FILTERS, K, padding=K // 2, rng=rng, dtype=dtype,
                                                     algorithm=recipe.convolution)),
                            (f"pool{i}", POOLINGS[recipe.pooling]()), (f"relu{i}", ReLU())):
            layers[name], shape = layer, layer.output_shape(shape)
            if name.startswith("pool") and recipe.normalization == "batch":
                layers[f"norm{i}"] = BatchNorm(FILTERS, dtype=dtype)
    layers["flatten"] = Flatten()
    layers["fc"] = Dense(int(np.prod(shape)), DESCRIPTOR, rng=rng, dtype=dtype)
    layers["relu4"] = ReLU()
    if recipe.dropout:
        layers["dropout"] = Dropout(recipe.dropout)
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
        """Return standardised float32 input for images as `images` returns them; with `rng`, augmented for training."""
        x = self.standardizer(images)
        return x if rng is None else shift_and_flip(x, rng, self.recipe.shift, self.recipe.flip == "yes")

    def fit_standardizer(self, images):
        """Learn mean and standard deviation of each channel from training images."""
        self.standardizer = Standardizer.fit(images)

    def pretrain(self, rgb, images, xp=np, callback=None, threads=None):
        """Learn kernels for conv1 from patches of training images, and for deeper layers from patches of its output.

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
            What `start_from` takes, "kernels" (K, K, C, F) and "biases" (F,), with the whitening folded in, and
            "kernels2", "biases2", ... of deeper layers; and what pictures show: "costs" of each iteration, 1,000
            "patches" (1000, K·K·C), the same as "whitened_patches", and "unwhitened_kernels", what a smaller
            auto-encoder learns without whitening.
        """
        r, rng = self.recipe, np.random.default_rng([self.seed, 2])
        source, standardize = images, self.standardizer
        if r.patches == "gray":
            source = gray(rgb)[..., None]
            standardize = Standardizer.fit(source)
        C = source.shape[3]
        patches = sample_patches(source, r.patch_count, K, rng).reshape(-1, K, K, C)
        patches = to_device(standardize(patches).reshape(len(patches), -1), xp)
        sae, whitening, whitened, costs = self._learn(patches, rng, callback, threads)
        kernels, biases = fold(sae, whitening, K, C)
        # Plain patches hardly vary in most directions; there, only a stronger decay takes out the initial noise.
        plain = SparseAutoencoder(K * K * C, FILTERS, r.sparsity, r.sparsity_weight, 10 * r.sparse_weight_decay, rng)
        plain.fit(patches[:5000], r.pretrain_iterations, threads=threads)
        learnt = {"kernels": kernels, "biases": biases, "unwhitened_kernels": fold(plain, None, K, C)[0],
                  "costs": np.array(costs), "patches": to_host(patches[:1000]),
                  "whitened_patches": to_host(whitened[:1000])}
        for i in range(2, r.pretrained_layers + 1):
            self.start_from(learnt)
            maps = self._maps(images, f"relu{i - 1}", rng)
            scale = maps.std()
            patches = to_device(sample_patches(maps / scale, r.patch_count // DEEPER, K, rng), xp)
            sae, whitening, _, _ = self._learn(patches, rng, None, threads)
            kernels, learnt[f"biases{i}"] = fold(sae, whitening, K, FILTERS)
            learnt[f"kernels{i}"] = kernels / scale
        return learnt

    def _learn(self, patches, rng, callback, threads):
        """Return an auto-encoder trained on patches (m, D), the whitening, the whitened patches and the costs."""
        r = self.recipe
        whitening = ZCA(r.whitening_epsilon).fit(patches)
        whitened = whitening.transform(patches)
        sae = SparseAutoencoder(patches.shape[1], FILTERS, r.sparsity, r.sparsity_weight, r.sparse_weight_decay, rng)
        return sae, whitening, whitened, sae.fit(whitened, r.pretrain_iterations, callback, threads)

    def _maps(self, images, layer, rng, count=2000, chunk=100):
        """Return the output of `layer` for some images (N, 32, 32, channels)."""
        some = images[rng.permutation(len(images))[:count]]
        return np.concatenate([self.network.features(self.prepare(some[start:start + chunk]), layer)
                               for start in range(0, len(some), chunk)])

    def start_from(self, learnt):
        """Put what `pretrain` learnt into the convolutions, spread and scaled as the recipe says."""
        for i in range(1, 4):
            number = "" if i == 1 else i
            if f"kernels{number}" in learnt:
                params = self.network.layers[f"conv{i}"].params
                C = params["W"].shape[2]
                kernels, biases = learnt[f"kernels{number}"], learnt[f"biases{number}"]
                if kernels.shape[2] != C:
                    kernels = spread(kernels, C)
                if self.recipe.kernel_scale == "he":
                    kernels, biases = rescale(kernels, biases, np.sqrt(2 / (K * K * C)))
                params["W"][...], params["b"][...] = kernels, biases

    def describe(self):
        """Return what `from_description` needs, for checkpoints."""
        return {"system": "kuo2016", "method": self.method, "classes": self.classes, "recipe": asdict(self.recipe),
                "mean": self.standardizer.mean.tolist(), "std": self.standardizer.std.tolist()}

    def folded(self, images, chunk=100):
        """Return the system as it is used after training: batch normalisation folded into the convolutions.

        Statistics are those of `images`, some thousand that it learnt from, as `images` returns them. Without batch
        normalisation, this is the system itself.
        """
        if not any(isinstance(layer, BatchNorm) for layer in self.network.layers.values()):
            return self
        xp = array_module(*self.network.params.values())
        chunks = [self.prepare(to_device(images[start:start + chunk], xp)) for start in range(0, len(images), chunk)]
        twin = copy.copy(self)
        twin.network = fold_normalization(self.network, chunks)
        return twin

    def outputs(self, rgb):
        """Return descriptors (N, 400) before and after the ReLU, and scores, of colour images (N, 32, 32, 3) uint8.

        With the recipe's `test_flip`, what the ReLU takes is the mean of an image and its mirror image,

            d = max(0, (f(x) + f(mirrored x)) / 2),   f being the layers up to "fc",

        which makes the descriptors of the two equal.
        """
        layers, x = self.network.layers, self.prepare(self.images(rgb))
        before = self.network.features(x, "fc")
        if self.recipe.test_flip == "yes":
            mirrored = array_module(x).ascontiguousarray(x[:, :, ::-1])
            before = (before + self.network.features(mirrored, "fc")) / 2
        after, _ = layers["relu4"].forward(before)
        scores, _ = layers["classifier"].forward(after)
        return before, after, scores

    def descriptors(self, rgb):
        """Return the descriptors (N, 400), after the ReLU, of colour images (N, 32, 32, 3) uint8."""
        return self._in_chunks(rgb, 1)

    def scores(self, rgb):
        """Return the scores (N, classes) of colour images (N, 32, 32, 3) uint8."""
        return self._in_chunks(rgb, 2)

    def _in_chunks(self, rgb, which, chunk=100):
        parts = [self.outputs(rgb[start:start + chunk])[which] for start in range(0, len(rgb), chunk)]
        return array_module(rgb).concatenate(parts)

    @classmethod
    def load(cls, path):
        """Return the trained system of a checkpoint, on the host, and what the checkpoint says of itself.

        Raises
        ------
        CheckpointError
            If the file is missing, damaged or of another kind.
        """
        arrays, description = checkpoint.load(path)
        about = description.get("about", {})
        system = cls.from_description(about, path)
        load_parameters(system.network, {name: array.astype(np.float32) if array.dtype == np.float16 else array
                                         for name, array in arrays.items()}, path)
        return system, about

    @classmethod
    def from_description(cls, about, path):
        """Rebuild the system that a checkpoint describes, with initial weights."""
        try:
            if about["system"] != "kuo2016":
                raise CheckpointError(f"{path} holds another system, {about['system']!r}")
            known = {field.name for field in fields(Recipe)}
            recipe = Recipe(**{key: value for key, value in about["recipe"].items() if key in known})
            if about.get("folded"):
                recipe = replace(recipe, normalization="none")
            system = cls(about["method"], about["classes"], recipe, about["seed"])
            system.standardizer = Standardizer(np.array(about["mean"]), np.array(about["std"]))
        except (KeyError, TypeError) as error:
            raise CheckpointError(f"{path} does not say how its network is built ({error}): train it again") from None
        return system
