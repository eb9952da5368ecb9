"""Gray, mirrored and equalised channels; OpenCV is the oracle."""
import cv2
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.data import add_channels, load
from scratchnet.data.channels import equalize, gray
from scratchnet.errors import InputError


@pytest.fixture(scope="module")
def images():
    return load("mini").test_images


def test_gray_is_opencvs(images, rng):
    for x in (images, rng.integers(0, 256, (30, 9, 13, 3), dtype=np.uint8)):
        assert (gray(x) == np.stack([cv2.cvtColor(i, cv2.COLOR_RGB2GRAY) for i in x])).all()


def test_gray_is_the_rounded_weighted_sum(images):
    exact = images @ np.array([0.299, 0.587, 0.114])
    assert np.abs(gray(images) - exact).max() < 0.505


def test_equalisation_is_opencvs_on_real_images(images):
    assert (equalize(gray(images)) == np.stack([cv2.equalizeHist(i) for i in gray(images)])).all()


@pytest.mark.parametrize("shape", [(20, 7, 9), (20, 1, 1), (20, 2, 3), (4, 64, 50)])
def test_equalisation_is_opencvs_on_odd_ones(shape, backend, rng):
    levels = np.concatenate([rng.integers(0, 256, shape), rng.integers(100, 103, shape), np.full(shape, 7),
                             rng.integers(0, 2, shape) * 255]).astype(np.uint8)
    found = to_host(equalize(to_device(levels, backend)))
    assert (found == np.stack([cv2.equalizeHist(i) for i in levels])).all() and found.dtype == np.uint8


def test_the_five_channels(images, backend):
    out = to_host(add_channels(to_device(images[:20], backend)))
    assert out.shape == (20, 32, 32, 5) and out.dtype == np.uint8 and (out[..., :3] == images[:20]).all()
    assert (out[:, :, ::-1, 3] == gray(images[:20])).all()  # mirrored left to right
    assert (out[..., 4] == equalize(gray(images[:20]))).all()  # not mirrored


def test_chunks_leave_no_seam(images, monkeypatch):
    whole = add_channels(images[:50])
    monkeypatch.setattr("scratchnet.data.channels.CHUNK", 7)
    assert (add_channels(images[:50]) == whole).all()


@pytest.mark.parametrize("wrong", [np.zeros((2, 3, 8, 8), np.uint8), np.zeros((8, 8, 3), np.uint8),
                                   np.zeros((2, 8, 8, 3)), np.zeros((2, 8, 8, 4), np.uint8)])
def test_refusals(wrong):
    with pytest.raises(InputError, match="uint8"):
        add_channels(wrong)
    with pytest.raises(InputError, match="uint8"):
        equalize(wrong[..., 0].astype(float))
