"""The ten figures of README's own table, each from a committed JSON file."""
import numpy as np

from scratchnet.documents import RESULT
from scratchnet.report.html import signed
from scratchnet.report.paper_tables import ACCURACY, RETRIEVAL, RETRIEVAL_METHOD, TITLES

from . import TIMES, read, write_between

SPEED = (("training_step-*.json", "training step", "torch", "training step ÷ PyTorch's, same two cores"),
         ("retrieval.json", "top-30 of 50,000, angular, a query", "faiss", "top-30 search by angle ÷ FAISS's"))


def write(results, root):
    """Write the table of README.md, if the paper's runs are there."""
    runs = {(run["dataset"], run["method"], run["recipe"], run["seed"]): run
            for folder in ("paper", "systems") for content in read(results / folder, RESULT).values()
            for run in [content["run"]]}
    lines = [*accuracies(runs), *maps(runs), *speeds(results / "speed")]
    if lines:
        head = ["| result | here | the paper, or the peer |", "|---|---|---|"]
        write_between(root / "README.md", "headline", "\n".join(head + lines) + "\n")


def accuracies(runs):
    """Yield the rows of Top-1 on the test images."""
    for dataset, title in TITLES.items():
        for recipe, said in (("paper", "as the paper describes it"), ("best", "trained as one would today")):
            run = runs.get((dataset, RETRIEVAL_METHOD, recipe, 0))
            if run and dataset in ACCURACY:
                paper = ACCURACY[dataset][RETRIEVAL_METHOD][0]
                yield f"| {title}, Top-1, {said} | **{100 * run['accuracy']['top1']:.1f} %** | {paper} % |"
    run = runs.get(("cifar10", "pixels", None, 0))
    if run:
        yield f"| CIFAR-10, Top-1 of raw pixels | **{100 * run['accuracy']['top1']:.1f} %** | 37.3 % |"


def maps(runs):
    """Yield the rows of mean average precision over the full ranking, by angle, among the test images."""
    for dataset, title in TITLES.items():
        run = runs.get((dataset, RETRIEVAL_METHOD, "best", 0))
        if run and dataset in RETRIEVAL:
            ours, paper = run["retrieval"]["test-vs-test"]["angular"]["map"], RETRIEVAL[dataset]["angular"][0]
            yield f"| {title}, MAP over the full ranking, by angle | **{ours:.3f}** | {paper} (depth not stated) |"
    both = [[runs.get(("cifar10", method, "paper", seed)) for method in ("cnn_rgb", RETRIEVAL_METHOD)]
            for seed in range(3)]
    gains = [100 * (b["accuracy"]["top1"] - a["accuracy"]["top1"]) for a, b in both if a and b]
    if gains:
        yield (f"| CIFAR-10, Top-1 points from pre-training and extra channels, as the paper describes them "
               f"({len(gains)} seeds) | "
               f"**{signed(np.mean(gains), 1)}** | +5.8 |")


def speeds(folder):
    """Yield the rows of speed: medians of the runs' ratios."""
    for pattern, case, peer, said in SPEED:
        ratios = [row[f"ratio_to_{peer}"] for run in read(folder, TIMES, pattern).values() for row in run["rows"]
                  if row["case"] == case and row["backend"] == "numpy" and f"ratio_to_{peer}" in row]
        if ratios:
            yield f"| {said} | **{np.median(ratios):.2f}** | 1 |"
