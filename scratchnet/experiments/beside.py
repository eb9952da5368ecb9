"""What a system's figures must be compared with: class floor, chance, and figures without near-duplicates.

A MAP grows with the accuracy of the classifier, with few classes, and with twins of the queries in the gallery or among
the images that the system has learnt from. This file measures by how much.
"""
import numpy as np

from ..backend import to_device
from ..data.near_duplicates import twins
from ..metrics import confusion_matrix, top_k_accuracy
from ..retrieval import PROTOCOLS, evaluate_retrieval
from ..retrieval.floor import chance, class_floor

METRIC = "angular"  # by which images without twins are ranked


def references(labels, predicted, gallery_labels, gallery_predicted, classes):
    """Return what rankings by predicted class, and random ones, are worth: {"class_floor": ..., "chance": ...}.

    Parameters
    ----------
    labels, gallery_labels : integer arrays
        Of the test and of the training images.
    predicted, gallery_predicted : integer arrays, or None
        What the system takes them for; None if it does not classify, which leaves "class_floor" None.
    classes : int

    Returns
    -------
    dict
        Of each {protocol: figures}; see `retrieval.floor`.
    """
    counts, in_gallery = (np.bincount(some, minlength=classes) for some in (labels, gallery_labels))
    floor = None
    if predicted is not None:
        M = confusion_matrix(labels, predicted, classes)
        floor = dict(zip(PROTOCOLS, (class_floor(M), class_floor(M, confusion_matrix(gallery_labels, gallery_predicted,
                                                                                     classes)))))
    return {"class_floor": floor, "chance": dict(zip(PROTOCOLS, (chance(counts), chance(counts, in_gallery))))}


def without_near_duplicates(dataset, scores, descriptors, each, xp, workers):
    """Return the figures of the test images that have no near-duplicate, or None if they are not known.

    Accuracy is that on the test images without one among the training images. For retrieval, those with one among the
    other test images go, too: what is left are the queries, and in test-vs-test the gallery. The training images all
    stay, as no query has a near-duplicate among them any more.

    Parameters
    ----------
    dataset : Dataset
    scores : (N, classes) array, or None
        Of the test images, as `descriptors` (N, d); on the host.
    each : dict
        What `evaluate_protocols` put there, for all test images.
    xp, workers
        Backend, and an open pool.

    Returns
    -------
    dict or None
        "images" and "accuracy" (None for a system that does not classify); "queries" and "retrieval": {protocol:
        {"angular": figures}}.
    """
    found = twins(dataset.name)
    if found is None or len(found["train"]) != len(dataset.test_labels):  # of all test images, or of some only
        return None
    seen, left, labels = found["train"], ~found["anywhere"], dataset.test_labels
    accuracy = None
    if scores is not None:
        accuracy = {f"top{k}": share for k, share in top_k_accuracy(scores[~seen], labels[~seen]).items()}
    queries = to_device(descriptors[left], xp)
    inside = evaluate_retrieval(queries, labels[left], queries, labels[left], METRIC, exclude_self=True,
                                workers=workers)
    del inside["seconds_per_query"]
    outside = {name: float(values[left].mean()) for name, values in each[PROTOCOLS[1], METRIC].items()}
    return {"images": int((~seen).sum()), "accuracy": accuracy, "queries": int(left.sum()),
            "retrieval": {protocol: {METRIC: figures} for protocol, figures in zip(PROTOCOLS, (inside, outside))}}
