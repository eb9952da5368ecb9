"""How a system is to learn, and what it can learn from."""
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import checkpoint
from ..backend import array_module, to_device, to_host
from ..errors import InputError
from ..parallel import Workers
from ..progress import bar as progress_bar
from ..schema import anything, exactly, truth
from ..training.trainer import same_run

PART = {"kind": exactly("part"), "about": {...: anything}, "done": truth, "state": {...: anything}}  # of a part's file


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

    def part(self, name, about, shapes, make, again=False):
        """Return the arrays of a part of a fit and the state beside them: made now, or by an earlier run.

        Parameters
        ----------
        name : str
            Of the part and, with .npz behind it, of the file beside `path` that keeps it.
        about : dict
            What the file says of the run. One that says something else is refused.
        shapes : dict
            Of the arrays; see `checkpoint.check_shapes`.
        make : callable
            ``make(start, keep) -> (arrays, state)``. `start` is what an earlier run kept of an unfinished part, arrays
            and state, or None. ``keep(arrays, state)`` keeps that much, ready for JSON what is no array; it writes only
            if `checkpoint_seconds` have passed since it last did.
        again : bool
            Call `make` with a finished part, too: it looks whether what lies elsewhere is still there.
        """
        path = self.path and self.path.with_name(f"{name}.npz")
        start, written = None, time.monotonic()
        if path and path.exists():
            arrays, description = checkpoint.load(path)
            checkpoint.check(description, PART, path)
            same_run(description["about"], about, path)
            checkpoint.check_shapes(arrays, shapes, path)
            if description["done"] and not again:
                return arrays, description["state"]
            start = arrays, description["state"]

        def keep(arrays, state, done=False):
            nonlocal written
            if path and (done or time.monotonic() - written >= self.checkpoint_seconds):
                checkpoint.save(path, arrays, {"kind": "part", "about": about, "done": done, "state": state})
                written = time.monotonic()
        arrays, state = make(start, keep)
        keep(arrays, state, done=True)
        return arrays, state


def bar(fitting, **settings):
    """Return a bar that is shown as `fitting` says."""
    return progress_bar(fitting.progress, **settings)


def fit_classifier(system, X, labels, fitting, title):
    """Fit `system.classifier` to features X, for `system.epochs` iterations, each a row of `system.history`."""
    with bar(fitting, total=system.epochs, desc=title, unit=" iterations") as shown:
        def callback(row):
            system.history.append({**row, **(fitting.validate(system) if fitting.validate else {})})
            shown.update()
        system.classifier.fit(X, to_device(np.asarray(labels), system.xp), system.classes, system.epochs, callback,
                              fitting.workers)


def say_outcome(system, fitting):
    """Say in a line how long the fit of a system took and how its classifier ended."""
    last = system.history[-1]
    fitting.say(f"{sum(system.seconds.values()):.0f} s; iteration {last['epoch']}, cost {last['cost']:.5f}, "
                + ", ".join(f"{key} {value:.2%}" for key, value in last.items() if key.endswith("top1")))


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
