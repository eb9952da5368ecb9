"""Evaluation of a fitted system: classification and retrieval on the test set (paper, section 5)."""
import numpy as np

from ..backend import to_device
from ..metrics import confusion_matrix, top_k_accuracy
from ..progress import bar
from ..retrieval import DISTANCES, PROTOCOLS, FlatIndex, evaluate_protocols
from .beside import references, without_near_duplicates
from .hashing import Described

KEPT = (*((metric, "map") for metric in DISTANCES), ("angular", "map_at_30"))  # of each test image, test-vs-test


def classification(scores, labels):
    """Return {"accuracy": {"top1", "top2", "top3"}, "confusion": rows of counts} for scores (N, C)."""
    accuracy = top_k_accuracy(scores, labels, ks=(1, 2, 3))
    confusion = confusion_matrix(labels, scores.argmax(axis=1), scores.shape[1])
    return {"accuracy": {f"top{k}": float(value) for k, value in accuracy.items()}, "confusion": confusion.tolist()}


def evaluate(system, dataset, train_images, train_labels, workers, say=None, learnt=None):
    """Return the figures of Tables 2 to 5 for a fitted system.

    Parameters
    ----------
    system : System
    dataset : Dataset
        Its test images are classified, and are the queries.
    train_images, train_labels : arrays
        The gallery of the protocol test-vs-train, images as stored (RGB).
    workers : Workers
        An open pool.
    say : callable, optional
        Is given a line of text before each part.
    learnt : (n,) integer array, optional
        Which of the data set's training images `train_images` are; None means all of them.

    Returns
    -------
    dict
        "accuracy" and "confusion", None for a system that does not classify; "retrieval", and "retrieval_NAME" for
        each further descriptor; "hashing" of a system that makes codes, see `hashing`; "gallery", how many images a
        query searches; "class_floor", "chance" and "without_near_duplicates", see `beside`; and "examples": for two
        queries the ids and distances of their first 30 test images by angular distance.
    dict of str to array
        Of each test image, for paired comparisons of two systems: its class in "labels" and, if there is one, its
        "predicted" class (uint8), and the average precision of its ranking of the other test images (float16) by each
        distance ("euclidean/map", ...) and at 30 by the angle ("angular/map_at_30").
    """
    say = say or (lambda line: None)
    hashed = {}
    if system.hashes:
        described = Described(system, dataset, learnt, workers, say)
        test, train = described.test, {key: values[described.learnt] for key, values in described.train.items()}
        hashed = {"hashing": described.hashing(described.all("codes"), system.bits)}
        del test["codes"], train["codes"]
    else:
        say("describing the test images")
        test = system.outputs(dataset.test_images, workers)
        say("describing the training images")
        train = system.outputs(train_images, workers)
    scores, train_scores, each = test.pop("scores", None), train.pop("scores", None), {}
    result, of_each_image = {"accuracy": None, "confusion": None}, {"labels": dataset.test_labels.astype(np.uint8)}
    if scores is not None:
        result = classification(scores, dataset.test_labels)
        of_each_image["predicted"] = _best(scores).astype(np.uint8)
    for name, queries in test.items():
        key = "retrieval" if name == "descriptor" else f"retrieval_{name}"
        say(f"ranking by the {key.replace('retrieval', 'descriptor').replace('_', ' ')}")
        result[key] = _retrieval(queries, dataset.test_labels, train[name], train_labels, system.xp, workers,
                                 each.setdefault(name, {}))
    result |= hashed
    result["gallery"] = dict(zip(PROTOCOLS, (len(dataset.test_labels) - 1, len(train_labels))))
    result |= references(dataset.test_labels, _best(scores), train_labels, _best(train_scores),
                         len(dataset.class_names))
    result["without_near_duplicates"] = without_near_duplicates(dataset, scores, test["descriptor"], each["descriptor"],
                                                                system.xp, workers)
    kept = each["descriptor"]
    of_each_image |= {f"{metric}/{figure}": kept["test-vs-test", metric][figure].astype(np.float16)
                      for metric, figure in KEPT}
    result["examples"] = examples(test["descriptor"], dataset)
    return result, of_each_image


def _best(scores):
    return None if scores is None else scores.argmax(axis=1)


def _retrieval(queries, query_labels, gallery, gallery_labels, xp, workers, each):
    with bar(total=len(PROTOCOLS) * len(DISTANCES) * len(queries), unit=" queries", desc="ranking") as shown:
        return evaluate_protocols(to_device(queries, xp), query_labels, to_device(gallery, xp), gallery_labels,
                                  workers=workers, advance=shown.update, each=each)


def examples(descriptors, dataset, depth=30):
    """Search the test set with the first test image of two classes: those of Figures 10 and 11 where they exist.

    `descriptors` are those of the test images, on the host. Returns "query", "ids" and "distances" of each.
    """
    names = [name for name in ("dog", "automobile") if name in dataset.class_names]
    classes = [dataset.class_names.index(name) for name in names] or [0, len(dataset.class_names) // 2]
    queries = np.array([np.flatnonzero(dataset.test_labels == c)[0] for c in classes])
    depth = min(depth, len(descriptors) - 1)
    distances, ids = FlatIndex("angular").add(descriptors).search(descriptors[queries], depth + 1)
    listed = []
    for query, row, found in zip(queries, distances, ids):
        others = found != query
        others[depth:] &= others[:depth].sum() < depth  # a twin may have pushed the query itself off the list
        listed.append({"query": int(query), "ids": found[others].tolist(),
                       "distances": [round(float(d), 6) for d in row[others]]})
    return listed
