"""What binary codes are worth, beside the descriptors that they stand for and the class floor of the same rankings.

Every protocol (`retrieval.protocols`) has figures of its own, and nothing is compared across protocols.
"""
from functools import cached_property

import numpy as np

from ..backend import to_device
from ..metrics import confusion_matrix
from ..randomness import stream
from ..retrieval import evaluate_retrieval
from ..retrieval.codes import balance, unpack_bits
from ..retrieval.floor import class_floor
from ..retrieval.protocols import protocols
from ..unsupervised import BinaryCodes

DEPTHS = (30, 1000, 5000)
METRIC = "angular"  # by which descriptors are ranked


class Described:
    """All images of a data set, first the test images and then the training images, as a system describes them.

    Parameters
    ----------
    system : System
        Fitted.
    dataset : Dataset
    learnt : (l,) integer array or None
        Which training images the system has learnt from; None means all.
    workers : Workers
        An open pool.
    say : callable, optional
        Is given a line of text before each part.

    Attributes
    ----------
    test, train : dict of str to array
        What `System.outputs` returns of the test images and of all training images, on the host.
    """

    def __init__(self, system, dataset, learnt, workers, say=None):
        self.xp, self.workers, self.say, self.seed = system.xp, workers, say or (lambda line: None), system.seed
        self.classes, self.tests = len(dataset.class_names), len(dataset.test_labels)
        self.learnt = np.arange(len(dataset.train_labels)) if learnt is None else learnt
        self.labels = np.concatenate([dataset.test_labels, dataset.train_labels])
        self.protocols = protocols(dataset.test_labels, dataset.train_labels, self.learnt)
        self.say("describing all images")
        self.test, self.train = (system.outputs(images, workers) for images in (dataset.test_images,
                                                                                dataset.train_images))

    def all(self, name):
        """Return one of the outputs of all images."""
        return np.concatenate([self.test[name], self.train[name]])

    def hashing(self, codes, bits):
        """Return the figures of codes (n, bytes) of all images, by protocol.

        Returns
        -------
        dict
            "bits"; "balance", the share of ones of the lowest, the median and the highest bit; and "protocols": {name:
            {"queries", "gallery": how many, "codes", "descriptor", "class_floor": figures}}; see `retrieval.figures`.
            Those of codes are expectations over random orders of equal distances.
        """
        self.say(f"ranking by codes of {bits} bits")
        shares = balance(unpack_bits(codes[:self.tests], bits))
        return {"bits": bits, "balance": [float(share) for share in (shares.min(), np.median(shares), shares.max())],
                "protocols": {name: {**self._beside[name], "codes": self._figures(rows, codes, "hamming")}
                              for name, rows in self.protocols.items()}}

    def thresholded(self, bits):
        """Return `hashing` of codes that are made of the descriptors: the signs of so many numbers, see `BinaryCodes`.

        Directions and rotation are those of the training images that the system has learnt from. A classifier of C
        classes needs C − 1 directions to tell them apart, so that further principal components are left out: that,
        and the threshold 0 rather than the median, were better on held-out training images.
        """
        codes = BinaryCodes(bits, 0, components=min(bits, self.classes - 1), rng=stream("rotation", self.seed, bits))
        codes.fit(self.train["descriptor"][self.learnt])
        return self.hashing(codes(self.all("descriptor")), bits)

    @cached_property
    def _beside(self):
        """The figures of descriptors and of predicted classes, by protocol."""
        self.say("ranking by the descriptor")
        descriptors, found = self.all("descriptor"), {}
        predicted = self.all("scores").argmax(axis=1) if "scores" in self.test else None
        for name, rows in self.protocols.items():
            floor = None
            if predicted is not None:
                counts = [confusion_matrix(self.labels[some], predicted[some], self.classes)
                          for some in (rows.queries, rows.gallery)]
                floor = class_floor(counts[0], None if rows.own else counts[1], DEPTHS)
            found[name] = {"queries": len(rows.queries), "gallery": len(rows.gallery) - rows.own,
                           "descriptor": self._figures(rows, descriptors, METRIC), "class_floor": floor}
        return found

    def _figures(self, rows, vectors, metric):
        queries, gallery = (to_device(vectors[some], self.xp) for some in (rows.queries, rows.gallery))
        return evaluate_retrieval(queries, self.labels[rows.queries], gallery, self.labels[rows.gallery], metric,
                                  rows.own, DEPTHS, workers=self.workers)
