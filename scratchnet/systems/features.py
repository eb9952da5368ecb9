"""Features of all training images, computed once and read many times: in memory, or in a file where they lie.

A file survives a kill. Beside it stands how far it goes, with a checksum for each block of images, so that the next run
goes on behind the last block that is what was written.
"""
import hashlib
import os
import shutil
import time
import zlib
from math import prod

import numpy as np

from ..backend import to_host
from ..errors import CapacityError, OutputError
from ..parallel import shards
from .fitting import bar

BLOCK, SHARD = 200, 50  # images between two looks at the clock, and those that are described together
GIGA, FILE = 1e9, "features.bin"


class Features:
    """Rows (N, D) of one type.

    Parameters
    ----------
    shape : (N, D)
    dtype
    path : Path, optional
        File to keep them in; None means memory.
    """

    def __init__(self, shape, dtype, path=None):
        self.shape, self.dtype, self.path = shape, np.dtype(dtype), path
        self._width = prod(shape[1:]) * self.dtype.itemsize
        self._array = np.empty(shape, dtype) if path is None else None
        if path is not None:
            try:
                path.touch()
            except OSError as error:
                raise OutputError(f"cannot write {path}: {error.strerror or error}") from None

    def read(self, start, stop):
        """Return rows start to stop: of memory a view, of a file a copy."""
        if self.path is None:
            return self._array[start:stop]
        rows = np.zeros((stop - start, *self.shape[1:]), self.dtype)  # a file that was cut is found by its checksum
        left = memoryview(rows).cast("B")
        with open(self.path, "rb", buffering=0) as file:
            file.seek(start * self._width)
            while left and (got := file.readinto(left)):
                left = left[got:]
        return rows

    def write(self, start, rows):
        """Put rows where they belong."""
        if self.path is None:
            self._array[start:start + len(rows)] = rows
            return
        try:
            with open(self.path, "r+b") as file:
                file.seek(start * self._width)
                file.write(np.ascontiguousarray(rows, self.dtype).data)
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror or error}") from None

    def sync(self):
        """Make sure that what was written is in the file."""
        if self.path is not None:
            with open(self.path, "r+b") as file:
                os.fsync(file.fileno())

    def array(self):
        """Return all rows as an array in memory, which may be changed."""
        return self.read(0, self.shape[0])

    def discard(self):
        """Forget the rows, and take their file away."""
        self._array = None
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def computed(fitting, about, images, D, dtype, describe):
    """Return the `Features` of images: those an earlier run left in a file, and the rest computed now.

    Parameters
    ----------
    fitting : Fitting
        With a `path`, they are kept in features.bin beside it.
    about : dict
        See `Fitting.part`.
    images : (N, ...) array
    D : int
    dtype
    describe : callable
        ``describe(images) -> (n, D) array`` on the host; from several threads at once.
    """
    path = fitting.path and fitting.path.with_name(FILE)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
    features, blocks = Features((len(images), D), dtype, path), shards(np, len(images), BLOCK)

    def checksum(part):
        return zlib.crc32(features.read(part.start, part.stop)) if path else 0

    def compute(part):
        rows = np.concatenate([describe(images[part][piece]) for piece in shards(np, part.stop - part.start, SHARD)])
        features.write(part.start, rows)
        return zlib.crc32(np.ascontiguousarray(rows, dtype)) if path else 0

    def make(start, keep):
        sums = start[0]["checksums"].tolist() if start else []
        right = [a == b for a, b in zip(fitting.workers.each(checksum, blocks[:len(sums)]), sums)]
        sums = sums[:right.index(False)] if False in right else sums
        last, done = time.monotonic(), len(sums) * BLOCK
        with bar(fitting, total=len(images), initial=done, desc="features", unit=" images") as shown:
            for part, found in zip(blocks[len(sums):], fitting.workers.each(compute, blocks[len(sums):])):
                sums.append(found)
                shown.update(part.stop - part.start)
                if time.monotonic() - last >= fitting.checkpoint_seconds:
                    features.sync()
                    keep({"checksums": np.array(sums, np.uint32)}, {})
                    last = time.monotonic()
        features.sync()
        return {"checksums": np.array(sums, np.uint32)}, {}
    fitting.part("features", about, {"checksums": ((None,), np.uint32)}, make, again=True)
    return features


class Memory:
    """Keeps the features of images that are asked for again and again, as a validation after each iteration does.

    Parameters
    ----------
    on : bool
        Whether it keeps any.
    """

    def __init__(self, on):
        self.on, self.kept = on, {}

    def __call__(self, describe, images):
        """Return ``describe(images)``, of this call or of an earlier one with equal images."""
        if not self.on:
            return describe(images)
        key = hashlib.sha256(np.ascontiguousarray(to_host(images))).digest()
        if key not in self.kept:
            self.kept[key] = describe(images)
        return self.kept[key]


def check_capacity(system, needs, n, free, folder=None):
    """Refuse a fit that does not fit into memory or onto the disk, before it starts, and say what would.

    Parameters
    ----------
    system : System
    needs : callable
        ``needs(n) -> (memory, disk)`` in bytes, for n images, growing with n.
    n : int
    free : int or None
        Bytes of memory that are free, if anybody knows.
    folder : Path, optional
        Where files go.
    """
    memory, disk = needs(n)
    there = folder and next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    room = shutil.disk_usage(there).free if there else None
    if there and (folder / FILE).exists():  # of an earlier run, which goes on
        room += (folder / FILE).stat().st_size
    for needed, has, which, word in ((memory, free, 0, "memory"), (disk, room, 1, "space on the disk")):
        if has is not None and needed > has:
            fits = 0
            for step in (1 << i for i in reversed(range(n.bit_length()))):
                fits += step if needs(fits + step)[which] <= has else 0
            remedy = f"--train-images {fits} would fit" if fits >= 100 else "--preset quick needs less"
            raise CapacityError(f"{system.label} on {n:,} images needs {needed / GIGA:.1f} GB of {word}, and "
                                f"{has / GIGA:.1f} are free: {remedy}")
