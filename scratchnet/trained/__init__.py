"""Trained weights that come with the package: the paper's network, recipe "best", CIFAR-10 and CIFAR-100.

NAME.npz holds the parameters in half precision, NAME.json is the model card: where they come from, their accuracy
after rounding, and their hash. `experiments.publish` wrote both.
"""
import hashlib
from importlib.resources import as_file, files

from .. import documents
from ..errors import CheckpointError, SettingsError
from ..files import open_file
from ..suggest import nearest
from ..systems import load

NAMES = ("cifar10", "cifar100")


def load_pretrained(name="cifar10"):
    """Return the paper's system, trained on the data set `name`.

    Parameters
    ----------
    name : {"cifar10", "cifar100"}

    Returns
    -------
    Kuo2016
        On the host, float32. ``system.descriptors(images)`` turns colour images (N, 32, 32, 3) uint8 into descriptors
        (N, 400), ``system.scores(images)`` into scores of the classes.

    Raises
    ------
    SettingsError
        If there are no weights of that name.
    CheckpointError
        If the file is missing or is not the one that the model card describes.
    """
    described = card(name)
    with weights(name) as path:
        try:
            with open_file(path) as file:
                found = hashlib.sha256(file.read(described["bytes"] + 1)).hexdigest()
        except OSError:
            found = None
        if found != described["sha256"]:
            raise CheckpointError(f"the weights {name} of the package are damaged: reinstall scratchnet")
        return load(path)


def weights(name):
    """Return a context that gives the path of the weights `name`."""
    return as_file(_files(name) / f"{name}.npz")


def card(name):
    """Return the model card of the weights `name` as a dict.

    Raises
    ------
    CheckpointError
        If the file is missing or damaged.
    """
    with as_file(_files(name) / f"{name}.json") as path:
        return documents.read(path, documents.CARD, "reinstall scratchnet")


def _files(name):
    if name not in NAMES:
        raise SettingsError(f"there are no weights {name!r}{nearest(name, NAMES)}: choose one of {', '.join(NAMES)}")
    return files(__package__)
