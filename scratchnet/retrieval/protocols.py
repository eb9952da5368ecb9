"""Who searches what, under the protocol of each publication that has binary codes and under our own.

A MAP depends on the gallery, on the depth and on what it is divided by more than on the codes: searching training
images, whose classes a network knows by heart, lifts it by 0.2. So nothing is compared across protocols.
"""
from dataclasses import dataclass

import numpy as np

QUERIES = 100  # of each class, where a publication has 1,000
PROTOCOLS = {  # name: (who searches what, which MAP is usual there, what it is called)
    "test-vs-test": ("each test image searches the other test images, which no training has seen", "map",
                     "MAP (full ranking)"),
    "lin2015": ("each test image searches all training images (Lin et al. 2015)", "map_at_1000",
                "MAP at 1,000 / found"),
    "xia2014-all": ("100 test images of each class search all other images, those learnt from among them (Xia et al. "
                    "2014)", "map", "MAP (full ranking)"),
    "xia2014-unseen": ("100 test images of each class search all other images but those learnt from (Xia et al. 2014)",
                       "map", "MAP (full ranking)")}


@dataclass(frozen=True)
class Protocol:
    """Who searches what: rows of the test images and, behind them, the training images.

    Attributes
    ----------
    queries, gallery : (n,) integer arrays
    own : bool
        Whether query i is row i of the gallery, and does not search itself.
    """

    queries: np.ndarray
    gallery: np.ndarray
    own: bool = False


def protocols(test_labels, train_labels, learnt):
    """Return {name: Protocol} for the names in `PROTOCOLS`, but for those whose gallery would be empty.

    Public splits disagree on whether the images learnt from belong to the gallery of Xia et al.: with CIFAR-10 and
    5,000 of them, it has 59,000 images or 54,000. Of a class of fewer than 200 test images, half are queries.

    Parameters
    ----------
    test_labels, train_labels : (n,) integer arrays
    learnt : (n,) integer array
        Which training images a system has learnt from.
    """
    n, m = len(test_labels), len(train_labels)
    tests = np.arange(n)
    place = np.empty(n, int)  # of each test image among those of its class
    order = np.argsort(test_labels, kind="stable")
    starts = np.searchsorted(test_labels[order], test_labels[order])
    place[order] = tests - starts
    half = (np.bincount(test_labels)[test_labels] + 1) // 2  # of a small data set
    few = tests[place < np.minimum(QUERIES, half)]
    others = np.setdiff1d(np.arange(n + m), few)
    found = {"test-vs-test": Protocol(tests, tests, True), "lin2015": Protocol(tests, n + np.arange(m)),
             "xia2014-all": Protocol(few, others), "xia2014-unseen": Protocol(few, np.setdiff1d(others, n + learnt))}
    return {name: found[name] for name in PROTOCOLS if len(found[name].gallery)}
