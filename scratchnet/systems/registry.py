"""The systems by name. Only this file knows where they live, and each is imported when it is first asked for."""
from importlib import import_module
from pathlib import Path

from .. import checkpoint
from ..errors import CheckpointError, SettingsError
from ..suggest import nearest
from .contract import DESCRIPTION, KIND

SYSTEMS = {  # name: (module, class)
    "kuo2016": ("kuo2016", "Kuo2016"),
    "pixels": ("pixels", "Pixels"),
    "coates2011": ("coates2011", "Coates2011"),
    "pcanet": ("pcanet", "PCANet"),
    "cnnh": ("cnnh", "CNNH"),
    "deep_codes": ("deep_codes", "DeepCodes"),
    "rbm_backprop": ("rbm_backprop", "RBMBackprop"),
    "conv_dbn": ("conv_dbn", "ConvDBN"),
}


def names():
    """Return the names of all systems."""
    return tuple(SYSTEMS)


def system_class(name):
    """Return the class of the system called `name`."""
    if name not in SYSTEMS:
        raise SettingsError(f"there is no system {name!r}{nearest(str(name), SYSTEMS)}: choose one of "
                            f"{', '.join(SYSTEMS)}")
    module, attribute = SYSTEMS[name]
    return getattr(import_module(f".{module}", __package__), attribute)


def create(name, preset="cpu", seed=0, **settings):
    """Return a system that has not been fitted.

    Parameters
    ----------
    name : str
        One of `names`.
    preset : str
        A set of settings: "quick", "cpu" or "paper".
    seed : int
        Random seed.
    settings
        Further settings, in place of the preset's.

    Raises
    ------
    SettingsError
        If there is no such system, preset or setting, or a setting makes no sense.
    """
    return system_class(name).create(preset, seed, **settings)


def load(path):
    """Return the fitted system that `System.save` wrote to `path`.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged or of another kind.
    """
    arrays, description = read(path)
    return system_class(description["about"]["system"]).restore(arrays, description, path)


def fitted(start):
    """Return the fitted system that is bundled under the name `start`, or that lies in the file `start`; see `load`."""
    trained = import_module("..trained", __package__)  # which knows all systems
    return trained.load_pretrained(start) if start in trained.NAMES else load(Path(start))


def read(path):
    """Return what the file of a fitted system holds, arrays and description; see `load`."""
    arrays, description = checkpoint.load(path)
    if not isinstance(description, dict) or description.get("kind") != KIND:
        raise CheckpointError(f"{path} holds no fitted system: if it is a training checkpoint, finish the training "
                              "with --resume, which writes system.npz beside it")
    checkpoint.check(description, DESCRIPTION, path)
    return arrays, description
