"""The paper's claims: its own differences between methods and between distances, and ours, with their intervals.

A table of accuracies invites one to compare each cell with the paper's. What the paper claims is something else: that
pre-training helps, that the extra channels help, that one distance beats another. Ours are paired, image by image and
seed by seed; `statistics` says what an interval covers. The comparisons of one recipe on one data set are a family, for
which Holm's method corrects.
"""
import numpy as np

from ..statistics import holm, mcnemar, paired_difference
from .paper_tables import ACCURACY, RETRIEVAL, RETRIEVAL_METHOD

CLAIMS = (  # what changes, and the two methods between which it changes
    ("pre-training", "cnn_rgb", "pretrain_cnn_rgb"),
    ("pre-training, with the extra channels", "cnn_rgb_da", "pretrain_cnn_rgb_da"),
    ("extra channels", "cnn_rgb", "cnn_rgb_da"),
    ("extra channels, pre-trained", "pretrain_cnn_rgb", "pretrain_cnn_rgb_da"),
    ("both", "cnn_rgb", "pretrain_cnn_rgb_da"),
)
ORDER = (("Manhattan above Euclidean", "euclidean", "manhattan"), ("angular above Euclidean", "euclidean", "angular"),
         ("angular above Manhattan", "manhattan", "angular"))
TOP1, ANGULAR, MAP = "Top-1", "angular MAP (full ranking)", "MAP (full ranking)"
DIGITS = {TOP1: 1, ANGULAR: 3, MAP: 3}


def run_key(run):
    """Return what tells a run from all others in a table of claims."""
    return tuple(run.get(key) for key in ("dataset", "method", "recipe", "seed"))


def claim_rows(runs, dataset, kept=None):
    """Return the claims of which the runs have both sides, recipe by recipe.

    Parameters
    ----------
    runs : list of dict
        Of results.json. Those of other data sets are passed over.
    dataset : str
    kept : dict, optional
        {`run_key`: what `experiments.evaluate` found of each test image}. Without it there are differences, and no
        intervals.

    Returns
    -------
    list of dict
        "recipe", "claim"; "measure": `TOP1` in percentage points, `ANGULAR` or `MAP` of test-vs-test; "paper", None
        where it claims nothing; "ours" of each of "seeds", and their "mean"; "low" and "high", the 95 % interval, and
        "p", adjusted for the number of comparisons of its recipe: None where the predictions of a side were not kept.
    """
    found = {}
    for run in runs:
        if run["dataset"] == dataset and run["accuracy"]:
            found.setdefault(run["recipe"], {}).setdefault(run["method"], {})[run["seed"]] = run
    rows = []
    for recipe, methods in found.items():
        family = list(_family(dataset, recipe, methods, kept or {}))
        tested = [row for row in family if row["p"] is not None]
        for row, p in zip(tested, holm([row["p"] for row in tested])):
            row["p"] = float(p)
        rows += family
    return rows


def _family(dataset, recipe, methods, kept):
    """Yield the rows of one recipe, p not yet adjusted."""
    def side(method, figure, of_each):
        """Return {seed: (figure, the same of each test image or None)}."""
        return {seed: (figure(run), of_each(kept[run_key(run)]) if run_key(run) in kept else None)
                for seed, run in methods.get(method, {}).items()}

    def by(metric):
        return lambda run: run["retrieval"]["test-vs-test"][metric]["map"], lambda each: each[f"{metric}/map"]
    top1 = lambda run: 100 * run["accuracy"]["top1"], lambda each: 100.0 * right(each)
    accuracy, retrieval = ACCURACY.get(dataset), RETRIEVAL.get(dataset)
    for claim, before, after in CLAIMS:
        printed = accuracy and accuracy[after][0] - accuracy[before][0]
        for measure, what, paper in ((TOP1, top1, printed), (ANGULAR, by("angular"), None)):
            yield from _row(recipe, claim, measure, paper, side(before, *what), side(after, *what))
    for claim, worse, better in ORDER:
        printed = retrieval and retrieval[better][0] - retrieval[worse][0]
        sides = (side(RETRIEVAL_METHOD, *by(metric)) for metric in (worse, better))
        yield from _row(recipe, claim, MAP, printed, *sides)


def _row(recipe, claim, measure, paper, before, after):
    """Yield the row of a comparison, if it has both sides: of the seeds with an interval, if there are some."""
    seeds = sorted(before.keys() & after.keys())
    paired = [seed for seed in seeds if before[seed][1] is not None and after[seed][1] is not None]
    seeds = paired or seeds
    if not seeds:
        return
    ours = [after[seed][0] - before[seed][0] for seed in seeds]
    row = {"recipe": recipe, "claim": claim, "measure": measure, "paper": paper, "seeds": seeds, "ours": ours,
           "mean": float(np.mean(ours)), "low": None, "high": None, "p": None}
    if paired:
        difference = paired_difference([np.subtract(after[seed][1], before[seed][1], dtype=float) for seed in paired])
        row |= {"low": difference.low, "high": difference.high, "p": difference.p}
        if measure == TOP1 and len(paired) == 1:
            row["p"] = mcnemar(before[paired[0]][1] > 0, after[paired[0]][1] > 0)
    yield row


def right(each):
    """Return which test images a run has right, (n,) bool."""
    return each["predicted"] == each["labels"]
