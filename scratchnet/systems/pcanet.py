"""PCANet: two stages of principal components as filters, binary codes, histograms, and a linear classifier.

Chan, Jia, Gao, Lu, Zeng and Ma, PCANet: A Simple Deep Learning Baseline for Image Classification?, IEEE Transactions on
Image Processing 2015. Nothing is trained but the classifier; the filters are eigenvectors, and nothing is drawn by
chance. The authors' own remark is that their code needs more than 64 GB for CIFAR-10. Here, the histograms, which are
counts up to 64, lie as bytes in a file that each step of the classifier reads once.
"""
import re
import time

import numpy as np

from .. import checkpoint
from ..backend import to_device, to_host
from ..checks import not_negative, positive
from ..errors import SettingsError
from ..linear import LinearClassifier, Rows
from ..losses import SquaredHinge
from ..memory import free_memory
from ..parallel import shards
from ..randomness import stream
from ..unsupervised import block_histograms, codes, filtered, pca_filters, principal_components, pyramid
from .contract import System
from .features import FILE, Memory, check_capacity, computed
from .fitting import fit_classifier, say_outcome

BANK = re.compile(r"([1-9]\d*)x([1-9]\d*)")
CELLS = 21  # of the pyramid: 4 x 4, 2 x 2 and 1
PCA_IMAGES = 2500  # training images whose principal components make the descriptors


class PCANet(System):
    """Filters → filters → signs as bits of codes → block histograms → pyramid → L2 norm 1 → one-vs-all L2-SVM.

    The descriptor for retrieval is the projection of the histograms onto their first principal components, 400 numbers
    as in Kuo, Chou and Chang (2016): the histograms themselves, 215,040 numbers, are too long to search.

    Parameters
    ----------
    preset, seed
        See `System`. The seed changes only which training images the descriptor's components are those of.
    banks : str
        Size of the filters and how many the first stage has, "5x40"; or several, "3x12,5x28", whose histograms stand
        one after the other.
    bits : int
        Filters of the second stage, at most 8.
    filter_images : int
        The first so many training images make the filters.
    C : float
        Of the support vector machine, ½ Σ_c ‖w_c‖² + C · sum over the images of Σ_c hinge², as LIBLINEAR has it.
    epochs : int
        Iterations of L-BFGS for it.
    components : int
        Numbers of a descriptor, at least 1.
    """

    name, title, paper = "pcanet", "PCANet", "Chan et al. 2015"
    published = {"cifar10": 77.14}
    variants = {"pcanet_combined": {"cifar10": 78.67}}
    presets = {"quick": {"banks": "5x8", "epochs": 25, "filter_images": 300}, "cpu": {},
               "paper": {"filter_images": 100_000}}

    def __init__(self, preset="cpu", seed=0, banks="5x40", bits=8, filter_images=10_000, C=10.0, epochs=150,
                 components=400):
        super().__init__(preset, seed)
        self.bits, self.filter_images, self.epochs, self.components = positive(
            bits=bits, filter_images=filter_images, epochs=epochs, components=components)
        not_negative(C=C)
        if not C:
            raise SettingsError("C must be above 0: with 0 the weights are all 0")
        self.banks, self.C, self.sizes = banks, float(C), _sizes(banks, self.bits)
        self._forget()

    def _forget(self):
        self.stages, self.classifier, self.mean, self.basis = None, None, None, None
        self._seen = Memory(False)

    @property
    def method(self):
        """The system's name, and whether it combines several banks of filters."""
        return "pcanet" if len(self.sizes) == 1 else "pcanet_combined"

    @property
    def width(self):
        """How many numbers the histograms of an image are."""
        return sum(count for _, count in self.sizes) * 2**self.bits * CELLS

    def to(self, xp):
        """Compute on the backend `xp` from now on, and return the system."""
        super().to(xp)
        if self.classifier:
            self._place(self._state())
        return self

    def needs(self, n, kept=True):
        """Return the bytes of memory and of space on the disk that a fit to n images takes; `kept` in a file or not."""
        pca, width = min(PCA_IMAGES, n), self.width
        memory = 5e8 + 2 * n * 3072 + pca * (width + 32 * pca) + 1600 * width + 16 * width * self.components
        return (memory, n * width) if kept else (memory + n * width, 0)

    def check(self, n, folder=None):
        """Refuse a fit to n images that memory, or the disk that holds `folder`, has no room for."""
        check_capacity(self, lambda n: self.needs(n, folder is not None), n, free_memory(), folder)

    def _fit(self, images, labels, fitting):
        self._forget()
        about = {**self.describe(), **fitting.about}
        arrays, state = fitting.part("filters", about, self._filter_shapes(),
                                     lambda start, keep: self._learn_filters(images[:self.filter_images], fitting))
        times = {"pretrain": state["seconds"]}
        self.stages = [(to_device(arrays[f"first{i}"], self.xp), to_device(arrays[f"second{i}"], self.xp))
                        for i in range(len(self.sizes))]
        shapes = {"W": (self.width, self.classes), "b": (self.classes,), "mean": (self.width,),
                  "basis": (self.width, None)}
        learnt, state = fitting.part("classifier", about, {name: (shape, np.float32) for name, shape in shapes.items()},
                                     lambda start, keep: self._learn_classes(images, labels, about, fitting))
        self.history = state["history"]
        self._place({**arrays, **learnt})
        self.seconds = {**times, **state["seconds"]}
        if fitting.path:
            fitting.path.with_name(FILE).unlink(missing_ok=True)
        say_outcome(self, fitting)

    def _filter_shapes(self):
        shapes = {}
        for i, (K, count) in enumerate(self.sizes):
            shapes |= {f"first{i}": (K, K, 3, count), f"second{i}": (K, K, self.bits)}
        return {name: (shape, np.float32) for name, shape in shapes.items()}

    def _learn_filters(self, images, fitting):
        """Return the filters of both stages of all banks as arrays, and how long that took."""
        begun, found, xp = time.perf_counter(), {}, self.xp

        def pixels(start, stop):
            return to_device(images[start:stop], xp).astype(np.float32)
        for i, (K, count) in enumerate(self.sizes):
            first = pca_filters(pixels, len(images), K, count, fitting.workers)
            second = pca_filters(lambda start, stop, W=first: filtered(pixels(start, stop), W), len(images), K,
                                 self.bits, fitting.workers, depthwise=True)
            found |= {f"first{i}": to_host(first), f"second{i}": to_host(second)}
        seconds = time.perf_counter() - begun
        fitting.say(f"filters of {len(images):,} images: {seconds:.0f} s")
        return found, {"seconds": seconds}

    def _describe(self, images):
        """Return the histograms (n, width) uint8 of images on the backend, not yet divided by their norm."""
        xp = self.xp
        images = images.astype(np.float32)
        found = [xp.concatenate([self._bank(images[part], *bank) for part in shards(xp, len(images), 1)])
                 for bank in self.stages]
        return xp.concatenate(found, axis=1)

    def _bank(self, images, first, second):
        T = codes(filtered(images, first), second)
        return pyramid(block_histograms(T, 2**self.bits)).reshape(len(images), -1)

    def _learn_classes(self, images, labels, about, fitting):
        """Return the arrays and the state of all that is learnt from the histograms of the training images."""
        begun, xp, N = time.perf_counter(), self.xp, len(images)
        features = computed(fitting, about, images, self.width, np.uint8,
                            lambda some: to_host(self._describe(to_device(some, xp))))
        scale = np.concatenate(list(fitting.workers.each(
            lambda part: _scales(np, features.read(part.start, part.stop)), shards(np, N, 100))))
        times, begun = {"features": time.perf_counter() - begun}, time.perf_counter()
        self.classifier, self._seen = LinearClassifier(SquaredHinge(), 1 / (N * self.C), "none"), Memory(True)
        rows = Rows((N, self.width), features.read, scale, np.float32, xp)
        fit_classifier(self, rows, labels, fitting, "support vector machines")
        self._seen = Memory(False)
        some = np.sort(stream("components", self.seed).permutation(N)[:PCA_IMAGES])
        sample = np.concatenate([features.read(n, n + 1) for n in some])
        if N > 1:
            mean, basis = principal_components(to_device(sample, xp), self.components,
                                               scale=to_device(scale[some], xp))
        else:
            mean, basis = xp.zeros(self.width, dtype=np.float32), xp.zeros((self.width, 1), dtype=np.float32)
        times["train"] = time.perf_counter() - begun
        arrays = {"W": self.classifier.W, "b": self.classifier.b, "mean": mean, "basis": basis}
        return {name: to_host(array) for name, array in arrays.items()}, {"history": self.history, "seconds": times}

    def _outputs(self, images):
        counted = self._seen(self._describe, images)
        x = counted.astype(np.float32) * _scales(self.xp, counted)[:, None]
        found = {"scores": self.classifier.scores(x)}
        if self.basis is not None:  # it is learnt last
            found = {"descriptor": (x - self.mean) @ self.basis, **found}
        return found

    def pictures(self):
        """Return the filters of the first and of the second stage of the largest bank."""
        first, second = map(to_host, self.stages[-1])
        return {"filters": {"first stage": np.moveaxis(first, -1, 0), "second stage": np.moveaxis(second, -1, 0)}}

    # ---- files ----

    def _settings(self):
        return {name: getattr(self, name) for name in ("banks", "bits", "filter_images", "C", "epochs", "components")}

    def _state(self):
        arrays = {"W": self.classifier.W, "b": self.classifier.b, "mean": self.mean, "basis": self.basis}
        for i, (first, second) in enumerate(self.stages):
            arrays |= {f"first{i}": first, f"second{i}": second}
        return {name: to_host(array) for name, array in arrays.items()}

    def _restore(self, arrays, path):
        shapes = {"W": (self.width, self.classes), "b": (self.classes,), "mean": (self.width,),
                  "basis": (self.width, None)}
        checkpoint.check_shapes(arrays, {**self._filter_shapes(), **{name: (shape, np.float32)
                                                                     for name, shape in shapes.items()}}, path)
        self._place(arrays)

    def _place(self, arrays):
        """Put what was learnt, {name: array on the host}, onto the backend."""
        there = {name: to_device(array, self.xp) for name, array in arrays.items()}
        self.mean, self.basis = there["mean"], there["basis"]
        self.classifier = LinearClassifier(SquaredHinge(), 0.0, "none")
        self.classifier.W, self.classifier.b = there["W"], there["b"]
        self.stages = [(there[f"first{i}"], there[f"second{i}"]) for i in range(len(self.sizes))]


def _sizes(banks, bits):
    """Return [(K, count), ...] for "KxCOUNT,...", and refuse what no filters can be."""
    found = [BANK.fullmatch(part) for part in banks.split(",")] if isinstance(banks, str) else [None]
    if None in found:
        raise SettingsError(f"banks are sizes and numbers of filters like 5x40 or 3x12,5x28, got {banks!r}")
    sizes = [(int(match[1]), int(match[2])) for match in found]
    if bits > 8:
        raise SettingsError(f"codes have at most 8 bits, got {bits}")
    for K, count in sizes:
        if K % 2 == 0 or not 3 <= K <= 31:
            raise SettingsError(f"filters of PCANet have an odd size from 3 to 31, got {K}")
        for n, numbers in ((count, 3 * (K * K - 1)), (bits, K * K - 1)):
            if n > numbers:
                raise SettingsError(f"patches of {K} x {K} pixels have {numbers} principal components, {n} were asked "
                                    f"for: ask for at most {numbers}, or larger filters")
    return sizes


def _scales(xp, counted):
    """Return 1 / ‖h‖ for each row h of whole numbers (n, D): sums of squares below 2^24 are exact in any order."""
    x = counted.astype(np.float32)
    return 1 / xp.sqrt((x * x).sum(axis=1))
