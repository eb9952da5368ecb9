"""Krizhevsky (2009): a restricted Boltzmann machine learns what images are like, then back-propagation what they show.

Learning Multiple Layers of Features from Tiny Images: the whole image, as whitened principal components, is what one
layer of hidden units learns to believe in; these units then start a network of one hidden layer. It was the best on
CIFAR-10 when the data set was published, without a single convolution.
"""
import time

import numpy as np

from ..backend import to_device, to_host
from ..checks import flags, positive
from ..data.augment import shift_and_flip
from ..errors import SettingsError
from ..layers import Dense, Dropout, ReLU, Sigmoid
from ..network import Network
from ..randomness import stream
from ..suggest import nearest
from ..unsupervised import RBM, PCAWhitening, normalize_contrast
from .energy import CHAINS, SCALED, SHOWN, WHITENING_IMAGES, D, EnergySystem, pictures, taught

SCALES = ("he", "learned")
ACTIVATIONS = {"sigmoid": Sigmoid, "relu": ReLU}
GRAY = 120  # what moves into an image that is shifted: near the mean
TILES = 64  # hidden units in the picture of filters


class RBMBackprop(EnergySystem):
    """Pixels → contrast → leading whitened principal components → hidden units, started as those of an RBM → softmax.

    The descriptor for retrieval is the projection of the hidden units' activities onto their first principal
    components, 400 numbers as in Kuo, Chou and Chang (2016), or with ``components=0`` the activities themselves. The
    thesis could not be read; for what is not known of it, see the ledger.

    Parameters
    ----------
    preset, seed
        See `System`.
    contrast : bool
        Whether brightness and contrast of each image are taken out first.
    whitened : int
        Principal components that are kept; 782 in the thesis.
    epsilon : float
        What is added to the variance of a component before it is divided by its root, in units of a pixel's variance;
        all of them together are then scaled to variance 1. With 0, all have variance 1; with more, those that hardly
        vary, which are mostly noise, count less.
    hidden : int
        Hidden units. With a sparsity weight, their means start at the sparsity; else at one half.
    steps, persistent : int, bool
        Of the machine's chains; see `ContrastiveDivergence`.
    scale : {"he", "learned"}
        Whether the network starts from the machine's weights, scaled so that as much reaches a hidden unit as of He's
        initialisation, √2 on average, and from no biases; or from weights and biases as learnt.
    activation : {"relu", "sigmoid"}
        Of the network's hidden units.
    pretrain, rbm_epochs, rbm_rate, rbm_decay, sparsity, sparsity_weight, sigma, dropout, shift, flip, epochs, rate
    decay, batch, momentum, components
        See `EnergySystem`.

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
        super().__init__(preset, seed, pretrain=pretrain, epsilon=epsilon, rbm_epochs=rbm_epochs, rbm_rate=rbm_rate,
                         rbm_decay=rbm_decay, sigma=sigma, sparsity=sparsity, sparsity_weight=sparsity_weight,
                         dropout=dropout, shift=shift, flip=flip, epochs=epochs, rate=rate, decay=decay, batch=batch,
                         momentum=momentum, components=components)
        self.whitened, self.hidden, self.steps = positive(whitened=whitened, hidden=hidden, steps=steps)
        self.contrast, self.persistent = flags(contrast=contrast, persistent=persistent)
        for name, value, known in (("activation", activation, ACTIVATIONS), ("scale", scale, SCALES)):
            if value not in known:
                raise SettingsError(f"there is no {name} {value!r}{nearest(str(value), known)}: choose one of "
                                    f"{', '.join(known)}")
            setattr(self, name, value)
        if self.whitened > D:
            raise SettingsError(f"images of {D:,} numbers have no {self.whitened:,} principal components")
        if sparsity_weight and not 0 < sparsity < 1:
            raise SettingsError(f"sparsity must lie between 0 and 1, got {sparsity}")

    def needs(self, n):
        """Return the bytes of memory and of space on the disk that a fit to n images takes."""
        some, weights = min(n, WHITENING_IMAGES), self.whitened * self.hidden
        whitening = some * D * 12 + min(some, D)**2 * 40
        learning = 4 * weights * 8 + 4 * D * self.whitened
        return 2e8 + n * D + max(whitening, learning), 0

    def _whiten(self, images, about, fitting):
        """Learn the whitening of images, or take it from an earlier run; return the seconds."""
        def make(start, keep):
            begun = time.perf_counter()
            some = np.sort(stream("whitening", self.seed).permutation(len(images))[:WHITENING_IMAGES])
            rows = self._rows(to_device(images[some], self.xp)).astype(np.float32)
            whitening = PCAWhitening(self.whitened, self.epsilon * float(rows.var())).fit(rows)
            z = whitening.transform(rows)
            found = {"mean": whitening.mean, "basis": whitening.transform_matrix / self.xp.sqrt((z * z).mean())}
            return {name: to_host(array) for name, array in found.items()}, {"seconds": time.perf_counter() - begun}
        shapes = {"mean": ((D,), np.float32), "basis": ((D, self.whitened), np.float32)}
        arrays, state = fitting.part("whitening", about, shapes, make)
        self.learnt = {name: to_device(array, self.xp) for name, array in arrays.items()}
        return state["seconds"]

    def _start(self, images, about, fitting):
        """Let an RBM learn, as far as no earlier run did, and start the network from it; return the seconds."""
        bias = np.log(self.sparsity / (1 - self.sparsity)) if self.sparsity_weight else 0.0
        machine = RBM(self.whitened, self.hidden, scale=0.02, hidden_bias=bias,
                      rng=stream("weights of the machine", self.seed)).to(self.xp)
        teacher = self._teacher(machine, steps=self.steps, persistent=self.persistent)
        arrays, seconds = taught(teacher, "rbm", images, self.rbm_epochs,
                                 lambda some, rng: self._prepare(some, rng) / self.sigma, about, fitting)
        self.seen = {name: arrays[name] for name in self.seen}
        params = self.network.layers["hidden"].params
        W, b = arrays["W"] / self.sigma, arrays["c"]
        if self.scale == "he":
            reached = to_host(self._prepare(images[:SCALED])) @ W
            W, b = W * np.sqrt(2) / reached.std(), 0 * b
        params["W"], params["b"] = (to_device(array.astype(np.float32), self.xp) for array in (W, b))
        return seconds

    def _build(self):
        """Make the network, randomly initialised from the seed, on the backend."""
        rng = stream("weights", self.seed)
        layers = {"hidden": Dense(self.whitened, self.hidden, rng=rng), "activation": ACTIVATIONS[self.activation]()}
        if self.dropout:
            layers["dropout"] = Dropout(self.dropout)
        self.network = Network({**layers, "classifier": Dense(self.hidden, self.classes, rng=rng)}).to(self.xp)

    def _nothing_seen(self):
        """Return what pictures show of a machine, without one; see `taught`."""
        return {"growth": np.zeros((0, self.whitened, min(SHOWN, self.hidden)), np.float32),
                "dreams": np.zeros((0, CHAINS, self.whitened), np.float32)}

    def _shapes(self):
        H = self.hidden
        return {"growth": (None, self.whitened, min(SHOWN, H)), "dreams": (None, None, self.whitened), "mean": (D,),
                "basis": (D, self.whitened), "components": (H, None) if self.components else (0, 0)}

    def _rows(self, images):
        """Return images (n, 32, 32, 3) as rows (n, 3072), without brightness and contrast if that is asked for."""
        rows = images.reshape(len(images), D)
        return normalize_contrast(rows) if self.contrast else rows

    def _prepare(self, images, rng=None):
        """Return the whitened components (n, whitened) of images; with `rng`, moved and mirrored ones."""
        if rng is not None:
            images = shift_and_flip(images, rng, self.shift, self.flip, GRAY)
        return (self._rows(images).astype(np.float32) - self.learnt["mean"]) @ self.learnt["basis"]

    def _data(self, images):
        return to_device(images, self.xp)

    def _activity(self, data):
        return self.network.features(self._prepare(data), "activation")

    def pictures(self):
        """Return the weights of some hidden units as they weigh pixels and as what they add to an image, these as they
        grew, and what the machine makes of images."""
        W = to_host(self.network.layers["hidden"].params["W"])[:, :TILES].astype(np.float64)
        basis = to_host(self.learnt["basis"]).astype(np.float64)
        back = basis / (basis * basis).sum(axis=0)  # V · diag(√λ): from components to pixels

        def added(weights):
            return (back @ weights).T.reshape(-1, 32, 32, 3)
        found = {"filters": {"weights of hidden units, in pixels": (basis @ W).T.reshape(-1, 32, 32, 3),
                             "what they add to an image": added(W)}}
        if self.pretrain:
            found |= pictures([added(weights) for weights in self.seen["growth"]],
                                     [added(v.T) for v in self.seen["dreams"]], self.rbm_epochs)
        return found
