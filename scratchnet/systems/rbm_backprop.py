"""Krizhevsky (2009): a restricted Boltzmann machine learns what images are like, then back-propagation what they show.

Learning Multiple Layers of Features from Tiny Images: the whole image, as whitened principal components, is what one
layer of hidden units learns to believe in; these units then start a network of one hidden layer. It was the best on
CIFAR-10 when the data set was published, without a single convolution.
"""
import time

import numpy as np

from .. import checkpoint
from ..backend import to_device, to_host
from ..checks import counts, flags, not_negative, positive
from ..data.augment import shift_and_flip
from ..errors import SettingsError
from ..layers import Dense, Dropout, ReLU, Sigmoid
from ..memory import free_memory
from ..network import Network
from ..randomness import stream
from ..suggest import nearest
from ..training.optimizers import SGD
from ..training.schedules import one_cycle
from ..training.trainer import Trainer
from ..unsupervised import (
    RBM,
    ContrastiveDivergence,
    PCAWhitening,
    normalize_contrast,
    principal_components,
)
from . import energy
from .contract import System
from .energy import PCA_IMAGES, SCALED, WHITENING_IMAGES, D
from .features import check_capacity

SCALES = ("he", "learned")
ACTIVATIONS = {"sigmoid": Sigmoid, "relu": ReLU}
SHARD = 64  # images whose gradients are computed together: such a gradient is as large as the weights
GRAY = 120  # what moves into an image that is shifted: near the mean
SHOWN = 64  # hidden units in a picture


class RBMBackprop(System):
    """Pixels → contrast → leading whitened principal components → hidden units, started as those of an RBM → softmax.

    The descriptor for retrieval is the projection of the hidden units' activities onto their first principal
    components, 400 numbers as in Kuo, Chou and Chang (2016), or with ``components=0`` the activities themselves. The
    thesis could not be read; for what is not known of it, see the ledger.

    Parameters
    ----------
    preset, seed
        See `System`.
    pretrain : bool
        Whether the hidden units start as those of an RBM; if not, as He et al. (2015) have it.
    contrast : bool
        Whether brightness and contrast of each image are taken out first.
    whitened : int
        Principal components that are kept; 782 in the thesis.
    epsilon : float
        What is added to the variance of a component before it is divided by its root, in units of a pixel's variance;
        all of them together are then scaled to variance 1. With 0, all have variance 1; with more, those that hardly
        vary, which are mostly noise, count less.
    hidden : int
        Hidden units.
    rbm_epochs, rbm_rate, rbm_decay : int, float, float
        Of contrastive divergence; its rate rises and falls as that of back-propagation.
    steps, persistent : int, bool
        Of its chains; see `ContrastiveDivergence`.
    sparsity, sparsity_weight : float
        What the means of hidden units are drawn to, where they start, and how strongly they are drawn; with a weight of
        0 they are free and start at one half.
    sigma : float
        Standard deviation of a visible unit given the hidden ones; the machine sees the whitened components, whose own
        is 1, divided by it. With 1, nothing would be left for hidden units to explain: white data are what a machine
        without any weights believes in.
    scale : {"he", "learned"}
        Whether the network starts from the machine's weights, scaled so that as much reaches a hidden unit as of He's
        initialisation, √2 on average, and from no biases; or from weights and biases as learnt.
    activation : {"relu", "sigmoid"}
        Of the network's hidden units.
    dropout : float
        Share of hidden units that is switched off while training.
    shift, flip : int, bool
        By how many pixels images are moved, at most, and whether half of them are mirrored, while training.
    epochs, rate, decay : int, float, float
        Of back-propagation: a cycle of the rate up to `rate` and down to 0.
    batch : int
        Images of a step, of both.
    momentum : float
        Of both.
    components : int
        Numbers of a descriptor; 0 for all activities.

    Attributes
    ----------
    network : Network
    learnt : dict of str to array
        "mean" (3072,) and "basis" (3072, whitened) of the whitening, "components" (hidden, components) of the
        descriptors, on the backend.
    """

    name, title, paper = "rbm_backprop", "RBM with back-propagation", "Krizhevsky 2009"
    published = {"cifar10": 64.8}
    variants = {"rbm_backprop_random": {"cifar10": 51.5}}
    presets = {"quick": {"whitened": 200, "hidden": 400, "rbm_epochs": 15, "epochs": 25, "batch": 64, "dropout": 0.2,
                         "components": 100}, "cpu": {}, "paper": {"hidden": 10_000}}

    def __init__(self, preset="cpu", seed=0, pretrain=True, contrast=True, whitened=782, epsilon=30.0, hidden=4000,
                 rbm_epochs=20, rbm_rate=2e-3, rbm_decay=1e-4, steps=1, persistent=False, sparsity=0.05,
                 sparsity_weight=1.0, sigma=0.7, scale="he", activation="relu", dropout=0.5, shift=2, flip=True,
                 epochs=40, rate=0.02, decay=1e-3, batch=128, momentum=0.9, components=400):
        super().__init__(preset, seed)
        (self.whitened, self.hidden, self.rbm_epochs, self.steps, self.epochs, self.batch) = positive(
            whitened=whitened, hidden=hidden, rbm_epochs=rbm_epochs, steps=steps, epochs=epochs, batch=batch)
        self.shift, self.components = counts(shift=shift, components=components)
        self.pretrain, self.contrast, self.persistent, self.flip = flags(pretrain=pretrain, contrast=contrast,
                                                                         persistent=persistent, flip=flip)
        for name, value, known in (("activation", activation, ACTIVATIONS), ("scale", scale, SCALES)):
            if value not in known:
                raise SettingsError(f"there is no {name} {value!r}{nearest(str(value), known)}: choose one of "
                                    f"{', '.join(known)}")
            setattr(self, name, value)
        if self.whitened > D:
            raise SettingsError(f"images of {D:,} numbers have no {self.whitened:,} principal components")
        if self.shift >= 16:
            raise SettingsError(f"images of 32 pixels can be shifted by 0 to 15, got {shift}")
        not_negative(epsilon=epsilon, rate=rate, rbm_rate=rbm_rate, sigma=sigma)
        if not rate or not rbm_rate or not sigma:
            raise SettingsError("rate, rbm_rate and sigma must be above 0")
        if sparsity_weight and not 0 < sparsity < 1:
            raise SettingsError(f"sparsity must lie between 0 and 1, got {sparsity}")
        self.epsilon, self.dropout, self.rate, self.rbm_rate = map(float, (epsilon, dropout, rate, rbm_rate))
        self.decay, self.rbm_decay, self.momentum = float(decay), float(rbm_decay), float(momentum)
        self.sparsity, self.sparsity_weight, self.sigma = float(sparsity), float(sparsity_weight), float(sigma)
        self._teacher(None), Dropout(dropout), SGD(momentum, True, decay)  # which refuse what makes no sense
        self.network, self.learnt, self.seen = None, {}, self._nothing_seen()

    @property
    def method(self):
        """The system's name, and "_random" behind it without pre-training."""
        return self.name if self.pretrain else f"{self.name}_random"

    def needs(self, n):
        """Return the bytes of memory and of space on the disk that a fit to n images takes."""
        some, weights = min(n, WHITENING_IMAGES), self.whitened * self.hidden
        whitening = some * D * 12 + min(some, D)**2 * 40
        learning = 4 * weights * 8 + 4 * D * self.whitened
        return 2e8 + n * D + max(whitening, learning), 0

    def check(self, n, folder=None):
        """Refuse a fit to n images that memory has no room for."""
        check_capacity(self, self.needs, n, free_memory(), folder)

    def _fit(self, images, labels, fitting):
        self.network, self.learnt, self.seen = None, {}, self._nothing_seen()
        about = {**self.describe(), **fitting.about}
        there = to_device(images, self.xp)
        self.seconds = {"whiten": self._whiten(there, about, fitting)}
        self._build()
        if self.pretrain:
            self.seconds["pretrain"] = self._start(there, about, fitting)
        trainer = Trainer(self.network, SGD(self.momentum, True, self.decay), one_cycle(self.rate), fitting.workers,
                          self._prepare, self.epochs, self.batch, self.seed, fitting.path, about,
                          fitting.checkpoint_seconds, fitting.progress, fitting.say, shard=SHARD)
        if fitting.path and fitting.path.exists():
            trainer.resume()
        self.history = trainer.fit(there, to_device(np.asarray(labels), self.xp),
                                   fitting.validate and (lambda: fitting.validate(self)))
        self.seconds["train"] = sum(row["seconds"] for row in self.history)
        if self.components:
            some = np.sort(stream("components", self.seed).permutation(len(images))[:PCA_IMAGES])
            activity = self._activity(there[to_device(some, self.xp)])
            _, self.learnt["components"] = principal_components(activity, self.components, centre=False)
        else:
            self.learnt["components"] = self.xp.zeros((0, 0), dtype=np.float32)

    def _whiten(self, images, about, fitting):
        """Learn the whitening of images on the backend, or take it from an earlier run; return the seconds."""
        def make(start, keep):
            begun = time.perf_counter()
            some = np.sort(stream("whitening", self.seed).permutation(len(images))[:WHITENING_IMAGES])
            rows = self._rows(images[to_device(some, self.xp)]).astype(np.float32)
            whitening = PCAWhitening(self.whitened, self.epsilon * float(rows.var())).fit(rows)
            z = whitening.transform(rows)
            found = {"mean": whitening.mean, "basis": whitening.transform_matrix / self.xp.sqrt((z * z).mean())}
            return {name: to_host(array) for name, array in found.items()}, {"seconds": time.perf_counter() - begun}
        shapes = {"mean": ((D,), np.float32), "basis": ((D, self.whitened), np.float32)}
        arrays, state = fitting.part("whitening", about, shapes, make)
        self.learnt = {name: to_device(array, self.xp) for name, array in arrays.items()}
        return state["seconds"]

    def _teacher(self, machine):
        return ContrastiveDivergence(machine, one_cycle(self.rbm_rate), self.steps, self.persistent, self.momentum,
                                     self.rbm_decay, self.sparsity, self.sparsity_weight, self.batch, seed=self.seed)

    def _start(self, images, about, fitting):
        """Let an RBM learn, as far as no earlier run did, and start the network from it; return the seconds."""
        bias = np.log(self.sparsity / (1 - self.sparsity)) if self.sparsity_weight else 0.0
        machine = RBM(self.whitened, self.hidden, scale=0.02, hidden_bias=bias,
                      rng=stream("weights of the machine", self.seed)).to(self.xp)
        teacher = self._teacher(machine)
        arrays, seconds = energy.taught(teacher, "rbm", images, self.rbm_epochs,
                                        lambda some, rng: self._prepare(some, rng) / self.sigma, about, fitting)
        self.seen = {name: arrays[name] for name in self.seen}
        params = self.network.layers["hidden"].params
        W, b = arrays["W"] / self.sigma, arrays["c"]
        if self.scale == "he":
            reached = to_host(self._prepare(images[:SCALED])) @ W
            W, b = W * np.sqrt(2) / reached.std(), 0 * b
        params["W"], params["b"] = (to_device(array.astype(np.float32), self.xp) for array in (W, b))
        return seconds

    def _nothing_seen(self):
        """Return what pictures show of a machine, without one; see `energy.taught`."""
        return {"growth": np.zeros((0, self.whitened, min(energy.SHOWN, self.hidden)), np.float32),
                "dreams": np.zeros((0, energy.CHAINS, self.whitened), np.float32)}

    def _build(self):
        """Make the network, randomly initialised from the seed, on the backend."""
        rng = stream("weights", self.seed)
        layers = {"hidden": Dense(self.whitened, self.hidden, rng=rng), "activation": ACTIVATIONS[self.activation]()}
        if self.dropout:
            layers["dropout"] = Dropout(self.dropout)
        self.network = Network({**layers, "classifier": Dense(self.hidden, self.classes, rng=rng)}).to(self.xp)

    def _rows(self, images):
        """Return images (n, 32, 32, 3) as rows (n, 3072), without brightness and contrast if that is asked for."""
        rows = images.reshape(len(images), D)
        return normalize_contrast(rows) if self.contrast else rows

    def _prepare(self, images, rng=None):
        """Return the whitened components (n, whitened) of images; with `rng`, moved and mirrored ones."""
        if rng is not None:
            images = shift_and_flip(images, rng, self.shift, self.flip, GRAY)
        return (self._rows(images).astype(np.float32) - self.learnt["mean"]) @ self.learnt["basis"]

    def _activity(self, images):
        return self.network.features(self._prepare(images), "activation")

    def _outputs(self, images):
        h = self._activity(images)
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
        """Return the weights of some hidden units as they weigh pixels and as what they add to an image, these as they
        grew, and what the machine makes of images."""
        W = to_host(self.network.layers["hidden"].params["W"])[:, :SHOWN].astype(np.float64)
        basis = to_host(self.learnt["basis"]).astype(np.float64)
        back = basis / (basis * basis).sum(axis=0)  # V · diag(√λ): from components to pixels

        def added(weights):
            return (back @ weights).T.reshape(-1, 32, 32, 3)
        found = {"filters": {"weights of hidden units, in pixels": (basis @ W).T.reshape(-1, 32, 32, 3),
                             "what they add to an image": added(W)}}
        if self.pretrain:
            found |= energy.pictures([added(weights) for weights in self.seen["growth"]],
                                     [added(v.T) for v in self.seen["dreams"]], self.rbm_epochs)
        return found

    def _settings(self):
        names = ("pretrain", "contrast", "whitened", "epsilon", "hidden", "rbm_epochs", "rbm_rate", "rbm_decay",
                 "steps", "persistent", "sparsity", "sparsity_weight", "sigma", "scale", "activation", "dropout",
                 "shift", "flip", "epochs", "rate", "decay", "batch", "momentum", "components")
        return {name: getattr(self, name) for name in names}

    def _state(self):
        return {**self.seen, **{name: to_host(array) for name, array in self.learnt.items()},
                **{f"param/{name}": to_host(array) for name, array in self.network.params.items()}}

    def _restore(self, arrays, path):
        H = self.hidden
        shapes = {"growth": (None, self.whitened, min(energy.SHOWN, H)), "dreams": (None, None, self.whitened)}
        shapes |= {"mean": (D,), "basis": (D, self.whitened), "components": (H, None) if self.components else (0, 0),
                  "param/hidden.W": (self.whitened, H), "param/hidden.b": (H,),
                  "param/classifier.W": (H, self.classes), "param/classifier.b": (self.classes,)}
        checkpoint.check_shapes(arrays, {name: (shape, np.float32) for name, shape in shapes.items()}, path)
        self.learnt = {name: to_device(arrays[name], self.xp) for name in ("mean", "basis", "components")}
        self.seen = {name: arrays[name] for name in self.seen}
        self._build()
        for name, p in self.network.params.items():
            p[...] = to_device(arrays[f"param/{name}"], self.xp)
