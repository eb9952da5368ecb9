"""What retrieval gets without learning from labels: the untrained network, and one with pre-trained kernels only.

    python -m benchmarks.baselines --dataset cifar10 --json benchmarks/results/baselines.json

Each is the paper's network as a training would start from it, with random weights, or with conv1's kernels from the
auto-encoder and random weights behind them. Its descriptors rank as those of a trained one do; chance stands beside.
What is nearest by angle among the training images also classifies: that is the nearest neighbour's accuracy. Each call
adds one row for each baseline to the JSON file, or replaces it.
"""
import argparse
import sys
import time
from pathlib import Path

from scratchnet import backend, data, documents, systems
from scratchnet.environment import environment
from scratchnet.errors import ScratchnetError
from scratchnet.experiments.evaluation import evaluate
from scratchnet.retrieval import FlatIndex

from .report import BASELINES as FORM

BASELINES = ("untrained", "kernels")  # random weights; the auto-encoder's kernels in conv1, all else random


class Descriptor:
    """A system of which only the descriptor is looked at: the scores of an untrained classifier say nothing."""

    hashes = False

    def __init__(self, system):
        self.system, self.xp, self.found = system, system.xp, []

    def outputs(self, images, workers=None):
        self.found.append(self.system.outputs(images, workers)["descriptor"])
        return {"descriptor": self.found[-1]}


def main(arguments=None):
    """Measure the baselines that the command line names, or end the program in one line that says what is wrong."""
    p = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    p.add_argument("--dataset", default="mini", choices=data.NAMES)
    p.add_argument("--baselines", default=",".join(BASELINES), help="separated by commas (default: both)")
    p.add_argument("--seed", type=int, default=0, help="of the random weights (default: 0)")
    p.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="changes",
                   help="change a setting of recipe paper, such as patch_count")
    p.add_argument("--threads", type=int, help="default: one per core")
    p.add_argument("--backend", default="auto", choices=backend.BACKENDS)
    p.add_argument("--json", type=Path, metavar="FILE")
    options = p.parse_args(arguments)
    options.command = " ".join(["python -m benchmarks.baselines", *(sys.argv[1:] if arguments is None else arguments)])
    try:
        dataset, xp = data.load(options.dataset), backend.select(options.backend)
        for name in options.baselines.split(","):
            if name not in BASELINES:
                p.exit(2, f"error: there is no baseline {name!r}: choose some of {', '.join(BASELINES)}\n")
            add(measure(name, dataset, xp, options), options.json)
    except ScratchnetError as error:
        p.exit(2, f"error: {error}\n")


def untrained(name, dataset, system, workers=None):
    """Make the unfitted system the network of a baseline, ready to describe images, and return it."""
    system.build(len(dataset.class_names))
    system.fit_standardizer(dataset.train_images)
    if name == "kernels":
        system.start_from(system.pretrain(dataset.train_images, workers=workers))
    return system.to(system.xp)


def measure(name, dataset, xp, options):
    """Return the row of one baseline."""
    start = time.monotonic()
    images, labels = dataset.train_images, dataset.train_labels
    system = systems.system_class("kuo2016").configured(seed=options.seed, changes=options.changes).to(xp)
    with system.workers(options.threads) as workers:
        described = Descriptor(untrained(name, dataset, system, workers))
        figures, _ = evaluate(described, dataset, images, labels, workers, print)
    test, train = described.found
    _, nearest = FlatIndex("angular").add(train).search(test, 1)
    row = {"baseline": name, "dataset": dataset.name, "seed": options.seed, "method": system.method,
           "recipe": system.recipe.name,
           "nearest_neighbour": float((labels[nearest[:, 0]] == dataset.test_labels).mean()),
           **{key: figures[key] for key in ("retrieval", "gallery", "chance", "without_near_duplicates")},
           "seconds": time.monotonic() - start, "command": options.command,
           "environment": environment(xp, options.threads)}
    angular = row["retrieval"]["test-vs-test"]["angular"]
    print(f"{dataset.name}, {name}, seed {options.seed}: angular MAP (full ranking, test-vs-test) "
          f"{angular['map']:.3f}, nearest neighbour {row['nearest_neighbour']:.1%} right")
    return row


def add(row, path):
    """Put a row into the JSON file, in place of an earlier one of the same baseline."""
    if path:
        def same(other):
            return all(other[key] == row[key] for key in ("dataset", "baseline", "seed"))
        found = documents.read(path, FORM, "take it from the repository, or delete it")["rows"] if path.exists() else []
        documents.write(path, {"rows": [*(other for other in found if not same(other)), row]})


if __name__ == "__main__":
    main()
