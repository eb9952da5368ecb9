"""Figure 9 in numbers: which classes are taken for which, by the paper's network and by ours.

The diagonal is accuracy, of which the tables speak. What is beside it, the kind of error, is the other half of the
figure: ten classes have 90 ways to go wrong.
"""
import numpy as np
from scipy.stats import spearmanr

from .paper_tables import CLASSES, CONFUSION

OFF = ~np.eye(len(CLASSES), dtype=bool)


def shares(confusion):
    """Return a confusion matrix of counts (C, C) as shares of its rows, which are the actual classes."""
    counts = np.asarray(confusion, float)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def agreement(confusion, other=CONFUSION):
    """Return Spearman's rank correlation of two confusion matrices over the 90 cells off the diagonal.

    It is None where all cells of a matrix are alike, as those of a classifier without a fault.
    """
    cells = [shares(matrix)[OFF] for matrix in (confusion, other)]
    return None if min(map(np.ptp, cells)) == 0 else float(spearmanr(*cells).statistic)


def commonest(confusion, count=6):
    """Return the commonest confusions of the paper and of a matrix of ours, the paper's commonest first.

    Returns
    -------
    list of dict
        Those that are among the `count` commonest of either: "actual" and "predicted" class; "paper" and "ours",
        percent of the actual class; "paper_rank" and "our_rank" among all 90, from 1.
    """
    theirs, ours = (np.where(OFF, shares(matrix), -1).ravel() for matrix in (CONFUSION, confusion))
    ranks = [np.argsort(np.argsort(-some, kind="stable"), kind="stable") + 1 for some in (theirs, ours)]
    rows = [{"actual": CLASSES[i // len(CLASSES)], "predicted": CLASSES[i % len(CLASSES)], "paper": 100 * theirs[i],
             "ours": 100 * ours[i], "paper_rank": int(ranks[0][i]), "our_rank": int(ranks[1][i])}
            for i in np.flatnonzero(np.minimum(*ranks) <= count)]
    return sorted(rows, key=lambda row: row["paper_rank"])
