"""Kuo, Chou and Chang (2016): seven layers, pre-trained kernels, two extra channels, a 400-number descriptor.

The paper's four methods are with and without the extra channels, with and without pre-training. What the paper leaves
open, `recipe` decides.
"""
import copy
import time
from dataclasses import asdict, fields

import numpy as np

from ... import checkpoint
from ...backend import array_module, to_device
from ...checks import positive
from ...data.augment import reflected, shift_and_flip
from ...data.channels import add_channels
from ...data.standardize import Standardizer
from ...errors import CheckpointError, SettingsError
from ...folding import fold
from ...layers import BatchNorm
from ...losses import SoftmaxCrossEntropy
from ...randomness import stream
from ...suggest import nearest
from ...training.optimizers import SGD
from ...training.trainer import Trainer, same_run
from ..contract import TOGETHER, System
from ..fitting import bar
from . import pretraining
from .network import build_network
from .recipe import RECIPES, SCHEDULES, Recipe

METHODS = {  # name: (extra channels, pre-training)
    "cnn_rgb": (False, False),
    "cnn_rgb_da": (True, False),
    "pretrain_cnn_rgb": (False, True),
    "pretrain_cnn_rgb_da": (True, True),
}
FOLD_IMAGES = 5000  # whose statistics replace those of a batch after training, where a recipe normalises batches
MAP_IMAGES = 2000  # whose feature maps deeper kernels are learnt from
SMALL = ("patch_count=5000", "pretrain_iterations=30")


class Kuo2016(System):
    """One method of the paper: how images become input, and the network that takes it.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    classes : int, optional
        Given, the network is there before `fit` is called, which is what tutorials look at.
    recipe : Recipe, str or dict
        A recipe, the name of one in `RECIPES`, or its fields.
    seed : int
        Random seed of the initial weights, the patches and the order of the images.
    preset : str
    epochs : int
        Passes over the training images; the paper has 25.

    Attributes
    ----------
    network : Network
    standardizer : Standardizer
    """

    name, title, paper = "kuo2016", "Pre-trained CNN, extra channels", "Kuo, Chou and Chang 2016"
    published = {"cifar10": 79.3, "cifar100": 44.0}
    presets = {"quick": {"epochs": 4, "recipe": RECIPES["paper"].changed(SMALL)}, "cpu": {}, "paper": {}}

    def __init__(self, method="pretrain_cnn_rgb_da", classes=None, recipe="paper", seed=0, preset="cpu", epochs=25):
        super().__init__(preset, seed)
        if method not in METHODS:
            raise SettingsError(f"there is no method {method!r}{nearest(str(method), METHODS)}: "
                                f"choose all or some of {', '.join(METHODS)}")
        positive(epochs=epochs)
        if as_recipe(recipe).classifier != "dense" and type(self)._network is not Kuo2016._network:
            raise SettingsError(f"{self.name} has last layers of its own: choose classifier=dense")
        self._method, self.recipe, self.epochs = method, as_recipe(recipe), epochs
        self.extra_channels, self.pretrains = METHODS[method]
        self.channels = 5 if self.extra_channels else 3
        self.network = self.standardizer = None
        if classes is not None:
            self.build(classes)

    @classmethod
    def configured(cls, preset="cpu", seed=0, changes=(), epochs=None, recipe=None, **settings):
        """Return an unfitted system as a command line describes it; `changes` that name no setting of the system are
        those of its recipe."""
        usual, own, of_recipe = cls.create(preset, seed, **settings), [], []
        for change in changes:
            name, _, value = change.partition("=")
            if name == "recipe":
                recipe = value
            else:
                (own if name in usual._settings() else of_recipe).append(change)
        recipe = as_recipe(usual.recipe if recipe is None else recipe).changed(of_recipe)
        return super().configured(preset, seed, own, epochs, recipe=recipe, **settings)

    @property
    def method(self):
        """One of `METHODS`."""
        return self._method

    @property
    def label(self):
        """Method and recipe, as in the names of the paper's runs."""
        return f"{self.method}-{self.recipe.name}"

    def build(self, classes):
        """Make the network, randomly initialised from the seed."""
        self.classes = classes
        self.network = self._network(classes, self.recipe)

    def _network(self, classes, recipe):
        """Return the network, randomly initialised from the seed."""
        return build_network(self.channels, classes, recipe, stream("weights", self.seed))

    def images(self, rgb):
        """Return images (N, 32, 32, 3) uint8 with the method's channels."""
        return add_channels(rgb) if self.extra_channels else rgb

    def prepare(self, rgb, rng=None):
        """Return the network's input (N, 32, 32, channels) float32 for images (N, 32, 32, 3) uint8.

        With `rng`, the images are augmented as the recipe says, and then get their extra channels: these are made of
        the image that is shown, in training as in use. Where an image is moved, the mean colour moves in, or the image
        itself, mirrored.
        """
        if rng is not None:
            fill = "reflect" if self.recipe.border == "reflect" else np.rint(self.standardizer.mean[:3])
            rgb = shift_and_flip(rgb, rng, self.recipe.shift, self.recipe.flip, fill)
        return self.standardizer(self.images(rgb))

    def fit_standardizer(self, rgb):
        """Learn mean and standard deviation of each channel from training images (N, 32, 32, 3) uint8."""
        self.standardizer = Standardizer.fit(self.images(rgb))

    def _fit(self, rgb, labels, fitting):
        recipe, about = self.recipe, {**self.describe(), **fitting.about}
        self.build(self.classes)
        self.fit_standardizer(rgb)
        fitting.say(f"{len(rgb):,} images of {self.channels} channels, {self.epochs} epochs")
        self.seconds = {"pretrain": self._start(rgb, about, fitting)}
        self.network.to(self.xp)
        trainer = Trainer(self.network, SGD(recipe.momentum, True, recipe.weight_decay),
                          SCHEDULES[recipe.schedule](recipe.rate), fitting.workers, self.prepare, self.epochs,
                          recipe.batch, self.seed, fitting.path, about, fitting.checkpoint_seconds, fitting.progress,
                          fitting.say, self._loss(), recipe.shard)
        if fitting.path and fitting.path.exists():
            trainer.resume()
        images = to_device(rgb, self.xp)
        sample = images[:FOLD_IMAGES]
        self.history = trainer.fit(images, to_device(self._targets(labels, about, fitting), self.xp), fitting.validate
                                   and (lambda: fitting.validate(self.folded(sample))))
        self.seconds["train"] = sum(row["seconds"] for row in self.history)
        self.network = self.folded(sample).network

    def _last(self):
        """Return the name of the last layer, and how many outputs it has."""
        return "classifier", self.classes

    def _loss(self):
        """Return what training minimises."""
        return SoftmaxCrossEntropy(self.recipe.smoothing, self.recipe.scale * self.recipe.margin)

    def _targets(self, labels, about, fitting):
        """Return what the loss compares the network's output with, one row an image: here its label."""
        return labels

    def _start(self, rgb, about, fitting):
        """Start from pre-trained kernels, learnt now or read from an earlier run, if there are to be any; return the
        seconds."""
        if not self.pretrains:
            return 0.0
        path = fitting.path and fitting.path.with_name("pretraining.npz")
        if path and path.exists():
            learnt, description = self.read_pretraining(path)
            same_run(description["about"], about, path)
        else:
            start = time.monotonic()
            with bar(fitting, total=self.recipe.pretrain_iterations, desc="auto-encoder", unit=" iterations") as shown:
                learnt = self.pretrain(rgb, lambda i, cost, theta: shown.update(), fitting.workers)
            description = {"kind": pretraining.KIND, "about": about, "seconds": time.monotonic() - start}
            if path:
                checkpoint.save(path, learnt, description)
            fitting.say(f"auto-encoder: cost {learnt['costs'][0]:.3f} to {learnt['costs'][-1]:.3f} in "
                        f"{len(learnt['costs'])} iterations, {description['seconds']:.0f} s" if len(learnt["costs"])
                        else f"{self.recipe.kernels}: {description['seconds']:.0f} s")
        self.start_from(learnt)
        return description["seconds"]

    def pretrain(self, rgb, callback=None, workers=None):
        """Learn kernels for conv1, and for as many deeper layers as the recipe says.

        Parameters
        ----------
        rgb : (N, 32, 32, 3) uint8 array
            On the host.
        callback : callable, optional
            See `SparseAutoencoder.fit`.
        workers : Workers, optional
            An open pool.

        Returns
        -------
        dict of str to array
            What `start_from` takes, and what pictures show; see `pretraining.learn_kernels`.
        """
        rng = stream("pre-training", self.seed)
        patches, C = pretraining.image_patches(self.recipe, self.standardizer, rgb, self.images(rgb), rng)
        patches = to_device(patches, self.xp)
        if self.recipe.kernels == "eigenpatches":
            return pretraining.eigenpatches(self.recipe, patches, C)
        learnt = pretraining.learn_kernels(self.recipe, patches, C, rng, callback, workers)
        for i in range(2, self.recipe.pretrained_layers + 1):
            self.start_from(learnt)
            maps = self._maps(rgb, f"relu{i - 1}", rng)
            learnt[f"kernels{i}"], learnt[f"biases{i}"] = pretraining.learn_deeper_kernels(
                self.recipe, maps, rng, self.xp, workers)
        return learnt

    def read_pretraining(self, path):
        """Return what `pretrain` learnt and the description beside it from the file that a fit left."""
        learnt, description = checkpoint.load(path)
        checkpoint.check(description, pretraining.DESCRIPTION, path)
        checkpoint.check_shapes(learnt, pretraining.shapes(self.recipe, self.channels), path)
        return learnt, description

    def start_from(self, learnt):
        """Put what `pretrain` learnt into the convolutions."""
        pretraining.start_from(self.network, learnt, self.recipe.kernel_scale)

    def unwhitened_kernels(self, rgb):
        """Return what an auto-encoder finds on patches of training images without whitening, for a picture."""
        rng, images = stream("pre-training", self.seed), self.images(rgb)
        patches, C = pretraining.image_patches(self.recipe, Standardizer.fit(images), rgb, images, rng)
        return pretraining.unwhitened_kernels(self.recipe, patches[:5000], C, rng)

    def _maps(self, rgb, layer, rng):
        """Return the output of `layer` for some images (N, 32, 32, 3) uint8, on the host."""
        some = rgb[rng.permutation(len(rgb))[:MAP_IMAGES]]
        network = self.folded(some).network
        return np.concatenate([network.features(self.prepare(some[start:start + TOGETHER]), layer)
                               for start in range(0, len(some), TOGETHER)])

    def summary(self, classes):
        """Return the network, layer by layer."""
        return self._network(classes, self.recipe).summary((32, 32, self.channels))

    def folded(self, rgb):
        """Return the system as it is used after training: batch normalisation folded into the convolutions.

        Statistics are those of images (N, 32, 32, 3) uint8, some thousand that it learnt from. Without batch
        normalisation, this is the system itself.
        """
        if not any(isinstance(layer, BatchNorm) for layer in self.network.layers.values()):
            return self
        xp = array_module(*self.network.params.values())
        chunks = [self.prepare(to_device(rgb[start:start + TOGETHER], xp)) for start in range(0, len(rgb), TOGETHER)]
        twin = copy.copy(self)
        twin.network = fold(self.network, chunks)
        return twin

    def to(self, xp):
        """Compute on the backend `xp` from now on, and return the system."""
        if self.network:
            self.network.to(xp)
        return super().to(xp)

    def _outputs(self, rgb):
        """Return the descriptor (n, 400) after the ReLU, the one before it, and scores.

        With the recipe's `test_flip`, what the ReLU takes is the mean of an image and its mirror image,

            d = max(0, (f(x) + f(mirrored x)) / 2),   f being the layers up to "fc",

        which makes the descriptors of the two equal. With `test_shift`, it is half of that and half the same of the
        image moved up and left, and down and right.
        """
        before = self._before_relu(rgb)
        after, _ = self.network.layers["relu4"].forward(before)
        scores, _ = self.network.layers["classifier"].forward(after)
        return {"descriptor": after, "scores": scores, "before_relu": before}

    def _before_relu(self, rgb):
        s, before = self.recipe.test_shift, self._view(rgb)
        if s:
            wide = reflected(rgb, s)
            before = before / 2 + (self._view(wide[:, :-2 * s, :-2 * s]) + self._view(wide[:, 2 * s:, 2 * s:])) / 4
        return before

    def _view(self, rgb):
        x = self.prepare(rgb)
        before = self.network.features(x, "fc")
        if self.recipe.test_flip:
            mirrored = array_module(x).ascontiguousarray(x[:, :, ::-1])
            before = (before + self.network.features(mirrored, "fc")) / 2
        return before

    def _settings(self):
        return {"method": self._method, "recipe": asdict(self.recipe), "epochs": self.epochs}

    def _state(self):
        return {"mean": self.standardizer.mean, "std": self.standardizer.std,
                **{f"param/{name}": p for name, p in self.network.params.items()}}

    def _restore(self, arrays, path):
        """Take back mean, standard deviation and parameters; those in half precision become float32."""
        arrays = {name: array.astype(np.float32) if array.dtype == np.float16 else array
                  for name, array in arrays.items()}
        layer, size = self._last()
        key, shape = ("b", (size,)) if self.recipe.classifier == "dense" else ("W", (None, size))
        outputs = {f"param/{layer}.{key}": (shape, np.float32)}  # before a network of so many is made
        checkpoint.check_shapes({name: arrays[name] for name in outputs if name in arrays}, outputs, path)
        self.network = self._network(self.classes, self.recipe.without_normalization())
        self.standardizer = Standardizer(np.zeros(self.channels), np.ones(self.channels))
        wanted = self._state()
        checkpoint.check_arrays(arrays, wanted, path)
        self.standardizer = Standardizer(arrays["mean"], arrays["std"])
        for name, p in self.network.params.items():
            p[...] = arrays[f"param/{name}"]


def as_recipe(recipe):
    """Return a `Recipe` for itself, its name or its fields."""
    if isinstance(recipe, Recipe):
        return recipe
    if isinstance(recipe, dict):
        known = {field.name for field in fields(Recipe)}
        if unknown := sorted(set(recipe) - known):
            raise CheckpointError(f"a recipe has no {', '.join(unknown)}: it was written by another version")
        return Recipe(**recipe)
    if recipe not in RECIPES:
        raise SettingsError(f"there is no recipe {recipe!r}{nearest(str(recipe), RECIPES)}: choose one of "
                            f"{', '.join(RECIPES)}")
    return RECIPES[recipe]
