"""Test images of CIFAR that also occur elsewhere, nearly the same.

Barz and Denzler (2020) compared the test images with the training images and with each other, and judged each pair by
eye. A network may have memorised a test image whose twin it was trained on, and a query finds its own twin first; so
figures come with and without these images. near_duplicates.json holds the lists, their source and their licence.
"""
import json
from importlib.resources import files

import numpy as np


def twins(name):
    """Return which test images of the data set `name` have a near-duplicate.

    All judgments count: exact duplicates, the same camera shot, and very similar images. These are the images that
    ciFAIR replaces, and the partners of those that it replaces within the test set.

    Parameters
    ----------
    name : str
        "cifar10" or "cifar100".

    Returns
    -------
    dict of str to array, or None
        (10000,) bool arrays: "train", has one among the training images; "anywhere", has one among the training images
        or the other test images. None for a data set that nobody has looked through.
    """
    lists = json.loads((files(__package__) / "near_duplicates.json").read_text(encoding="utf-8"))["pairs"].get(name)
    if lists is None:
        return None
    train, anywhere = np.zeros((2, 10_000), bool)
    train[[test for test, *_ in lists["train"]]] = True
    anywhere[[number for pair in lists["test"] for number in pair[:2]]] = True
    return {"train": train, "anywhere": anywhere | train}
