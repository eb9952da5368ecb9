"""The two extra input channels, which the paper calls data augmentation (section 3, Figure 4).

A colour image gets a fourth channel, its gray level mirrored left to right, and a fifth, its gray level with the
histogram equalised. They add views of the same image, not images.
"""
from ..backend import array_module
from ..errors import InputError

CHUNK = 200


def gray(images):
    """Return the gray level of images (N, H, W, 3) uint8 as (N, H, W) uint8.

    ITU-R BT.601, Y = 0.299 R + 0.587 G + 0.114 B, rounded: computed in integers of 1/2¹⁵, as OpenCV does, so that
    both agree on every pixel.
    """
    _check(images)
    wide = images.astype("int32")
    return ((9798 * wide[..., 0] + 19235 * wide[..., 1] + 3735 * wide[..., 2] + 16384) >> 15).astype("uint8")


def equalize(levels):
    """Equalise the histogram of each gray image (N, H, W) uint8: same shape, same dtype.

    With h the histogram of 256 bins, c its running sum and m the lowest level that occurs,

        y = round(255 · (c[x] − h[m]) / (H·W − h[m]))

    so that the levels of the result are as evenly used as can be. An image of one level stays as it is.
    """
    xp = array_module(levels)
    if levels.ndim != 3 or levels.dtype != "uint8":
        raise InputError(f"equalisation takes gray images (N, H, W) of uint8, got {levels.dtype} of shape "
                         f"{tuple(levels.shape)}")
    N, H, W = levels.shape
    place = levels.reshape(N, H * W).astype("int64") + 256 * xp.arange(N)[:, None]
    histogram = xp.bincount(place.ravel(), minlength=256 * N).reshape(N, 256)
    running = histogram.cumsum(axis=1)
    lowest = xp.take_along_axis(histogram, (histogram > 0).argmax(axis=1)[:, None], axis=1)
    scale = xp.float32(255) / xp.maximum(H * W - lowest, 1).astype("float32")
    table = xp.rint(xp.maximum(running - lowest, 0).astype("float32") * scale).astype("uint8")
    table = xp.where(lowest == H * W, xp.arange(256, dtype="uint8"), table)
    return table.ravel()[place].reshape(N, H, W)


def add_channels(images):
    """Return images (N, H, W, 3) uint8 with the two extra channels: (N, H, W, 5) uint8.

    Channels 0 to 2 are the colours, 3 is gray mirrored left to right, 4 is gray equalised (not mirrored).
    """
    _check(images)
    xp = array_module(images)
    out = xp.empty((*images.shape[:3], 5), dtype="uint8")
    for start in range(0, len(images), CHUNK):
        part = slice(start, start + CHUNK)
        levels = gray(images[part])
        out[part, ..., :3] = images[part]
        out[part, ..., 3] = levels[:, :, ::-1]
        out[part, ..., 4] = equalize(levels)
    return out


def _check(images):
    array_module(images)
    if images.ndim != 4 or images.shape[3] != 3 or images.dtype != "uint8":
        raise InputError(f"expected colour images (N, H, W, 3) of uint8, got {images.dtype} of shape "
                         f"{tuple(images.shape)}: channels come last, values from 0 to 255")
