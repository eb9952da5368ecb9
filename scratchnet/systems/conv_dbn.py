"""Krizhevsky (2010): a convolutional deep belief network, two layers learnt one after the other, then all of it.

Convolutional Deep Belief Networks on CIFAR-10. We could read no more than its abstract and what others quote: units
that see the whole image stand beside the convolutional ones, so that these need not bend to what is special about the
border; hidden units are rectified and capped at 6; and after the layers have learnt from images, back-propagation
learns from labels. What is not known, the ledger lists.
"""
import time

import numpy as np

from ..backend import to_device, to_host
from ..checks import counts, positive
from ..data.augment import reflected, shift_and_flip
from ..layers import CappedReLU, Conv2D, Dense, Dropout, Flatten, MaxPool2D, conv_im2col
from ..network import Network
from ..randomness import stream
from ..unsupervised import ZCA, ConvRBM, normalize_contrast, sample_patches
from .contract import TOGETHER
from .energy import CHAINS, SCALED, SHOWN, WHITENING_IMAGES, D, EnergySystem, pictures, taught

K = 5  # pixels of a filter each way
REACH = 3  # pixels that whitening looks at on each side of one
PATCHES = 50_000  # from which it is learnt, at most
SIDE = (32, 14, 5)  # pixels each way: of an image, and of the maps of both layers


class ConvDBN(EnergySystem):
    """Whitened pixels → (convolution, maximum over 2 x 2, units capped at 6) twice → softmax.

    Each convolution starts as the filters of a convolutional Boltzmann machine: the first of one that has seen whitened
    images, the second of one that has seen the maps of the first. The machines' global units serve their learning only.
    The descriptor for retrieval is the projection of the second layer's maps onto their first principal components,
    400 numbers as in Kuo, Chou and Chang (2016), or with ``components=0`` the maps themselves.

    Parameters
    ----------
    preset, seed
        See `System`.
    epsilon : float
        Of the whitening, in units of a pixel's variance.
    maps1, maps2 : int
        Filters of the two layers.
    global_units : int
        Of each machine.
    rbm_images : int
        Training images that the machines learn from, at most.
    rbm_rate : float
        Of the first machine. That of the second is lower by as many times as its units see more numbers.
    pretrain, rbm_epochs, rbm_decay, sigma, sparsity, sparsity_weight, dropout, shift, flip, epochs, rate, decay, batch
    momentum, components
        See `EnergySystem`.

    Attributes
    ----------
    network : Network
    learnt : dict of str to array
        "whitening" (7, 7, 3, 3) and "offset" (3,), a convolution, and "components" (25 · maps2, components) of the
        descriptors, on the backend.
    """

    shard = 32
    name, title, paper = "conv_dbn", "Convolutional DBN", "Krizhevsky 2010"
    published = {"cifar10": 78.9}
    variants = {"conv_dbn_random": {}}
    presets = {"quick": {"maps1": 16, "maps2": 24, "global_units": 16, "rbm_epochs": 8, "epochs": 12, "batch": 64,
                         "components": 100},
               "cpu": {}, "paper": {"rbm_images": 50_000, "rbm_epochs": 30, "epochs": 100}}

    def __init__(self, preset="cpu", seed=0, pretrain=True, epsilon=0.1, maps1=64, maps2=128, global_units=64,
                 rbm_images=10_000, rbm_epochs=10, rbm_rate=0.02, rbm_decay=1e-4, sigma=0.7, sparsity=0.1,
                 sparsity_weight=0.0, dropout=0.5, shift=3, flip=True, epochs=40, rate=0.03, decay=1e-3, batch=128,
                 momentum=0.9, components=400):
        super().__init__(preset, seed, pretrain=pretrain, epsilon=epsilon, rbm_epochs=rbm_epochs, rbm_rate=rbm_rate,
                         rbm_decay=rbm_decay, sigma=sigma, sparsity=sparsity, sparsity_weight=sparsity_weight,
                         dropout=dropout, shift=shift, flip=flip, epochs=epochs, rate=rate, decay=decay, batch=batch,
                         momentum=momentum, components=components)
        self.maps1, self.maps2, self.rbm_images = positive(maps1=maps1, maps2=maps2, rbm_images=rbm_images)
        self.global_units, = counts(global_units=global_units)

    def needs(self, n):
        """Return the bytes of memory and of space on the disk that a fit to n images takes."""
        return 4e8 + n * D * 5 + self.batch * SIDE[0]**2 * (K * K * 3 + 2 * self.maps1) * 8, 0

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

    def _data(self, images):
        """Return images (n, 32, 32, 3) uint8 whitened, on the backend."""
        x = self.xp.empty(images.shape, dtype=np.float32)
        for start in range(0, len(images), TOGETHER):
            rows = slice(start, start + TOGETHER)
            x[rows] = self._whitened(to_device(images[rows], self.xp))
        return x

    def _whitened(self, images):
        """Return what ZCA makes of the centre of the patch around each pixel; images are mirrored beyond the border."""
        x = reflected(_normalized(images), REACH)
        return conv_im2col.forward(x, self.learnt["whitening"], 1, 0)[0] - self.learnt["offset"]

    def _prepare(self, x, rng=None):
        """Return whitened images, with `rng` moved and mirrored; gray moves in, which is 0."""
        return x if rng is None else shift_and_flip(x, rng, self.shift, self.flip)

    def _start(self, x, about, fitting):
        """Let two machines learn, one after the other, and start the convolutions from them; return the seconds."""
        x, seconds = x[:self.rbm_images], 0.0
        some = x[:SCALED]
        for i, below in ((1, None), (2, "cap1")):
            v = some if below is None else self._features(some, below)
            mean, scale = v.mean(axis=(0, 1, 2)), v.std() * self.sigma

            def prepare(part, rng, below=below, mean=mean, scale=scale):
                part = self._prepare(part, rng)
                return ((part if below is None else self.network.features(part, below)) - mean) / scale
            conv = self.network.layers[f"conv{i}"]
            machine = ConvRBM(v.shape[1:], conv.params["W"].shape[3], K, self.global_units, scale=0.02,
                              rng=stream("weights of the machine", self.seed, i)).to(self.xp)
            teacher = self._teacher(machine, self.rbm_rate * 3 / v.shape[3])
            arrays, taken = taught(teacher, f"layer{i}", x, self.rbm_epochs, prepare, about, fitting)
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

    def _activity(self, data):
        return self._features(data, "flatten")

    def _features(self, x, at):
        """Return the output of layer `at` for whitened images, some at a time."""
        return self.xp.concatenate([self.network.features(x[start:start + TOGETHER], at)
                                    for start in range(0, len(x), TOGETHER)])

    def pictures(self):
        """Return the first layer's filters, as they grew while the machine learnt and as back-propagation left them,
        and what the machine makes of images."""
        found = {"filters": {"first layer": np.moveaxis(to_host(self.network.layers["conv1"].params["W"]), -1, 0)}}
        if self.pretrain:
            grown = np.moveaxis(self.seen["growth"], -1, 1)
            found["filters"] = {"as the machine learnt them": grown[-1], "after back-propagation":
                                found["filters"]["first layer"][:SHOWN]}
            found |= pictures(grown, self.seen["dreams"], self.rbm_epochs)
        return found

    def _nothing_seen(self):
        """Return what pictures show of a machine, without one; see `taught`."""
        return {"growth": np.zeros((0, K, K, 3, min(SHOWN, self.maps1)), np.float32),
                "dreams": np.zeros((0, CHAINS, *SIDE[:1] * 2, 3), np.float32)}

    def _shapes(self):
        size = 2 * REACH + 1
        return {"growth": (None, K, K, 3, min(SHOWN, self.maps1)), "dreams": (None, None, 32, 32, 3),
                "whitening": (size, size, 3, 3), "offset": (3,),
                "components": (SIDE[2]**2 * self.maps2, None) if self.components else (0, 0)}


def _normalized(images):
    """Return images (n, 32, 32, 3) without their brightness and contrast."""
    return normalize_contrast(images.reshape(len(images), D)).astype(np.float32).reshape(images.shape)
