"""What binary codes are worth, beside the descriptors that they stand for and the class floor of the same rankings.

Every protocol (`retrieval.protocols`) has figures of its own, and nothing is compared across protocols.
"""
import numpy as np

from ..backend import to_device
from ..metrics import confusion_matrix
from ..retrieval import evaluate_retrieval
from ..retrieval.codes import balance, unpack_bits
from ..retrieval.floor import class_floor
from ..retrieval.protocols import protocols

DEPTHS = (30, 1000, 5000)
METRIC = "angular"  # by which descriptors are ranked


def hashing(codes, bits, descriptors, predicted, labels, tests, learnt, classes, xp, workers, say=None):
    """Return the figures of codes, of the descriptors that they stand for, and of predicted classes, by protocol.

    Parameters
    ----------
    codes : (n + m, bytes) uint8 array
        Of the test images and, behind them, the training images; as are `descriptors` (n + m, d), `predicted` classes
        (n + m,) or None, and `labels` (n + m,). On the host.
    bits : int
    tests : int
        n, how many are test images.
    learnt : (l,) integer array
        Which training images the system has learnt from.
    classes : int
    xp, workers
        Backend, and an open pool.
    say : callable, optional
        Is given a line of text before each part.

    Returns
    -------
    dict
        "bits"; "balance", the share of ones of the lowest, the median and the highest bit; and "protocols": {name:
        {"queries", "gallery": how many, "codes", "descriptor", "class_floor": figures}}; see `retrieval.figures`. Those
        of codes are expectations over random orders of equal distances.
    """
    def figures(rows, vectors, metric):
        queries, gallery = (to_device(vectors[some], xp) for some in (rows.queries, rows.gallery))
        return evaluate_retrieval(queries, labels[rows.queries], gallery, labels[rows.gallery], metric, rows.own,
                                  depth=DEPTHS, workers=workers)

    def floor(rows):
        counts = [confusion_matrix(labels[some], predicted[some], classes) for some in (rows.queries, rows.gallery)]
        return class_floor(counts[0], None if rows.own else counts[1], DEPTHS)
    found = {}
    for name, rows in protocols(labels[:tests], labels[tests:], learnt).items():
        if say:
            say(f"codes of {bits} bits, {name}: {len(rows.queries):,} queries")
        found[name] = {"queries": len(rows.queries), "gallery": len(rows.gallery) - rows.own,
                       "codes": figures(rows, codes, "hamming"), "descriptor": figures(rows, descriptors, METRIC),
                       "class_floor": None if predicted is None else floor(rows)}
    shares = balance(unpack_bits(codes[:tests], bits))
    return {"bits": bits, "balance": [float(share) for share in (shares.min(), np.median(shares), shares.max())],
            "protocols": found}
