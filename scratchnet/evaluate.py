"""What a trained system is worth: classification and retrieval on the test set (paper, section 5)."""
import numpy as np
from tqdm import tqdm

from .backend import to_device, to_host
from .metrics import confusion_matrix, top_k_accuracy
from .retrieval import PROTOCOLS, FlatIndex, evaluate_protocols

METRICS = ("euclidean", "manhattan", "angular")


def outputs(system, rgb, workers, xp=np):
    """Return descriptors (N, 400) before the last ReLU and scores (N, classes) of images as stored, on the host."""
    def walk(chunk):
        before, _, scores = system.outputs(to_device(rgb[chunk], xp))
        return to_host(before), to_host(scores)
    descriptors, scores = zip(*workers.map(walk, len(rgb)))
    return np.concatenate(descriptors), np.concatenate(scores)


def classification(scores, labels):
    """Return {"accuracy": {"top1", "top2", "top3"}, "confusion": rows of counts} for scores (N, C)."""
    accuracy = top_k_accuracy(scores, labels, ks=(1, 2, 3))
    confusion = confusion_matrix(labels, scores.argmax(axis=1), scores.shape[1])
    return {"accuracy": {f"top{k}": float(value) for k, value in accuracy.items()}, "confusion": confusion.tolist()}


def evaluate(system, dataset, train_images, train_labels, workers, xp=np, progress=None):
    """Return the figures of Tables 2 to 5 for a trained system.

    Parameters
    ----------
    system : Kuo2016
    dataset : Dataset
        Its test images are classified, and are the queries.
    train_images, train_labels : arrays
        The gallery of the protocol test-vs-train, images as stored (RGB).
    workers : Workers
    xp : module
    progress : callable, optional
        Is given a line of text before each part.

    Returns
    -------
    dict
        "accuracy", "confusion", "retrieval" (descriptor after the ReLU), "retrieval_before_relu", and "examples":
        for two queries the ids and distances of their first 30 test images by angular distance.
    dict of str to array
        Of each test image, for paired comparisons of two systems: its "predicted" class (uint8), and the average
        precision of its ranking of the other test images (float16, descriptor after the ReLU) by each distance
        ("euclidean/map", ...) and at 30 by the angle ("angular/map_at_30").
    """
    say = progress or (lambda line: None)
    say("classifying the test images")
    test, scores = outputs(system, dataset.test_images, workers, xp)
    result = classification(scores, dataset.test_labels)
    say("describing the training images")
    train, _ = outputs(system, train_images, workers, xp)
    for key, rectify in (("retrieval_before_relu", False), ("retrieval", True)):
        say(f"ranking for retrieval, descriptor {'after' if rectify else 'before'} the ReLU")
        queries, gallery = (np.maximum(d, 0) if rectify else d for d in (test, train))
        each = {}
        with tqdm(total=len(PROTOCOLS) * len(METRICS) * len(queries), unit=" queries", desc="ranking", leave=False,
                  disable=None) as bar:
            result[key] = evaluate_protocols(to_device(queries, xp), dataset.test_labels, to_device(gallery, xp),
                                             train_labels, metrics=METRICS, threads=workers.threads,
                                             progress=bar.update, each=each)
    result["examples"] = examples(np.maximum(test, 0), dataset)
    return result, {"predicted": scores.argmax(axis=1).astype(np.uint8), **_kept(each)}


def _kept(each):
    """Return the average precisions that are worth keeping."""
    wanted = [*((metric, "map") for metric in METRICS), ("angular", "map_at_30")]
    return {f"{metric}/{name}": each["test-vs-test", metric][name].astype(np.float16) for metric, name in wanted}


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
