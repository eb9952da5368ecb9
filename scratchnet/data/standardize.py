"""From stored bytes to the network's input: zero mean and unit variance in each channel."""
import numpy as np

from ..backend import array_module, to_device, to_host
from ..checks import real_type
from ..errors import InputError

CHUNK = 500


class Standardizer:
    """x ↦ (x − mean) / std, channel by channel.

    Parameters
    ----------
    mean, std : (C,) float arrays
        On the host, in units of the stored values (0 to 255). A std of 0, of a channel that never varies, counts
        as 1.
    """

    def __init__(self, mean, std):
        self.mean, self.std = to_device(mean, np, np.float64), to_device(std, np, np.float64)
        if self.mean.ndim != 1 or self.std.shape != self.mean.shape or not np.isfinite(self.mean).all() \
                or not ((self.std >= 0) & (self.std < np.inf)).all():
            raise InputError("mean and std must be finite, one of each for every channel, no std below 0, got "
                             f"{self.mean.tolist()} and {self.std.tolist()}")
        self._constants = {}  # scale and offset by backend and type: they travel to a GPU once

    @classmethod
    def fit(cls, images):
        """Learn from images (N, ..., C) uint8; sums are exact, so the order of the images does not matter."""
        _check(images)
        if images.size == 0:
            raise InputError(f"a mean takes N ≥ 1 images of uint8, got none in the shape {tuple(images.shape)}")
        C, total, squares, count = images.shape[-1], 0, 0, 0
        for start in range(0, len(images), CHUNK):
            values = images[start:start + CHUNK].reshape(-1, C).astype(np.int32)
            total = total + to_host(values.sum(axis=0, dtype=np.int64))
            squares = squares + to_host((values * values).sum(axis=0, dtype=np.int64))
            count += len(values)
        mean = total / count
        return cls(mean, np.sqrt(np.maximum(squares / count - mean**2, 0)))

    def __call__(self, images, dtype=np.float32):
        """Return images (N, ..., C) uint8 standardised, on their own backend, as `dtype`."""
        _check(images)
        if images.shape[-1] != len(self.mean):
            raise InputError(f"this standardisation is for {len(self.mean)} channels, got images of shape "
                             f"{tuple(images.shape)}")
        xp = array_module(images)
        key = xp.__name__, np.dtype(dtype)
        if key not in self._constants:
            real_type(dtype)
            scale = 1 / np.where(self.std > 0, self.std, 1)
            self._constants[key] = [to_device(value.astype(dtype), xp) for value in (scale, self.mean * scale)]
        scale, offset = self._constants[key]
        x = images.astype(dtype)
        x *= scale
        x -= offset
        return x


def _check(images):
    """Refuse what is not stored bytes: numbers of another scale, dates or text would be standardised all the same."""
    array_module(images)
    if images.dtype != np.uint8 or images.ndim < 2:
        raise InputError(f"expected images (N, ..., C) of uint8, got {images.dtype} of shape {tuple(images.shape)}: "
                         "values from 0 to 255, channels last")
