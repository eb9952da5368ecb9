"""CIFAR-10 and CIFAR-100 as arrays of images (paper, section 5)."""
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import DataError, SettingsError
from ..suggest import nearest
from . import mini
from .catalog import CATALOGS, CITATION, LICENCE, SOURCE
from .records import find, read, unpack
from .standardize import Standardizer

NAMES = ("mini", *CATALOGS)


@dataclass(frozen=True)
class Dataset:
    """Labelled images in two parts. Iterating gives the four arrays in the order in which they stand here.

    Attributes
    ----------
    train_images, test_images : (N, 32, 32, 3) uint8 arrays
    train_labels, test_labels : (N,) int64 arrays
    class_names : tuple of str
    """

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple

    def __iter__(self):
        return iter((self.train_images, self.train_labels, self.test_images, self.test_labels))


def load(name, data=None):
    """Return the data set called `name`, verified by hash.

    Parameters
    ----------
    name : {"mini", "cifar10", "cifar100"}
        "mini" is embedded: 2,000 training and 500 test images of CIFAR-10. CIFAR-100 comes with its 100 fine labels.
    data : path, optional
        The official folder (binary or Python form), one that contains it, or the official archive. None means the
        environment variable SCRATCHNET_DATA, then the user's cache folder.

    Returns
    -------
    Dataset

    Raises
    ------
    SettingsError
        If there is no such data set.
    DataError
        If its files are missing, damaged or unsafe.
    """
    check_name(name)
    if name == "mini":
        train, test = mini.records()
        return Dataset(name, *_arrays(train, 1), *_arrays(test, 1), CATALOGS["cifar10"].class_names)
    catalog = CATALOGS[name]
    files = list(read(catalog, data_folder(data)).values())
    train = _arrays(b"".join(files[:-1]), catalog.label_bytes)
    return Dataset(name, *train, *_arrays(files[-1], catalog.label_bytes), catalog.class_names)


def check_name(name, names=NAMES):
    """Refuse a name that no data set has."""
    if name not in names:
        raise SettingsError(f"there is no data set {name!r}{nearest(str(name), names)}: "
                            f"choose one of {', '.join(names)}")


def data_folder(data=None):
    """Return where the data are: `data`, else SCRATCHNET_DATA, else the user's cache folder."""
    named = data or os.environ.get("SCRATCHNET_DATA")
    if named:
        return Path(named)
    import platformdirs  # here, so that the package works without it where the folder is named
    try:
        return platformdirs.user_cache_path("scratchnet")
    except RuntimeError:  # a user without a home
        raise DataError("there is no home folder to keep data in: use --data or SCRATCHNET_DATA to say where") \
            from None


def _arrays(records, label_bytes):
    """Turn records into images (N, 32, 32, 3) and the last of their labels (N,)."""
    images, labels = unpack(records, label_bytes)
    return images, labels[:, -1].astype(np.int64)


def verify(name, data=None):
    """Check a data set against its official hashes and return [(file, "ok")], one row per file.

    Raises as `load` does, naming the first file that is not right.
    """
    check_name(name)
    if name == "mini":
        mini.records()
        return [(file, "ok") for file in mini.FILES]
    return [(file, "ok") for file in read(CATALOGS[name], data_folder(data))]


def info(name, data=None):
    """Return a description of a data set, ready for JSON.

    Where it was found and in which form, images per split and class (one number where all classes have the same),
    class names, mean and standard deviation of each channel (0 to 255), source, licence and citation. Raises as
    `load` does.
    """
    dataset = load(name, data)
    place = "embedded" if name == "mini" else " at ".join(map(str, find(CATALOGS[name], data_folder(data))))
    standard = Standardizer.fit(dataset.train_images)
    return {"name": name, "found": place, "train_images": len(dataset.train_labels),
            "test_images": len(dataset.test_labels), "image_shape": list(dataset.train_images.shape[1:]),
            "train_images_per_class": _per_class(dataset.train_labels),
            "test_images_per_class": _per_class(dataset.test_labels), "classes": list(dataset.class_names),
            "channel_mean": standard.mean.round(3).tolist(), "channel_std": standard.std.round(3).tolist(),
            "source": SOURCE, "licence": LICENCE, "citation": CITATION}


def _per_class(labels):
    counts = np.unique(np.bincount(labels))
    return int(counts[0]) if len(counts) == 1 else counts.tolist()
