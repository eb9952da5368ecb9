"""What pre-training is worth: accuracy of the paper's network against the number of labelled images.

    python -m benchmarks.pretraining --json FILE [--counts 500,1000,5000,10000,50000] [--starts random,sae,...]

The first convolution starts at random, or from what was learnt without labels from all training images: kernels of the
sparse auto-encoder, centroids of K-means, principal components, filters of a convolutional Boltzmann machine. All of
them get the scale of a random start. Recipe 2016, on RGB; few images are passed often enough to make 1,000 steps. The
test images are met once per row and nothing is chosen by them. What has been measured already is taken from the file,
so that a run that was cut off goes on.
"""
import time

import numpy as np

from scratchnet import data
from scratchnet.experiments.plan import split
from scratchnet.randomness import stream
from scratchnet.systems.kuo2016 import RECIPES, Kuo2016, pretraining
from scratchnet.training.schedules import one_cycle
from scratchnet.unsupervised import (
    ZCA,
    ContrastiveDivergence,
    ConvRBM,
    KMeans,
    initial_centroids,
    leading_eigenvectors,
)

from . import harness

COUNTS, EPOCHS, STEPS = (500, 1000, 5000, 10_000, 50_000), 25, 1000
FILTERS, K = pretraining.FILTERS, pretraining.K
QUICK = ["patch_count=2000", "pretrain_iterations=5"]


def main(arguments=None):
    p = harness.parser(__doc__, "numpy")
    p.add_argument("--counts", default=",".join(map(str, COUNTS)), help="labelled images (default: 500 to 50,000)")
    p.add_argument("--starts", default=",".join(STARTS), help=f"of {', '.join(STARTS)} (default: all)")
    p.add_argument("--seeds", default="0,1,2", help="random seeds (default: 0,1,2)")
    p.add_argument("--dataset", default="cifar10")
    options = p.parse_args(arguments)
    harness.backends(options, ("numpy",))
    report, dataset = harness.Report(options), data.load(options.dataset)
    report.add(harness.earlier(options.json))
    measured = {row["case"] for row in report.rows}
    for count in map(int, options.counts.split(",")):
        for seed in map(int, options.seeds.split(",")):
            for start in options.starts.split(","):
                case = f"{start}, {count} labels, seed {seed}"
                if case not in measured:
                    report.add([measure(case, start, count, seed, dataset, options)])


def measure(case, start, count, seed, dataset, options):
    """Return the row of one training."""
    begun, part = time.perf_counter(), split(dataset, count, 0, seed)
    system = Started(start, dataset.train_images, RECIPES["2016"].changed(QUICK) if options.quick else "2016", seed)
    epochs = 1 if options.quick else max(EPOCHS, -(-STEPS // -(-count // system.recipe.batch)))
    system.fit(part.images, part.labels, classes=len(dataset.class_names), epochs=epochs, threads=options.threads,
               progress=False)
    with system.workers(options.threads) as workers:
        right = system.outputs(dataset.test_images, workers)["scores"].argmax(axis=1) == dataset.test_labels
    return {"case": case, "backend": "numpy", "start": start, "labels": count, "seed": seed, "epochs": epochs,
            "recipe": system.recipe.name, "top1": float(right.mean()), "train_top1": system.history[-1]["train_top1"],
            "seconds": time.perf_counter() - begun, "peak_mb": None}


class Started(Kuo2016):
    """The paper's network on RGB, whose first convolution starts from one of `STARTS`, learnt from `unlabelled`."""

    def __init__(self, start, unlabelled, recipe, seed):
        super().__init__("pretrain_cnn_rgb", None, recipe, seed)
        self.start, self.unlabelled = start, unlabelled

    def _start(self, rgb, about, fitting):
        begun = time.monotonic()
        if STARTS[self.start]:
            kernels, biases = STARTS[self.start](self, fitting.workers)
            self.start_from({"kernels": kernels, "biases": biases})
        return time.monotonic() - begun

    def patches(self):
        """Return standardised patches (m, 75) of the unlabelled images, and the generator that drew them."""
        rng = stream("pre-training", self.seed)
        return pretraining.image_patches(self.recipe, self.standardizer, self.unlabelled, self.unlabelled, rng)[0], rng


def autoencoder(system, workers):
    """Return the kernels of the sparse auto-encoder, as the system has them."""
    patches, rng = system.patches()
    learnt = pretraining.learn_kernels(system.recipe, patches, 3, rng, workers=workers)
    return learnt["kernels"], learnt["biases"]


def kmeans(system, workers):
    """Return centroids of whitened patches, of length 1, as kernels for plain ones."""
    patches, rng = system.patches()
    whitening = ZCA(system.recipe.whitening_epsilon).fit(patches)
    clusters = KMeans(initial_centroids(FILTERS, patches.shape[1], rng))
    clusters.fit(whitening.transform(patches), workers=workers)
    c = clusters.centroids
    return _kernels(whitening.transform_matrix @ (c / np.linalg.norm(c, axis=1, keepdims=True).clip(1e-6)).T, patches)


def components(system, workers):
    """Return the leading principal components of patches."""
    patches, _ = system.patches()
    return _kernels(leading_eigenvectors(np.cov(patches.T), FILTERS)[0], patches)


def boltzmann(system, workers):
    """Return the filters of a convolutional Boltzmann machine on standardised images."""
    images = system.unlabelled[:system.recipe.patch_count // 5]
    machine = ConvRBM((32, 32, 3), FILTERS, K, FILTERS, scale=0.02, rng=stream("weights of the machine", system.seed))
    teacher = ContrastiveDivergence(machine, one_cycle(0.01), weight_decay=1e-4, shard=32, seed=system.seed)
    teacher.fit(images, max(1, system.recipe.pretrain_iterations // 40),
                lambda some, rng: system.standardizer(some) / np.float32(0.7), workers=workers)
    return machine.params["W"], machine.params["c"]


STARTS = {"random": None, "sae": autoencoder, "kmeans": kmeans, "pca": components, "conv_rbm": boltzmann}


def _kernels(columns, patches):
    """Return kernels (K, K, 3, F) and biases: filters in columns (75, F), less what they say of the mean patch."""
    return columns.reshape(K, K, 3, -1), -patches.mean(axis=0) @ columns


if __name__ == "__main__":
    main()
