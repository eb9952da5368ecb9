"""CIFAR-10 as six lossless sheets of pictures, to take the images where nothing can be downloaded.

    python3 -m benchmarks.gpu.carry pack CIFAR FOLDER        # FOLDER/0.webp ... 5.webp, 15 to 17 MB each, labels.bin
    python3 -m benchmarks.gpu.carry unpack FOLDER CIFAR      # the official binary files, checked by their hashes

Sheets may arrive one after the other: `unpack` writes what it finds, and says what is still missing.
"""
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from scratchnet.data.catalog import CIFAR10
from scratchnet.data.mini import tiles
from scratchnet.data.records import check_hash, pack, read, unpack
from scratchnet.files import atomic_write

COLUMNS = 100


def pack_sheets(source, folder):
    """Write the six files of the official CIFAR-10 at `source` as sheets of 100 x 100 images, and their labels."""
    labels = []
    for i, records in enumerate(read(CIFAR10, source).values()):
        images, each = unpack(records, 1)
        grid = images.reshape(-1, COLUMNS, 32, 32, 3).transpose(0, 2, 1, 3, 4).reshape(-1, COLUMNS * 32, 3)
        with atomic_write(folder / f"{i}.webp") as file:
            Image.fromarray(np.ascontiguousarray(grid)).save(file, "WEBP", lossless=True, quality=60, method=3)
        labels.append(each[:, 0])
    with atomic_write(folder / "labels.bin") as file:
        file.write(np.concatenate(labels).tobytes())


def unpack_sheets(folder, destination):
    """Write the official binary file of each sheet found, once it has its official hash; return the names missing."""
    place = destination / CIFAR10.binary_folder
    labels = np.fromfile(folder / "labels.bin", np.uint8).reshape(len(CIFAR10.binary), -1)
    for i, (name, digest) in enumerate(CIFAR10.binary.items()):
        sheet = folder / f"{i}.webp"
        if sheet.exists() and not (place / name).exists():
            with Image.open(sheet) as image:
                records = pack(tiles(np.asarray(image.convert("RGB")), COLUMNS), labels[i])
            check_hash(records, digest, name)
            with atomic_write(place / name) as file:
                file.write(records)
    return [name for name in CIFAR10.binary if not (place / name).exists()]


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in ("pack", "unpack"):
        sys.exit(__doc__)
    missing = {"pack": pack_sheets, "unpack": unpack_sheets}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
    print(f"still missing: {', '.join(missing)}" if missing else "complete")
