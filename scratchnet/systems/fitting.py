"""How a system is to learn, and what it can learn from."""
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..backend import array_module, to_host
from ..errors import InputError
from ..parallel import Workers
from ..progress import bar as progress_bar


@dataclass
class Fitting:
    """How a system is to learn; what `System.fit` was told, ready for use.

    Attributes
    ----------
    workers : Workers
        An open pool.
    path : Path or None
        Where the state of learning is kept. Further files may stand beside it.
    about : dict
        What a file says of the run that it belongs to.
    progress : bool or None
        Show bars; None means only on a terminal.
    say : callable
        Is given lines of text about how it goes.
    validate : callable or None
        ``validate(system) -> dict`` of figures of the system as it is, to add to each row of the history.
    checkpoint_seconds : float
        Least time between two checkpoints.
    """

    workers: Workers
    path: Path | None
    about: dict
    progress: bool | None
    say: object
    validate: object
    checkpoint_seconds: float


def bar(fitting, **settings):
    """Return a bar that is shown as `fitting` says."""
    return progress_bar(fitting.progress, **settings)


def check_images(images):
    """Refuse what is not an array of colour images (N, 32, 32, 3) of uint8."""
    shape = tuple(getattr(images, "shape", ()))
    if not hasattr(images, "dtype") or images.dtype != np.uint8 or shape[1:] != (32, 32, 3):
        raise InputError(f"expected colour images (N, 32, 32, 3) of uint8, got "
                         f"{getattr(images, 'dtype', type(images).__name__)} of shape {shape}: values from 0 to 255, "
                         "channels last, 32 x 32 pixels")
    array_module(images)


def check_labels(labels, n, classes):
    """Refuse labels that are not n whole numbers of classes; return the number of classes."""
    labels = to_host(labels) if hasattr(labels, "dtype") else np.asarray(labels)
    if n == 0 or labels.shape != (n,) or labels.dtype.kind not in "iu" or labels.min() < 0:
        raise InputError(f"there must be as many labels as images, at least one, whole numbers from 0 on: {n} images, "
                         f"labels {labels.dtype} of shape {labels.shape}")
    largest = int(labels.max()) + 1
    if classes is not None and classes < largest:
        raise InputError(f"labels go up to {largest - 1}, but there are to be {classes} classes only")
    return max(largest, 2) if classes is None else classes
