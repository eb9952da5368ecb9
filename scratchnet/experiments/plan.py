"""What to run, and which images it learns from."""
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from ..checks import positive
from ..data import hold_out
from ..errors import SettingsError
from ..randomness import stream

LONGEST = 255  # bytes that a name may have


@dataclass
class Plan:
    """Systems to fit and evaluate on one data set.

    Attributes
    ----------
    dataset : str
    out : path
        Folder to write to.
    systems : tuple of System
        Unfitted; see `systems.create`. All are of one seed.
    backend, data, resume, threads, checkpoint_seconds
        As on the command line.
    train_images : int, optional
        Use only so many training images, balanced; None means all.
    validation : int
        Hold out so many of them.
    command : str
        The command line, for the record.
    train_every, test_every : int
        Of the data set's training and test images, use only each so-manieth, from the first on.
    """

    dataset: str
    out: Path
    systems: tuple
    backend: str = "auto"
    data: str | None = None
    resume: bool = False
    train_images: int | None = None
    validation: int = 0
    threads: int | None = None
    checkpoint_seconds: float = 30.0
    command: str = ""
    train_every: int = 1
    test_every: int = 1

    def __post_init__(self):
        self.out, self.systems = Path(self.out), tuple(self.systems)
        if not self.systems or len({system.label for system in self.systems}) < len(self.systems):
            raise SettingsError("a plan needs one or more systems, each once")
        if self.train_images is not None:
            positive(train_images=self.train_images)
        positive(train_every=self.train_every, test_every=self.test_every)

    def folder(self, system):
        """Return the folder of one system's run.

        It is called DATASET-LABEL-seedN. Where that would be longer than `LONGEST` bytes, as with many changed
        settings, the label is cut and ends in the first 16 digits of the SHA-256 of all of it: the same settings
        always have the same folder, others another one.
        """
        head, tail = f"{self.dataset}-{system.label}", f"-seed{system.seed}"
        if len(head.encode()) + len(tail) > LONGEST:
            tail = f"-{sha256(head.encode()).hexdigest()[:16]}{tail}"
            head = head.encode()[:LONGEST - len(tail)].decode(errors="ignore")
        return self.out / "runs" / (head + tail)

    def about(self):
        """Return what tells these runs from others, beside their systems."""
        every = {name: n for name, n in (("train_every", self.train_every), ("test_every", self.test_every)) if n > 1}
        return {"dataset": self.dataset, "train_images": self.train_images, "validation": self.validation, **every}


@dataclass
class Split:
    """The training images of a run: those to learn from and those held out, the labels of both, and which of the data
    set's training images the former are."""

    images: np.ndarray
    labels: np.ndarray
    held_images: np.ndarray
    held_labels: np.ndarray
    learnt: np.ndarray


def every(dataset, train=1, test=1):
    """Return a data set with each `train`-th training image and each `test`-th test image only, from the first on."""
    return dataset if train == test == 1 else replace(
        dataset, train_images=dataset.train_images[::train], train_labels=dataset.train_labels[::train],
        test_images=dataset.test_images[::test], test_labels=dataset.test_labels[::test])


def split(dataset, train_images, validation, seed):
    """Return the `Split` of a data set that a run of this seed uses.

    Parameters
    ----------
    dataset : Dataset
    train_images : int or None
        Of which so many are used at all, balanced.
    validation : int
        Of which so many are held out, balanced.
    seed : int
    """
    images, labels, chosen = dataset.train_images, dataset.train_labels, np.arange(len(dataset.train_labels))
    if train_images is not None and train_images != len(labels):
        if train_images > len(labels):
            raise SettingsError(f"{dataset.name} has {len(labels):,} training images, --train-images asks for "
                                f"{train_images:,}")
        _, chosen = hold_out(labels, train_images, stream("training images", seed))
        images, labels = images[chosen], labels[chosen]
    learn, held = np.arange(len(labels)), np.arange(0)
    if validation:
        learn, held = hold_out(labels, validation, stream("held-out images", seed))
    return Split(images[learn], labels[learn], images[held], labels[held], chosen[learn])
