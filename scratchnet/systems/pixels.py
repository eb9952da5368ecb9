"""Raw pixels: no features at all, and so the baseline for every other system.

Krizhevsky, Learning Multiple Layers of Features from Tiny Images (2009): multinomial logistic regression on the pixels,
37.3 % on CIFAR-10, as Table 2 of Kuo, Chou and Chang (2016) quotes it. Neither we nor they name its settings; ours are
chosen on held-out training images, see `Pixels`.
"""
import time

import numpy as np

from .. import checkpoint
from ..backend import to_device, to_host
from ..checks import not_negative, positive
from ..linear import LinearClassifier
from ..losses import SoftmaxCrossEntropy
from .contract import System
from .fitting import fit_classifier, say_outcome

D = 32 * 32 * 3


class Pixels(System):
    """The descriptor of an image is its pixels / 255 less their mean over the training images, 3,072 numbers.

    Scores come from a `LinearClassifier` with the softmax cross-entropy on that. Nothing is random, so the seed changes
    nothing. A fit takes seconds and leaves no checkpoint on the way: one that is killed starts again and ends the same.

    Iterations (of 10 to 150) and decay (of 0 to 0.1) are those with the highest Top-1 on 5,000 held-out training images
    of CIFAR-10, which ``scratchnet train --system pixels --dataset cifar10 --validation 5000 --set decay=...`` prints;
    those of "quick" with the highest on 400 of the embedded ones. The publication does not say, so "paper" is "cpu".

    Parameters
    ----------
    preset, seed
        See `System`.
    epochs : int
        Iterations of L-BFGS.
    decay : float
        Of the classifier's weights.
    """

    name, title, paper = "pixels", "Raw pixels", "Krizhevsky 2009"
    published = {"cifar10": 37.3}
    presets = {"quick": {"epochs": 30, "decay": 0.03}, "cpu": {}, "paper": {}}

    def __init__(self, preset="cpu", seed=0, epochs=50, decay=0.003):
        super().__init__(preset, seed)
        positive(epochs=epochs)
        not_negative(decay=decay)
        self.epochs, self.decay = int(epochs), float(decay)
        self.mean = self.classifier = None

    def to(self, xp):
        """Compute on the backend `xp` from now on, and return the system."""
        super().to(xp)
        if self.classifier:
            self._place(self._state())
        return self

    def _fit(self, images, labels, fitting):
        start = time.perf_counter()
        mean = images.reshape(len(images), D).mean(axis=0)  # sums of whole numbers: exact in any order
        self.mean = to_device(mean / 255, self.xp, np.float32)
        self.classifier = LinearClassifier(SoftmaxCrossEntropy(), self.decay)
        X = self._centred(to_device(images, self.xp))
        fit_classifier(self, X, labels, fitting, "softmax regression")
        self.seconds = {"train": time.perf_counter() - start}
        say_outcome(self, fitting)

    def _centred(self, images):
        x = images.reshape(len(images), D).astype(np.float32)
        x /= 255
        x -= self.mean
        return x

    def _outputs(self, images):
        x = self._centred(images)
        return {"descriptor": x, "scores": self.classifier.scores(x)}

    def _settings(self):
        return {"epochs": int(self.epochs), "decay": self.decay}

    def _state(self):
        return {name: to_host(array) for name, array in
                (("mean", self.mean), ("W", self.classifier.W), ("b", self.classifier.b))}

    def _restore(self, arrays, path):
        shapes = {"mean": (D,), "W": (D, self.classes), "b": (self.classes,)}
        checkpoint.check_shapes(arrays, {name: (shape, np.float32) for name, shape in shapes.items()}, path)
        self._place(arrays)

    def _place(self, arrays):
        """Put what was learnt onto the backend."""
        self.mean = to_device(arrays["mean"], self.xp)
        self.classifier = LinearClassifier(SoftmaxCrossEntropy(), self.decay)
        self.classifier.W, self.classifier.b = (to_device(arrays[name], self.xp) for name in "Wb")
