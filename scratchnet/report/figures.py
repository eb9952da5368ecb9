"""The paper's figures from our runs: each is (name, matplotlib Figure, title, caption).

`plotting` knows how to draw; here it is decided what is drawn, and what it is called.
"""
import numpy as np

from .. import plotting
from ..data.channels import add_channels

SHOWN = 64  # tiles
TILES = {  # name of a picture: title, caption; see `System.pictures`
    "filters": ("Filters", "What is looked for, each at its own contrast: middle gray is 0."),
    "growth": ("Filters while the machine learns", "What some hidden units are joined to after so many epochs, each at "
               "its own contrast."),
    "dreams": ("What the machine believes in", "Chains that start at images, after so many steps from visible to "
               "hidden units and back, each tile at its own contrast.")}


def channels(dataset):
    """Return Figure 4: test images of the first classes with the two extra channels."""
    first = [int(np.flatnonzero(dataset.test_labels == c)[0]) for c in range(min(6, len(dataset.class_names)))]
    names = [dataset.class_names[dataset.test_labels[i]] for i in first]
    return ("channels", plotting.channels_figure(add_channels(dataset.test_images[first]), names),
            "Input channels (Figure 4)",
            "The colour image, its gray level, and the two extra channels: mirrored and histogram-equalised gray.")


def curves(histories):
    """Return the training curves of several runs, {name: history}."""
    return ("curves", plotting.curves_figure(histories), "Training curves",
            "Loss and training Top-1 of each epoch, measured while the epoch runs.")


def pretraining(learnt, plain, method):
    """Yield patches before and after whitening, and Figure 3.

    `learnt` is what `Kuo2016.pretrain` returned, `plain` the kernels (K, K, C, F) of an auto-encoder without whitening.
    Eigenpatches have no costs and are compared with nothing; `plain` is None then.
    """
    K, _, C, _ = learnt["kernels"].shape
    raw, whitened = (learnt[name].reshape(-1, K, K, C) for name in ("patches", "whitened_patches"))
    yield ("patches", plotting.patches_figure(raw, whitened), f"Patches before and after whitening ({method})",
           "Whitening takes out what neighbouring pixels share: the covariance becomes nearly diagonal.")
    if plain is None:
        yield ("filters", *tiles("filters", {"eigenpatches": np.moveaxis(learnt["kernels"], 3, 0)}, method))
        return
    filters = (np.moveaxis(kernels, 3, 0) for kernels in (learnt["kernels"], plain))
    yield ("filters", plotting.filters_figure(*filters), f"Filters of the auto-encoder (Figure 3, {method})",
           "What the 64 hidden units look for in a patch, each at its own contrast. With whitening (which is folded "
           "in here) they find fine edges and colour contrasts: these are the kernels with which conv1 starts. "
           "Without it, smooth shades and coarse edges win.")


def tiles(name, sets, method):
    """Return figure, title and caption of one of `System.pictures`."""
    title, caption = TILES[name]
    return plotting.tiles_figure({key: some[:SHOWN] for key, some in sets.items()}), f"{title} ({method})", caption


def confusion(run, class_names):
    """Return Figure 9 from the entry of a run in results.json."""
    return ("confusion", plotting.confusion_figure(np.array(run["confusion"]), class_names),
            f"Confusion matrix (Figure 9, {run['method']})", "Rows: actual class. Columns: predicted class.")


def retrieved(examples, dataset, who, remark=""):
    """Yield Figures 10 and 11: what was found for each of some queries, as `evaluate.examples` returns them."""
    for example in examples:
        query, ids = example["query"], np.array(example["ids"])
        name, labels = dataset.class_names[dataset.test_labels[query]], dataset.test_labels[ids]
        figure = plotting.retrieval_figure(dataset.test_images[query], name, dataset.test_images[ids],
                                           labels == dataset.test_labels[query], np.array(example["distances"]),
                                           [dataset.class_names[label] for label in labels])
        yield (f"retrieval-{name}", figure, f"Retrieved for “{name}” ({who})",
               f"The {len(ids)} of {len(dataset.test_images):,} test images nearest to test image {query} by angular "
               f"distance{remark}.")
