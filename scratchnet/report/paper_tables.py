"""The paper's own figures, and ours beside them.

Kuo, Chou and Chang, "Using Deep Convolutional Neural Networks for Image Retrieval", Electronic Imaging 2016:
Tables 2 to 5 and Figure 9, as printed. The embedded data set "mini" has no counterpart in the paper; CIFAR-10's
figures stand beside it for orientation, without a difference, because nothing measured on 2,000 images can be
compared with them.
"""
from .. import systems
from ..data.catalog import CATALOGS
from ..retrieval import PROTOCOLS

LABELS = {"cnn_rgb": "CNN_RGB", "cnn_rgb_da": "CNN_RGB+DA", "pretrain_cnn_rgb": "Pre-train+CNN_RGB",
          "pretrain_cnn_rgb_da": "Pre-train+CNN_RGB+DA"}
TITLES = {**{name: catalog.title for name, catalog in CATALOGS.items()}, "mini": "mini (a sample of CIFAR-10)"}
COUNTERPARTS = {"cifar10": "cifar10", "cifar100": "cifar100", "mini": "cifar10"}
EPOCHS, TRAIN_IMAGES = 25, 50_000

ACCURACY = {  # Tables 2 and 3: Top-1, Top-2, Top-3 in percent
    "cifar10": {"cnn_rgb": (73.5, 87.4, 93.1), "cnn_rgb_da": (75.3, 88.4, 93.7),
                "pretrain_cnn_rgb": (77.9, 90.4, 95.0), "pretrain_cnn_rgb_da": (79.3, 91.4, 96.9)},
    "cifar100": {"cnn_rgb": (41.6, 54.9, 62.2), "cnn_rgb_da": (43.7, 56.3, 64.0),
                 "pretrain_cnn_rgb": (43.2, 55.5, 62.6), "pretrain_cnn_rgb_da": (44.0, 57.3, 65.2)},
}
MARKED = ("cifar10", "pretrain_cnn_rgb_da", "top3")  # breaks its column's pattern; ledger row 13
SYSTEMS = {  # by the method of our own system, where there is or will be one
    "pixels": "Raw pixels (Krizhevsky 2009)", "rbm_backprop": "RBM with BP (Krizhevsky 2009)",
    "rbm_backprop_random": "The same network without the RBM (Krizhevsky 2009)",
    "conv_dbn": "Convolutional DBN (Krizhevsky and Hinton 2010)",
    "coates2011_sae": "Sparse auto-encoder (Coates et al. 2011)", "pcanet_combined": "PCANet (Chan et al. 2015)",
    "coates2011_kmeans": "K-means, triangle (Coates et al. 2011)",
    "coates2011_kmeans_hard": "K-means, hard (Coates et al. 2011)",
    "pcanet": "PCANet, one bank of filters (Chan et al. 2015)"}
ELSEWHERE = {"cifar10": {"pixels": 37.3, "rbm_backprop": 64.8, "conv_dbn": 78.9, "coates2011_sae": 73.4,
                         "pcanet_combined": 78.7}}
UNQUOTED = {"cifar10": {"coates2011_kmeans": 77.9, "coates2011_kmeans_hard": 68.6, "pcanet": 77.1,
                        "rbm_backprop_random": 51.5}}  # published, too

RETRIEVAL_METHOD = "pretrain_cnn_rgb_da"  # the only one whose retrieval the paper measures
RETRIEVAL = {  # Tables 4 and 5: MAP, seconds per query. What the paper calls Cosine is our angular distance.
    "cifar10": {"euclidean": (0.671, 0.085), "manhattan": (0.694, 0.083), "angular": (0.707, 0.262)},
    "cifar100": {"euclidean": (0.189, 0.115), "manhattan": (0.217, 0.081), "angular": (0.244, 0.229)},
}
HASHING_ELSEWHERE = {"cifar10": 0.532}  # MAP of CNNH with 48 bits (Xia et al. 2014)

CLASSES = CATALOGS["cifar10"].class_names
CONFUSION = (  # Figure 9: rows the actual class, columns the predicted one
    (0.814, 0.011, 0.038, 0.019, 0.012, 0.005, 0.005, 0.014, 0.045, 0.037),
    (0.016, 0.867, 0.004, 0.005, 0.000, 0.005, 0.009, 0.004, 0.020, 0.070),
    (0.047, 0.004, 0.705, 0.040, 0.074, 0.042, 0.040, 0.036, 0.004, 0.008),
    (0.017, 0.008, 0.051, 0.646, 0.038, 0.135, 0.041, 0.043, 0.012, 0.009),
    (0.012, 0.005, 0.043, 0.051, 0.752, 0.027, 0.036, 0.068, 0.005, 0.001),
    (0.009, 0.004, 0.040, 0.165, 0.035, 0.684, 0.015, 0.041, 0.002, 0.005),
    (0.011, 0.002, 0.038, 0.063, 0.020, 0.015, 0.836, 0.007, 0.005, 0.003),
    (0.007, 0.000, 0.016, 0.030, 0.027, 0.041, 0.005, 0.864, 0.001, 0.009),
    (0.042, 0.013, 0.012, 0.015, 0.006, 0.002, 0.004, 0.002, 0.884, 0.020),
    (0.023, 0.043, 0.003, 0.011, 0.002, 0.002, 0.005, 0.010, 0.024, 0.877),
)


def comparable(dataset):
    """Return whether the paper has figures for this very data set."""
    return COUNTERPARTS.get(dataset) == dataset


def runs_of(results, dataset):
    """Return the runs on one data set, the paper's methods first and in its order."""
    order = [*LABELS, *(run["method"] for run in results["runs"])]
    return sorted((run for run in results["runs"] if run["dataset"] == dataset),
                  key=lambda run: order.index(run["method"]))


def label(run, runs):
    """Return the paper's name of a run's method, with what tells it from the paper's recipe and from its twins."""
    name = LABELS.get(run["method"]) or SYSTEMS.get(run["method"]) or _title(run)
    twins = [other for other in runs if other["method"] == run["method"]]
    extras = [f"recipe {run['recipe']}"] if run["recipe"] not in (None, "paper") else []
    extras += [f"{key} {run[key]}" for key in ("preset", "seed") if len({other[key] for other in twins}) > 1]
    return f"{name} ({', '.join(extras)})" if extras else name


def _title(run):
    """Return what a system of ours that the paper does not know calls itself."""
    if run["system"] not in systems.names():
        return run["method"]
    system = systems.system_class(run["system"])
    return f"{system.title} ({system.paper})"


def departures(run):
    """Return how a run's schedule differs from the paper's, in words; an empty list if it does not."""
    pairs = (("epochs", EPOCHS, "epochs"), ("train_images", TRAIN_IMAGES, "training images"))
    pairs = pairs if run["system"] == "kuo2016" else pairs[1:]
    return [f"{run[key]:,} {unit} (the paper: {theirs:,})" for key, theirs, unit in pairs if run[key] != theirs]


def cell(paper, ours, dataset, mark=False):
    """Return one figure of the paper with ours: {"paper", "ours", "difference", "mark"}, numbers or None."""
    both = paper is not None and ours is not None and comparable(dataset)
    return {"paper": paper, "ours": ours, "difference": ours - paper if both else None, "mark": mark}


def accuracy_rows(results, dataset):
    """Return Table 2 or 3 with ours beside it.

    Parameters
    ----------
    results : dict
        The content of results.json.
    dataset : str

    Returns
    -------
    list of dict
        "label", "method", "group" (under which heading it stands) and "cells": for top1, top2 and top3 a `cell` in
        percent, differences in percentage points.
    """
    printed, runs = ACCURACY.get(COUNTERPARTS.get(dataset), {}), runs_of(results, dataset)
    others, rows = ELSEWHERE.get(COUNTERPARTS.get(dataset), {}), []
    elsewhere = {**others, **UNQUOTED.get(COUNTERPARTS.get(dataset), {})}
    for method in dict.fromkeys([*others, *printed, *(run["method"] for run in runs)]):
        published = printed.get(method, (elsewhere.get(method), None, None))
        paper = dict(zip(("top1", "top2", "top3"), published))
        mine = [(label(run, runs), run["accuracy"]) for run in runs if run["method"] == method and run["accuracy"]]
        for name, ours in mine or [(LABELS.get(method) or SYSTEMS.get(method, method), {})]:
            cells = {k: cell(paper[k], 100 * ours[k] if ours else None, dataset,
                             (COUNTERPARTS.get(dataset), method, k) == MARKED) for k in paper}
            rows.append({"label": name, "method": method, "group": _group(method), "cells": cells})
    return rows


def _group(method):
    if method in ELSEWHERE["cifar10"]:
        return "Reported by the paper from elsewhere"
    if method in SYSTEMS:
        return "Published elsewhere"
    return "The paper's methods" if method in LABELS else "Other systems"


def retrieval_rows(results, dataset, key="retrieval"):
    """Return Table 4 or 5 with ours beside it.

    The paper has one MAP, of one method, and names neither its definition nor its gallery: the same figure stands
    beside both of our definitions, for both galleries.

    Parameters
    ----------
    results, dataset
        As `accuracy_rows`.
    key : {"retrieval", "retrieval_before_relu"}
        Which descriptor.

    Returns
    -------
    list of dict
        "label", "method", "protocol", "metric" and "cells": `cell` for map, map_at_30 and seconds_per_query.
    """
    printed, runs = RETRIEVAL.get(COUNTERPARTS.get(dataset), {}), runs_of(results, dataset)
    measured = [(run["method"], label(run, runs), run[key]) for run in runs if key in run]
    if measured and comparable(dataset) and RETRIEVAL_METHOD not in [method for method, *_ in measured]:
        measured.append((RETRIEVAL_METHOD, LABELS[RETRIEVAL_METHOD],
                         dict.fromkeys(PROTOCOLS, dict.fromkeys(printed, {}))))
    rows = []
    for protocol in PROTOCOLS:
        for method, name, found in measured:
            for metric, ours in found[protocol].items():
                MAP, seconds = printed.get(metric, (None, None)) if method == RETRIEVAL_METHOD else (None, None)
                cells = {figure: cell(paper, ours.get(figure), dataset)
                         for figure, paper in (("map", MAP), ("map_at_30", MAP), ("seconds_per_query", seconds))}
                rows.append({"label": name, "method": method, "protocol": protocol,
                             "metric": metric, "cells": cells})
    return rows


def class_rows(run):
    """Return the diagonal of Figure 9 with ours beside it: "label" and "cells" with "right", percent of a class.

    Only the method of the paper's figure, on CIFAR-10's ten classes, has such rows; other runs have none.
    """
    confusion = run["confusion"] or []
    if COUNTERPARTS.get(run["dataset"]) != "cifar10" or run["method"] != RETRIEVAL_METHOD or len(confusion) != 10:
        return []
    rows = []
    for i, (name, counts) in enumerate(zip(CLASSES, confusion)):
        right = 100 * counts[i] / max(sum(counts), 1)
        rows.append({"label": name, "cells": {"right": cell(100 * CONFUSION[i][i], right, run["dataset"])}})
    return rows


def comparison_rows(results, dataset):
    """Return what `plotting.comparison_figure` draws: Top-1 and both angular MAPs of test-vs-test, by method."""
    rows = [{"panel": "Top-1 accuracy (%)", "label": row["label"], **row["cells"]["top1"]}
            for row in accuracy_rows(results, dataset)]
    for key, name in (("map", "MAP (full ranking)"), ("map_at_30", "MAP at 30")):
        rows += [{"panel": f"{name}, angular", "label": row["label"], **row["cells"][key]}
                 for row in retrieval_rows(results, dataset)
                 if (row["protocol"], row["metric"]) == ("test-vs-test", "angular")]
    return [row for row in rows if row["ours"] is not None]
