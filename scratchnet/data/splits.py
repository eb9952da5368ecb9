"""Balanced parts of a training set: to hold out for validation, or to train on less."""
import numpy as np

from ..errors import InputError, SettingsError


def hold_out(labels, count, rng):
    """Split indices into those that remain and `count` held out, as evenly over the classes as can be.

    Parameters
    ----------
    labels : (N,) array of whole numbers
    count : int
        1 ≤ count < N. What does not divide by the number of classes goes to classes drawn at random.
    rng : numpy.random.Generator

    Returns
    -------
    remaining, held : int arrays, sorted
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise InputError(f"labels must be one whole number per image (N,), got {labels.dtype} of shape {labels.shape}")
    classes, sizes = np.unique(labels, return_counts=True)
    if not 1 <= count < len(labels):
        raise SettingsError(f"cannot take {count} of {len(labels)} images: choose between 1 and {len(labels) - 1}")
    share = np.full(len(classes), count // len(classes))
    share[rng.permutation(len(classes))[:count % len(classes)]] += 1
    if (share > sizes).any():
        raise SettingsError(f"cannot take {count} images evenly: class {classes[(share > sizes).argmax()]} has only "
                            f"{sizes[(share > sizes).argmax()]}")
    held = np.sort(np.concatenate([rng.permutation(np.flatnonzero(labels == c))[:n] for c, n in zip(classes, share)]))
    return np.setdiff1d(np.arange(len(labels)), held), held
