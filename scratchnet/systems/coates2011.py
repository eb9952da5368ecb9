"""Coates, Ng and Lee (2011): one layer of features learnt without labels, many of them, and a linear classifier.

An Analysis of Single-Layer Networks in Unsupervised Feature Learning, AISTATS 2011. Patches of 6 x 6 pixels are
normalised and whitened; K-means or a sparse auto-encoder learns K features; each patch of an image is compared with
them; the sums over the image's quadrants, 4 K numbers, are what a support vector machine classifies. Nothing is
back-propagated through more than one layer, and with 1,600 features it was ahead of the deep networks of its time.
"""
import time

import numpy as np

from .. import checkpoint
from ..backend import to_device, to_host
from ..checks import counts, flags, not_negative, positive
from ..errors import SettingsError
from ..linear import LinearClassifier
from ..losses import SquaredHinge
from ..memory import free_memory
from ..parallel import shards
from ..randomness import stream
from ..suggest import nearest
from ..unsupervised import (
    ZCA,
    Hard,
    KMeans,
    Sigmoid,
    SparseAutoencoder,
    Triangle,
    initial_centroids,
    normalize_contrast,
    principal_components,
    quadrants,
    sample_patches,
)
from .contract import System
from .features import FILE, Memory, check_capacity, computed
from .fitting import bar, fit_classifier, say_outcome

K, D = 6, 6 * 6 * 3
FEATURES = {"kmeans": 77.9, "kmeans_hard": 68.6, "sae": 73.4}  # Table 2 there, or Figure 3: Top-1 with 1,600, whitened
PCA_IMAGES = 2500  # training images whose principal components make the descriptors


class Coates2011(System):
    """Patches → contrast → ZCA → K features at each place → sums over quadrants → standardised → one-vs-all L2-SVM.

    The descriptor for retrieval is the projection of the standardised features onto their first principal components,
    400 numbers as in Kuo, Chou and Chang (2016), or with ``components=0`` the features themselves. What the publication
    leaves open is from the authors' code (see the ledger).

    Parameters
    ----------
    preset, seed
        See `System`.
    features : {"kmeans", "kmeans_hard", "sae"}
        K-means with the triangle or the hard coding, or the hidden units of a sparse auto-encoder.
    count : int
        K, how many.
    whitened : bool
        Whether patches are whitened.
    patches, iterations : int
        What K-means learns from, and how long.
    sae_patches, sae_iterations : int
        The same for the auto-encoder.
    sparsity, sparsity_weight, sparse_weight_decay : float
        Of the auto-encoder; see `SparseAutoencoder`.
    C : float
        Of the support vector machine, ½ Σ_c ‖w_c‖² + C · mean over the images of Σ_c hinge²; LIBLINEAR's is C / N.
    epochs : int
        Iterations of L-BFGS for it.
    components : int
        Numbers of a descriptor; 0 for all features.
    """

    name, title, paper = "coates2011", "Single layer, K-means or SAE", "Coates, Ng and Lee 2011"
    published = {"cifar10": 77.9}
    variants = {f"coates2011_{features}": {"cifar10": top1} for features, top1 in FEATURES.items()}
    presets = {"quick": {"count": 100, "patches": 20_000, "iterations": 10, "sae_patches": 10_000,
                         "sae_iterations": 40, "epochs": 40}, "cpu": {}, "paper": {"count": 4000}}

    def __init__(self, preset="cpu", seed=0, features="kmeans", count=1600, whitened=True, patches=400_000,
                 iterations=50, sae_patches=100_000, sae_iterations=200, sparsity=0.03, sparsity_weight=5.0,
                 sparse_weight_decay=3e-3, C=100.0, epochs=500, components=400):
        super().__init__(preset, seed)
        if features not in FEATURES:
            raise SettingsError(f"there are no features {features!r}{nearest(str(features), FEATURES)}: choose one of "
                                f"{', '.join(FEATURES)}")
        (self.whitened,) = flags(whitened=whitened)
        (self.count, self.patches, self.iterations, self.sae_patches, self.sae_iterations, self.epochs) = positive(
            count=count, patches=patches, iterations=iterations, sae_patches=sae_patches,
            sae_iterations=sae_iterations, epochs=epochs)
        (self.components,) = counts(components=components)
        not_negative(C=C)
        if not C:
            raise SettingsError("C must be above 0: with 0 the weights are all 0")
        self.features, self.C = features, float(C)
        self.sparsity, self.sparsity_weight = float(sparsity), float(sparsity_weight)
        self.sparse_weight_decay = float(sparse_weight_decay)
        SparseAutoencoder(1, 1, sparsity, sparsity_weight, sparse_weight_decay)  # refuses what makes no sense
        drawn = self.sae_patches if features == "sae" else self.patches
        if self.count > drawn:
            raise SettingsError(f"{self.count:,} features cannot come of {drawn:,} patches: at most {drawn:,} features "
                                "do, or more patches")
        self._forget()

    def _forget(self):
        self.learnt, self.standard, self.classifier, self.basis, self._encoder = {}, None, None, None, None
        self._seen = Memory(False)

    @property
    def method(self):
        """The system's name and that of the features."""
        return f"{self.name}_{self.features}"

    def to(self, xp):
        """Compute on the backend `xp` from now on, and return the system."""
        super().to(xp)
        if self.classifier:
            self._place(self._state())
        return self

    def needs(self, n):
        """Return the bytes of memory and of space on the disk that a fit to n images takes."""
        drawn, width = self.sae_patches if self.features == "sae" else self.patches, 16 * self.count
        learning = 28 * D * drawn
        using = n * width + PCA_IMAGES * (8 * PCA_IMAGES + 2 * width) + 16 * (4 * self.count * (self.components or 1))
        return 3e8 + 2 * n * 3072 + max(learning, using), n * width

    def check(self, n, folder=None):
        """Refuse a fit to n images that memory, or the disk that holds `folder`, has no room for."""
        check_capacity(self, self.needs, n, free_memory(), folder)

    def _fit(self, images, labels, fitting):
        self._forget()
        about = {**self.describe(), **fitting.about}
        times = {}
        self.learnt, times["pretrain"] = self._learn_features(images, about, fitting)
        self._encoder = self._make_encoder()
        shapes = {"mean": (4 * self.count,), "std": (4 * self.count,), "W": (4 * self.count, self.classes),
                  "b": (self.classes,), "basis": (None, None)}
        arrays, state = fitting.part("classifier", about, {name: (shape, np.float32) for name, shape in shapes.items()},
                                     lambda start, keep: self._learn_classes(images, labels, about, fitting))
        self.history = state["history"]
        self._place({**{key: to_host(value) for key, value in self.learnt.items()}, **arrays})
        self.seconds = {**times, **state["seconds"]}
        if fitting.path:
            fitting.path.with_name(FILE).unlink(missing_ok=True)
        say_outcome(self, fitting)

    # ---- features of patches ----

    def _learn_features(self, images, about, fitting):
        """Return what was learnt without labels, as arrays on the backend, and the seconds that it took."""
        sae = self.features == "sae"
        shapes = {"patch_mean": (D,), "whitening": (D, D)} if self.whitened else {}
        shapes |= {"W1": (D, self.count), "b1": (self.count,)} if sae else {"centroids": (self.count, D)}

        def make(start, keep):
            begun = time.perf_counter()
            rng = stream("patches", self.seed)
            drawn = sample_patches(images, self.sae_patches if sae else self.patches, K, rng)
            X = to_device(normalize_contrast(drawn), self.xp)
            learnt = {}
            if self.whitened:
                zca = ZCA(0.1).fit(X)
                learnt = {"patch_mean": zca.mean.astype(np.float32), "whitening": zca.transform_matrix.astype(
                    np.float32)}
                X = zca.transform(X)
            return (self._learn_sae if sae else self._learn_kmeans)(X, learnt, start, keep, fitting, begun)
        arrays, state = fitting.part("dictionary", about, {name: (shape, np.float32) for name, shape in shapes.items()},
                                     make)
        return {name: to_device(array, self.xp) for name, array in arrays.items()}, state["seconds"]

    def _learn_kmeans(self, X, learnt, start, keep, fitting, begun):
        """Return arrays and state of K-means on patches X (m, D), going on from `start` where it is there."""
        first = initial_centroids(self.count, D, stream("centroids", self.seed))
        state = {"iteration": 0, "seconds": 0.0, "costs": [], "empty": 0}
        if start:
            first, state = start[0]["centroids"], start[1]
        model, before = KMeans(to_device(first, self.xp)), {**state, "costs": list(state["costs"])}

        def arrays():
            return {name: to_host(array) for name, array in {**learnt, "centroids": model.centroids}.items()}
        with bar(fitting, total=self.iterations, initial=before["iteration"], desc="K-means",
                 unit=" iterations") as shown:
            def callback(iteration, cost, empty):
                state.update(iteration=before["iteration"] + iteration, costs=[*state["costs"], cost], empty=empty,
                             seconds=before["seconds"] + time.perf_counter() - begun)
                shown.update()
                keep(arrays(), state)
            if before["iteration"] < self.iterations:
                model.fit(X, self.iterations - before["iteration"], callback, fitting.workers)
        fitting.say(f"K-means: mean squared distance {state['costs'][0]:.3f} to {state['costs'][-1]:.3f} in "
                    f"{state['iteration']} iterations, {state['empty']} of {self.count:,} clusters empty, "
                    f"{state['seconds']:.0f} s")
        return arrays(), state

    def _learn_sae(self, X, learnt, start, keep, fitting, begun):
        """Return arrays and state of a sparse auto-encoder on patches X (m, D)."""
        model = SparseAutoencoder(D, self.count, self.sparsity, self.sparsity_weight, self.sparse_weight_decay,
                                  stream("weights", self.seed))
        with bar(fitting, total=self.sae_iterations, desc="auto-encoder", unit=" iterations") as shown:
            costs = model.fit(X, self.sae_iterations, lambda *row: shown.update(), workers=fitting.workers)
        W1, b1, _, _ = model.unpack(model.theta)
        seconds = time.perf_counter() - begun
        fitting.say(f"auto-encoder: cost {costs[0]:.3f} to {costs[-1]:.3f} in {len(costs)} iterations, {seconds:.0f} s")
        learnt = {**learnt, "W1": W1.astype(np.float32), "b1": b1.astype(np.float32)}
        return {name: to_host(array) for name, array in learnt.items()}, {"seconds": seconds, "costs": costs}

    def _make_encoder(self):
        if self.features == "sae":
            return Sigmoid(self.learnt["W1"], self.learnt["b1"])
        return {"kmeans": Triangle, "kmeans_hard": Hard}[self.features](self.learnt["centroids"])

    def _prepare(self, patches):
        Y = normalize_contrast(patches)
        return (Y - self.learnt["patch_mean"]) @ self.learnt["whitening"] if self.whitened else Y

    def _describe(self, images):
        """Return the sums over the quadrants, (n, 4 K), of images on the backend."""
        return quadrants(images.astype(np.float32), K, self._prepare, self._encoder)

    # ---- classes ----

    def _learn_classes(self, images, labels, about, fitting):
        """Return the arrays and the state of all that is learnt from the features of the training images."""
        begun = time.perf_counter()
        features = computed(fitting, about, images, 4 * self.count, np.float32,
                            lambda some: to_host(self._describe(to_device(some, self.xp))))
        times, xp = {"features": time.perf_counter() - begun}, self.xp
        F = to_device(features.array(), xp)
        parts, begun = shards(xp, len(F), 1000), time.perf_counter()

        def over_all(function):
            return sum(fitting.workers.each(function, parts)) / len(F)
        mean = over_all(lambda part: F[part].sum(axis=0, dtype=np.float64))
        variance = over_all(lambda part: ((F[part] - mean)**2).sum(axis=0))
        self.standard = mean.astype(np.float32), xp.sqrt(variance + 0.01).astype(np.float32)

        def standardize(part):
            F[part] -= self.standard[0]
            F[part] /= self.standard[1]
        list(fitting.workers.each(standardize, parts))
        self.classifier, self._seen = LinearClassifier(SquaredHinge(), 1 / self.C, "decayed"), Memory(True)
        fit_classifier(self, F, labels, fitting, "support vector machines")
        basis, self._seen = xp.zeros((0, 0), dtype=np.float32), Memory(False)
        if self.components:
            some = np.sort(stream("components", self.seed).permutation(len(F))[:PCA_IMAGES])
            _, basis = principal_components(F[to_device(some, xp)], self.components, centre=False)
        times["train"] = time.perf_counter() - begun
        arrays = {"mean": self.standard[0], "std": self.standard[1], "W": self.classifier.W, "b": self.classifier.b,
                  "basis": basis}
        features.discard()
        return {name: to_host(array) for name, array in arrays.items()}, {"history": self.history, "seconds": times}

    def _outputs(self, images):
        f = (self._seen(self._describe, images) - self.standard[0]) / self.standard[1]
        found = {"scores": self.classifier.scores(f)}
        if self.basis is not None:  # it is learnt last
            found = {"descriptor": f @ self.basis if self.components else f, **found}
        return found

    def pictures(self):
        """Return the features, as they are compared with whitened patches, and what they are in plain ones."""
        learnt = {name: to_host(array).astype(np.float64) for name, array in self.learnt.items()}
        found = learnt["W1"].T if self.features == "sae" else learnt["centroids"]
        plain = found
        if self.whitened:  # a hidden unit folds the whitening in; a centroid is a whitened patch
            T = learnt["whitening"]
            plain = found @ T if self.features == "sae" else found @ np.linalg.inv(T) + learnt["patch_mean"]
        what = "weights of hidden units" if self.features == "sae" else "centroids"
        return {"filters": {title: some.reshape(-1, K, K, 3) for title, some in (
            (f"{what}{', whitened' * self.whitened}", found), (f"{what}, in patches", plain))}}

    # ---- files ----

    def _settings(self):
        names = ("features", "count", "whitened", "patches", "iterations", "sae_patches", "sae_iterations", "sparsity",
                 "sparsity_weight", "sparse_weight_decay", "C", "epochs", "components")
        return {name: getattr(self, name) for name in names}

    def _state(self):
        arrays = {**self.learnt, "mean": self.standard[0], "std": self.standard[1], "W": self.classifier.W,
                  "b": self.classifier.b, "basis": self.basis}
        return {name: to_host(array) for name, array in arrays.items()}

    def _restore(self, arrays, path):
        width = 4 * self.count
        shapes = {"mean": (width,), "std": (width,), "W": (width, self.classes), "b": (self.classes,),
                  "basis": (width, None) if self.components else (0, 0)}
        shapes |= {"patch_mean": (D,), "whitening": (D, D)} if self.whitened else {}
        shapes |= ({"W1": (D, self.count), "b1": (self.count,)} if self.features == "sae" else
                   {"centroids": (self.count, D)})
        checkpoint.check_shapes(arrays, {name: (shape, np.float32) for name, shape in shapes.items()}, path)
        self._place(arrays)

    def _place(self, arrays):
        """Put what was learnt, {name: array on the host}, onto the backend."""
        there = {name: to_device(array, self.xp) for name, array in arrays.items()}
        self.standard, self.basis = (there.pop("mean"), there.pop("std")), there.pop("basis")
        self.classifier = LinearClassifier(SquaredHinge(), 1 / self.C, "decayed")
        self.classifier.W, self.classifier.b = there.pop("W"), there.pop("b")
        self.learnt = there
        self._encoder = self._make_encoder()
