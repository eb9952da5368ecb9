"""Krizhevsky (2010): a convolutional deep belief network, two layers learnt one after the other, then all of it.

Convolutional Deep Belief Networks on CIFAR-10. We could read no more than its abstract and what others quote: units
that see the whole image stand beside the convolutional ones, so that these need not bend to what is special about the
border; hidden units are rectified and capped at 6; and after the layers have learnt from images, back-propagation
learns from labels. What is not known, the ledger lists.
"""
import time

import numpy as np

from .. import checkpoint
from ..backend import to_device, to_host
from ..checks import counts, flags, not_negative, positive
from ..data.augment import shift_and_flip
from ..errors import SettingsError
from ..layers import CappedReLU, Conv2D, Dense, Dropout, Flatten, MaxPool2D, conv_im2col
from ..memory import free_memory
from ..network import Network
from ..randomness import stream
from ..training.optimizers import SGD
from ..training.schedules import one_cycle
from ..training.trainer import Trainer
from ..unsupervised import (
    ZCA,
    ContrastiveDivergence,
    ConvRBM,
    normalize_contrast,
    principal_components,
    sample_patches,
)
from . import energy
from .contract import TOGETHER, System
from .energy import PCA_IMAGES, SCALED, WHITENING_IMAGES, D
from .features import check_capacity

K = 5  # pixels of a filter each way
REACH = 3  # pixels that whitening looks at on each side of one
PATCHES = 50_000  # from which it is learnt, at most
SIDE = (32, 14, 5)  # pixels each way: of an image, and of the maps of both layers
SHARD = 32  # images whose gradients are computed together


class ConvDBN(System):
    """Whitened pixels → (convolution, maximum over 2 x 2, units capped at 6) twice → softmax.

    Each convolution starts as the filters of a convolutional Boltzmann machine: the first of one that has seen whitened
    images, the second of one that has seen the maps of the first. The machines' global units serve their learning only.
    The descriptor for retrieval is the projection of the second layer's maps onto their first principal components,
    400 numbers as in Kuo, Chou and Chang (2016), or with ``components=0`` the maps themselves.

    Parameters
    ----------
    preset, seed
        See `System`.
    pretrain : bool
        Whether the convolutions start as those of the machines; if not, as He et al. (2015) have it.
    epsilon : float
        Of the whitening, in units of a pixel's variance.
    maps1, maps2 : int
        Filters of the two layers.
    global_units : int
        Of each machine.
    rbm_images : int
        Training images that the machines learn from, at most.
    rbm_epochs, rbm_rate, rbm_decay : int, float, float
        Of contrastive divergence; its rate rises and falls as that of back-propagation. That of the second machine is
        lower by as many times as its units see more numbers.
    sigma : float
        Standard deviation of a visible unit given the hidden ones; see `RBMBackprop`.
    sparsity, sparsity_weight : float
        What the means of hidden units are drawn to, and how strongly; with a weight of 0 they are free.
    dropout : float
        Share of the second layer's units that is switched off while training.
    shift, flip : int, bool
        By how many pixels images are moved, at most, and whether half of them are mirrored, while training.
    epochs, rate, decay : int, float, float
        Of back-propagation: a cycle of the rate up to `rate` and down to 0.
    batch : int
        Images of a step, of both.
    momentum : float
        Of both.
    components : int
        Numbers of a descriptor; 0 for all maps.

    Attributes
    ----------
    network : Network
    learnt : dict of str to array
        "whitening" (7, 7, 3, 3) and "offset" (3,), a convolution, and "components" (25 · maps2, components) of the
        descriptors, on the backend.
    """

    name, title, paper = "conv_dbn", "Convolutional DBN", "Krizhevsky 2010"
    published = {"cifar10": 78.9}
    variants = {"conv_dbn_random": {}}
    presets = {"quick": {"maps1": 16, "maps2": 24, "global_units": 16, "rbm_epochs": 8, "epochs": 12, "batch": 64,
                         "components": 100},
               "cpu": {}, "paper": {"rbm_images": 50_000, "rbm_epochs": 30, "epochs": 100}}

    def __init__(self, preset="cpu", seed=0, pretrain=True, epsilon=0.1, maps1=64, maps2=128, global_units=64,
                 rbm_images=20_000, rbm_epochs=10, rbm_rate=0.02, rbm_decay=1e-4, sigma=0.7, sparsity=0.1,
                 sparsity_weight=0.0, dropout=0.5, shift=3, flip=True, epochs=40, rate=0.03, decay=1e-3, batch=128,
                 momentum=0.9, components=400):
        super().__init__(preset, seed)
        (self.maps1, self.maps2, self.rbm_images, self.rbm_epochs, self.epochs, self.batch) = positive(
            maps1=maps1, maps2=maps2, rbm_images=rbm_images, rbm_epochs=rbm_epochs, epochs=epochs, batch=batch)
        self.global_units, self.shift, self.components = counts(global_units=global_units, shift=shift,
                                                                components=components)
        self.pretrain, self.flip = flags(pretrain=pretrain, flip=flip)
        if self.shift >= 16:
            raise SettingsError(f"images of 32 pixels can be shifted by 0 to 15, got {shift}")
        not_negative(rate=rate, rbm_rate=rbm_rate, sigma=sigma)
        if not rate or not rbm_rate or not sigma:
            raise SettingsError("rate, rbm_rate and sigma must be above 0")
        self.epsilon, self.dropout, self.rate, self.rbm_rate = map(float, (epsilon, dropout, rate, rbm_rate))
        self.decay, self.rbm_decay, self.momentum = float(decay), float(rbm_decay), float(momentum)
        self.sparsity, self.sparsity_weight, self.sigma = float(sparsity), float(sparsity_weight), float(sigma)
        self._teacher(None, 3), Dropout(dropout), SGD(momentum, True, decay), ZCA(epsilon)  # which refuse nonsense
        self.network, self.learnt, self.seen = None, {}, self._nothing_seen()

    @property
    def method(self):
        """The system's name, and "_random" behind it without pre-training."""
        return self.name if self.pretrain else f"{self.name}_random"

    def needs(self, n):
        """Return the bytes of memory and of space on the disk that a fit to n images takes."""
        return 4e8 + n * D * 5 + self.batch * SIDE[0]**2 * (K * K * 3 + 2 * self.maps1) * 8, 0

    def check(self, n, folder=None):
        """Refuse a fit to n images that memory has no room for."""
        check_capacity(self, self.needs, n, free_memory(), folder)

    # ---- learning ----

    def _fit(self, images, labels, fitting):
        self.network, self.learnt, self.seen = None, {}, self._nothing_seen()
        about = {**self.describe(), **fitting.about}
        self.seconds = {"whiten": self._whiten(images, about, fitting)}
        self._build()
        x = self._all_whitened(images)
        if self.pretrain:
            self.seconds["pretrain"] = self._start(x, about, fitting)
        trainer = Trainer(self.network, SGD(self.momentum, True, self.decay), one_cycle(self.rate), fitting.workers,
                          self._moved, self.epochs, self.batch, self.seed, fitting.path, about,
                          fitting.checkpoint_seconds, fitting.progress, fitting.say, shard=SHARD)
        if fitting.path and fitting.path.exists():
            trainer.resume()
        self.history = trainer.fit(x, to_device(np.asarray(labels), self.xp),
                                   fitting.validate and (lambda: fitting.validate(self)))
        self.seconds["train"] = sum(row["seconds"] for row in self.history)
        if self.components:
            some = to_device(np.sort(stream("components", self.seed).permutation(len(images))[:PCA_IMAGES]), self.xp)
            _, self.learnt["components"] = principal_components(self._features(x[some], "flatten"), self.components,
                                                                centre=False)
        else:
            self.learnt["components"] = self.xp.zeros((0, 0), dtype=np.float32)

    def _whiten(self, images, about, fitting):
        """Learn the whitening of images, or take it from an earlier run; return the seconds."""
        def make(start, keep):
            begun = time.perf_counter()
            size, rng = 2 * REACH + 1, stream("whitening", self.seed)
            some = images[np.sort(rng.permutation(len(images))[:WHITENING_IMAGES])]
            patches = to_device(sample_patches(_normalized(some), min(PATCHES, 20 * len(some)), size, rng), self.xp)
            whitening = ZCA(self.epsilon * float(patches.var())).fit(patches)
            centre = slice(3 * REACH * (size + 1), 3 * REACH * (size + 1) + 3)
            z = whitening.transform(patches)[:, centre]
            T = whitening.transform_matrix[:, centre] / z.std()
            found = {"whitening": T.reshape(size, size, 3, 3), "offset": whitening.mean @ T}
            return ({name: to_host(array).astype(np.float32) for name, array in found.items()},
                    {"seconds": time.perf_counter() - begun})
        size = 2 * REACH + 1
        shapes = {"whitening": ((size, size, 3, 3), np.float32), "offset": ((3,), np.float32)}
        arrays, state = fitting.part("whitening", about, shapes, make)
        self.learnt = {name: to_device(array, self.xp) for name, array in arrays.items()}
        return state["seconds"]

    def _all_whitened(self, images):
        """Return images (n, 32, 32, 3) uint8 of the host, whitened, on the backend."""
        x = self.xp.empty(images.shape, dtype=np.float32)
        for start in range(0, len(images), TOGETHER):
            rows = slice(start, start + TOGETHER)
            x[rows] = self._whitened(to_device(images[rows], self.xp))
        return x

    def _whitened(self, images):
        """Return what ZCA makes of the centre of the patch around each pixel; images are mirrored beyond the border."""
        sides = (0, 0), (REACH, REACH), (REACH, REACH), (0, 0)
        x = self.xp.pad(_normalized(images), sides, mode="reflect")
        return conv_im2col.forward(x, self.learnt["whitening"], 1, 0)[0] - self.learnt["offset"]

    def _moved(self, x, rng=None):
        """Return whitened images, with `rng` moved and mirrored; gray moves in, which is 0."""
        return x if rng is None else shift_and_flip(x, rng, self.shift, self.flip)

    def _teacher(self, machine, channels):
        return ContrastiveDivergence(machine, one_cycle(self.rbm_rate * 3 / channels), momentum=self.momentum,
                                     weight_decay=self.rbm_decay, sparsity=self.sparsity,
                                     sparsity_weight=self.sparsity_weight, batch=self.batch, shard=SHARD,
                                     seed=self.seed)

    def _start(self, x, about, fitting):
        """Let two machines learn, one after the other, and start the convolutions from them; return the seconds."""
        x, seconds = x[:self.rbm_images], 0.0
        some = x[:SCALED]
        for i, below in ((1, None), (2, "cap1")):
            v = some if below is None else self._features(some, below)
            mean, scale = v.mean(axis=(0, 1, 2)), v.std() * self.sigma

            def prepare(part, rng, below=below, mean=mean, scale=scale):
                part = self._moved(part, rng)
                return ((part if below is None else self.network.features(part, below)) - mean) / scale
            conv = self.network.layers[f"conv{i}"]
            machine = ConvRBM(v.shape[1:], conv.params["W"].shape[3], K, self.global_units, scale=0.02,
                              rng=stream("weights of the machine", self.seed, i)).to(self.xp)
            arrays, taken = energy.taught(self._teacher(machine, v.shape[3]), f"layer{i}", x, self.rbm_epochs, prepare,
                                          about, fitting)
            seconds += taken
            W = to_device(arrays["W"], self.xp)
            conv.params["W"][...], conv.params["b"][...] = W, -(mean @ W.sum(axis=(0, 1)))
            factor = np.sqrt(2) / self._features(some, f"conv{i}").std()  # as much reaches a unit as of He's
            conv.params["W"] *= factor
            conv.params["b"] *= factor
            if i == 1:
                self.seen = {name: arrays[name] for name in self.seen}
        return seconds

    def _build(self):
        """Make the network, randomly initialised from the seed, on the backend."""
        rng = stream("weights", self.seed)
        layers, channels = {}, 3
        for i, maps in ((1, self.maps1), (2, self.maps2)):
            layers |= {f"conv{i}": Conv2D(channels, maps, K, rng=rng), f"pool{i}": MaxPool2D(2),
                       f"cap{i}": CappedReLU()}
            channels = maps
        layers["flatten"] = Flatten()
        if self.dropout:
            layers["dropout"] = Dropout(self.dropout)
        layers["classifier"] = Dense(SIDE[2]**2 * self.maps2, self.classes, rng=rng)
        self.network = Network(layers).to(self.xp)

    # ---- use ----

    def _features(self, x, at):
        """Return the output of layer `at` for whitened images, some at a time."""
        return self.xp.concatenate([self.network.features(x[start:start + TOGETHER], at)
                                    for start in range(0, len(x), TOGETHER)])

    def _outputs(self, images):
        h = self.network.features(self._whitened(images), "flatten")
        scores, _ = self.network.layers["classifier"].forward(h)
        if "components" not in self.learnt:  # which are learnt last
            return {"scores": scores}
        return {"descriptor": h @ self.learnt["components"] if self.components else h, "scores": scores}

    def to(self, xp):
        """Compute on the backend `xp` from now on, and return the system."""
        if self.network:
            self.network.to(xp)
        self.learnt = {name: to_device(to_host(array), xp) for name, array in self.learnt.items()}
        return super().to(xp)

    def pictures(self):
        """Return the first layer's filters, as they grew while the machine learnt and as back-propagation left them,
        and what the machine makes of images."""
        found = {"filters": {"first layer": np.moveaxis(to_host(self.network.layers["conv1"].params["W"]), -1, 0)}}
        if self.pretrain:
            grown = np.moveaxis(self.seen["growth"], -1, 1)
            found["filters"] = {"as the machine learnt them": grown[-1], "after back-propagation":
                                found["filters"]["first layer"][:energy.SHOWN]}
            found |= energy.pictures(grown, self.seen["dreams"], self.rbm_epochs)
        return found

    # ---- files ----

    def _nothing_seen(self):
        """Return what pictures show of a machine, without one; see `energy.taught`."""
        return {"growth": np.zeros((0, K, K, 3, min(energy.SHOWN, self.maps1)), np.float32),
                "dreams": np.zeros((0, energy.CHAINS, *SIDE[:1] * 2, 3), np.float32)}

    def _settings(self):
        names = ("pretrain", "epsilon", "maps1", "maps2", "global_units", "rbm_images", "rbm_epochs", "rbm_rate",
                 "rbm_decay", "sigma", "sparsity", "sparsity_weight", "dropout", "shift", "flip", "epochs", "rate",
                 "decay", "batch", "momentum", "components")
        return {name: getattr(self, name) for name in names}

    def _state(self):
        return {**self.seen, **{name: to_host(array) for name, array in self.learnt.items()},
                **{f"param/{name}": to_host(array) for name, array in self.network.params.items()}}

    def _restore(self, arrays, path):
        self._build()
        width, size = SIDE[2]**2 * self.maps2, 2 * REACH + 1
        shapes = {"growth": (None, K, K, 3, min(energy.SHOWN, self.maps1)), "dreams": (None, None, 32, 32, 3),
                  "whitening": (size, size, 3, 3), "offset": (3,),
                  "components": (width, None) if self.components else (0, 0),
                  **{f"param/{name}": p.shape for name, p in self.network.params.items()}}
        checkpoint.check_shapes(arrays, {name: (shape, np.float32) for name, shape in shapes.items()}, path)
        self.learnt = {name: to_device(arrays[name], self.xp) for name in ("whitening", "offset", "components")}
        self.seen = {name: arrays[name] for name in self.seen}
        for name, p in self.network.params.items():
            p[...] = to_device(arrays[f"param/{name}"], self.xp)


def _normalized(images):
    """Return images (n, 32, 32, 3) without their brightness and contrast."""
    return normalize_contrast(images.reshape(len(images), D)).astype(np.float32).reshape(images.shape)
