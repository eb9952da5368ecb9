"""The paper's claims: its own differences between methods and between distances, and ours, seed by seed.

A table of accuracies invites to compare each cell with the paper's. What the paper claims is something else: that
pre-training helps, that the extra channels help, that one distance beats another. A difference between two runs of one
seed is ours; whether it is more than chance, `noise` and the other seeds say.
"""
from math import sqrt

from .paper_tables import ACCURACY, RETRIEVAL, RETRIEVAL_METHOD

TEST_IMAGES = 10_000
CLAIMS = (  # what changes, and the two methods between which it changes
    ("pre-training", "cnn_rgb", "pretrain_cnn_rgb"),
    ("pre-training, with the extra channels", "cnn_rgb_da", "pretrain_cnn_rgb_da"),
    ("extra channels", "cnn_rgb", "cnn_rgb_da"),
    ("extra channels, pre-trained", "pretrain_cnn_rgb", "pretrain_cnn_rgb_da"),
    ("both", "cnn_rgb", "pretrain_cnn_rgb_da"),
)
ORDER = (("Manhattan above Euclidean", "euclidean", "manhattan"), ("angular above Manhattan", "manhattan", "angular"))


def claim_rows(runs, dataset):
    """Return the claims of which the runs of recipe "paper" have both sides.

    Parameters
    ----------
    runs : list of dict
        Of results.json. Those of other data sets and recipes are passed over.
    dataset : str

    Returns
    -------
    list of dict
        "claim"; "measure": "Top-1" in percentage points or "MAP (full ranking)" of test-vs-test; "digits" to print;
        "paper" and, for each of "seeds", "ours"; "noise" of the test images, and "angular": what the same change did to
        the angular MAP, by seed. Distances, which are compared on one set of descriptors, have None for the last two.
    """
    found = {}
    for run in runs:
        if (run["dataset"], run["recipe"]) == (dataset, "paper") and run["accuracy"]:
            found.setdefault(run["method"], {})[run["seed"]] = run
    rows = []
    for claim, before, after in CLAIMS if dataset in ACCURACY else ():
        seeds = sorted(found.get(before, {}).keys() & found.get(after, {}).keys())
        pairs = [(found[before][seed], found[after][seed]) for seed in seeds]
        if pairs:
            rows.append({"claim": claim, "measure": "Top-1", "digits": 1, "seeds": seeds,
                         "paper": ACCURACY[dataset][after][0] - ACCURACY[dataset][before][0],
                         "ours": [100 * (b["accuracy"]["top1"] - a["accuracy"]["top1"]) for a, b in pairs],
                         "noise": 100 * noise(pairs[0][0]["accuracy"]["top1"]),
                         "angular": [_map(b, "angular") - _map(a, "angular") for a, b in pairs]})
    measured = sorted(found.get(RETRIEVAL_METHOD, {}).items())
    for claim, worse, better in ORDER if dataset in RETRIEVAL and measured else ():
        rows.append({"claim": claim, "measure": "MAP (full ranking)", "digits": 3,
                     "seeds": [seed for seed, _ in measured],
                     "paper": RETRIEVAL[dataset][better][0] - RETRIEVAL[dataset][worse][0],
                     "ours": [_map(run, better) - _map(run, worse) for _, run in measured],
                     "noise": None, "angular": None})
    return rows


def noise(p, n=TEST_IMAGES):
    """Return twice the standard deviation of the difference of two accuracies p on n images, 2 √(2 p (1 − p) / n).

    As if the two were measured on images of their own. On the same images it is less, and another seed adds to it.
    """
    return 2 * sqrt(2 * p * (1 - p) / n)


def _map(run, metric):
    return run["retrieval"]["test-vs-test"][metric]["map"]
