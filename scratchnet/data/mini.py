"""The embedded data set: 2,000 training and 500 test images of CIFAR-10, so that nothing needs a network.

They are the first 200 and 50 images of each class in official order, kept in that order, as lossless WebP sheets
of 50 images a row; index.json holds their official numbers and labels. make_mini.py made the files.
"""
import hashlib
import json
from importlib.resources import files

import numpy as np
from PIL import Image

from ..errors import DataError
from .records import pack

FILES = ("train.webp", "test.webp", "index.json")
SHA256 = {"train": "85e1bcd937bff4e1a96822ecf457c7d8b520eb14496e76876f04aadd1e5205d3",
          "test": "6fc53f55aebe522d5b1a105c0044983a34f86c60436887ec8a0c4a68c093078a"}
COLUMNS = 50


def records():
    """Return training and test images as CIFAR-10 records (bytes), checked by their SHA-256.

    Raises
    ------
    DataError
        If a file is missing or damaged.
    """
    folder = files(__package__) / "mini"
    try:
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        result = {split: _read(folder / f"{split}.webp", index[split]["labels"]) for split in SHA256}
    except MemoryError:
        raise
    except Exception as error:  # a damaged image or JSON file can raise nearly anything
        raise DataError(f"the embedded images cannot be read ({type(error).__name__}): close other programs if memory "
                        "is short, otherwise reinstall scratchnet") from None
    for split, digest in SHA256.items():
        if hashlib.sha256(result[split]).hexdigest() != digest:
            raise DataError(f"the embedded {split} images are damaged: reinstall scratchnet")
    return list(result.values())


def _read(sheet, labels):
    with sheet.open("rb") as file:
        return pack(tiles(np.asarray(Image.open(file).convert("RGB")), COLUMNS), np.array(labels, np.uint8))


def tiles(sheet, columns):
    """Cut a sheet (rows·32, columns·32, 3) into its images (rows·columns, 32, 32, 3), row by row."""
    rows = len(sheet) // 32
    return sheet.reshape(rows, 32, columns, 32, 3).transpose(0, 2, 1, 3, 4).reshape(-1, 32, 32, 3)
