"""Make the embedded data set from the full one: ``python -m scratchnet.data.make_mini FOLDER``.

FOLDER is where the official CIFAR-10 lies. The hashes that it prints stand in mini.py.
"""
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from ..files import atomic_write
from .cifar import load
from .mini import COLUMNS
from .records import pack

PER_CLASS = {"train": 200, "test": 50}


def make(folder, destination):
    """Choose the images from the full CIFAR-10 in `folder`, write the files and print their hashes."""
    full, index = load("cifar10", folder), {}
    for split, images, labels in (("train", full.train_images, full.train_labels),
                                  ("test", full.test_images, full.test_labels)):
        chosen = np.sort(np.concatenate([np.flatnonzero(labels == c)[:PER_CLASS[split]] for c in range(10)]))
        grid = images[chosen].reshape(-1, COLUMNS, 32, 32, 3).transpose(0, 2, 1, 3, 4)
        sheet = Image.fromarray(np.ascontiguousarray(grid.reshape(-1, COLUMNS * 32, 3)))
        with atomic_write(destination / f"{split}.webp") as file:
            sheet.save(file, "WEBP", lossless=True, quality=100, method=6)
        index[split] = {"official_indices": chosen.tolist(), "labels": labels[chosen].tolist()}
        digest = hashlib.sha256(pack(images[chosen], labels[chosen].astype(np.uint8))).hexdigest()
        print(f"{split}: {len(chosen)} images, SHA-256 {digest}")
    with atomic_write(destination / "index.json") as file:
        file.write(json.dumps(index).encode() + b"\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    make(sys.argv[1], Path(__file__).parent / "mini")
