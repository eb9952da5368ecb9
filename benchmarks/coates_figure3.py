"""Figure 3 of Coates, Ng and Lee (2011): accuracy against the number of features, on held-out training images.

    python -m benchmarks.coates_figure3 --json FILE [--counts 100,200,400,800,1600] [--costs 3,10,30,100,300]

For K-means with the triangle and the hard coding and for the sparse auto-encoder, on whitened and on raw patches. The
publication's figures are those of a cross-validation on all 50,000 training images, read from the vector data of its
PDF; ours are those of one fifth of the training images, held out, with the other four learnt from. Each point has the C
with most held-out images right, as theirs has; the system's own C is that of 1,600 whitened features. What has been
measured already is taken from the file, so that a run that was cut off goes on.
"""
import time

from scratchnet import backend, data, systems
from scratchnet.experiments.plan import split
from scratchnet.linear import LinearClassifier
from scratchnet.losses import SquaredHinge

from . import harness

COUNTS = (100, 200, 400, 800, 1200, 1600)
PRINTED = {  # (features, whitened): cross-validation accuracy in percent at `COUNTS`
    ("kmeans", True): (65.6, 70.0, 73.0, 75.3, 76.2, 77.0),
    ("kmeans_hard", True): (57.7, 61.1, 63.9, 65.9, 66.9, 68.5),
    ("sae", True): (61.7, 66.1, 69.9, 71.6, 72.5, 73.4),
    ("kmeans", False): (56.8, 61.2, 64.6, 67.7, 69.0, 69.1),
    ("kmeans_hard", False): (52.8, 57.0, 59.5, 61.0, 62.0, 62.4),
    ("sae", False): (61.3, 65.5, 69.6, 72.3, 73.6, 74.4)}
QUICK = {"patches": 2000, "iterations": 2, "sae_patches": 2000, "sae_iterations": 2}


def main(arguments=None):
    p = harness.parser(__doc__, "numpy")
    p.add_argument("--counts", default=",".join(map(str, COUNTS)), help="numbers of features (default: the paper's)")
    p.add_argument("--features", default="kmeans,kmeans_hard,sae", help="which (default: all)")
    p.add_argument("--costs", default="3,10,30,100,300", help="values of C to choose from (default: 3,10,30,100,300)")
    p.add_argument("--epochs", type=int, default=500, help="iterations of the classifier (default: 500)")
    p.add_argument("--patches", default="whitened,raw", help="whitened, raw or both (default: both)")
    p.add_argument("--train-images", type=int, default=50_000, help="of which a fifth is held out (default: 50,000)")
    p.add_argument("--dataset", default="cifar10")
    options = p.parse_args(arguments)
    (name,), report = harness.backends(options, ("numpy", "cupy")), harness.Report(options)
    xp, dataset = backend.select(name), data.load(options.dataset)
    part = split(dataset, min(options.train_images, len(dataset.train_labels)), options.train_images // 5, 0)
    report.add(harness.earlier(options.json))
    measured = {(row["case"], row["train_images"]) for row in report.rows}
    for count in map(int, options.counts.split(",")):
        for features in options.features.split(","):
            for patches in options.patches.split(","):
                case = f"{features}, {patches}, {count}"
                if (case, len(part.images)) not in measured:
                    report.add([measure(case, features, patches != "raw", count, part, xp, name, options)])


def measure(case, features, whitened, count, part, xp, name, options):
    """Return the row of one point of the figure."""
    start, epochs = time.perf_counter(), 3 if options.quick else options.epochs
    system = systems.create("coates2011", features=features, whitened=whitened, count=count, components=0, epochs=1,
                            **(QUICK if options.quick else {})).to(xp)
    system.fit(part.images, part.labels, threads=options.threads, progress=False)
    tried = []
    with system.workers(options.threads) as workers:
        learnt, held = (backend.to_device(system.outputs(images, workers)["descriptor"], xp)
                        for images in (part.images, part.held_images))
        for C in map(float, options.costs.split(",")):
            tried += look(C, learnt, held, part, epochs, workers)
    last = {row["C"]: row for row in tried}
    best = max(last.values(), key=lambda row: row["top1"])
    printed = PRINTED.get((features, whitened), ())
    return {"case": case, "backend": name, "features": features, "whitened": whitened, "count": count,
            "train_images": len(part.images), "held_images": len(part.held_images), "C": best["C"],
            "top1": best["top1"], "tried": tried,
            "printed": printed[COUNTS.index(count)] if count in COUNTS and printed else None,
            "seconds": time.perf_counter() - start, "peak_mb": None}


def look(C, learnt, held, part, epochs, workers):
    """Return how many held-out images are right after each 100 iterations with C, and after the last."""
    classifier, rows, found = LinearClassifier(SquaredHinge(), 1 / C, "decayed"), [], []
    xp = backend.array_module(learnt)

    def note(row):
        right = backend.to_host(classifier.scores(held).argmax(axis=1)) == part.held_labels
        found.append({"C": C, "iterations": row["epoch"], "train_top1": row["train_top1"], "top1": float(right.mean())})

    def after(row):
        rows.append(row)
        if row["epoch"] % 100 == 0:
            note(row)
    classifier.fit(learnt, backend.to_device(part.labels, xp), int(part.labels.max()) + 1, epochs, after, workers)
    if rows[-1]["epoch"] % 100:  # L-BFGS may stop before the last iteration
        note(rows[-1])
    return found


if __name__ == "__main__":
    main()
