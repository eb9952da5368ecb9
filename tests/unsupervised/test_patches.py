"""Patches are windows of the images, cut anywhere."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, SettingsError
from scratchnet.unsupervised import all_patches, normalize_contrast, sample_patches


def test_patches_are_windows_of_the_images(rng):
    images = np.arange(2 * 6 * 7 * 3).reshape(2, 6, 7, 3)
    patches = sample_patches(images, 50, 3, rng).reshape(50, 3, 3, 3)
    windows = {images[n, i:i + 3, j:j + 3].tobytes() for n in range(2) for i in range(4) for j in range(5)}
    assert {patch.tobytes() for patch in patches} <= windows and len({p.tobytes() for p in patches}) > 20


def test_patches_refuse_what_cannot_be():
    with pytest.raises(SettingsError, match="do not fit"):
        sample_patches(np.zeros((1, 4, 9, 1)), 3, 5, np.random.default_rng(0))
    with pytest.raises(InputError, match="N ≥ 1"):
        sample_patches(np.zeros((0, 9, 9, 1)), 3, 5, np.random.default_rng(0))


def test_every_place_of_every_image_is_drawn(rng):
    """The last row, the last column and the last image, too; and about as often as any other."""
    N, H, W, K = 2, 6, 7, 3
    images = np.arange(N * H * W).reshape(N, H, W, 1)  # each pixel's value tells where it is
    drawn = np.bincount(sample_patches(images, 8000, K, rng)[:, 0], minlength=N * H * W).reshape(N, H, W)
    places = drawn[:, :H - K + 1, :W - K + 1]
    assert drawn.sum() == places.sum() == 8000
    expected = 8000 / places.size
    assert np.abs(places - expected).max() < 5 * np.sqrt(expected)


def test_a_patch_as_large_as_its_image_is_the_image(rng):
    images = rng.integers(0, 256, (3, 5, 5, 2), dtype=np.uint8)
    patches = sample_patches(images, 20, 5, rng)
    assert patches.dtype == np.uint8 and {p.tobytes() for p in patches} == {image.tobytes() for image in images}


def test_patches_can_be_drawn_again():
    images = np.arange(2 * 6 * 7).reshape(2, 6, 7, 1)
    first, again, other = (sample_patches(images, 30, 3, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (first == again).all() and (first != other).any()


@pytest.mark.parametrize("count, K", [(0, 3), (3, 0), (2.5, 3), (3, -1)])
def test_sizes_that_make_no_sense_are_refused(count, K):
    with pytest.raises(SettingsError, match="at least 1"):
        sample_patches(np.zeros((1, 6, 6, 1)), count, K, np.random.default_rng(0))


def test_a_mask_is_not_left_behind(rng):
    images = np.ma.masked_array(np.zeros((2, 6, 6, 1)), True)
    with pytest.raises(InputError, match="mask"):
        sample_patches(images, 3, 3, rng)


def test_sizes_of_few_bits_do_not_overflow():
    images = np.arange(2 * 20 * 20).reshape(2, 20, 20, 1)
    wide, narrow = (sample_patches(images, kind(30), kind(17), np.random.default_rng(0)) for kind in (int, np.uint8))
    np.testing.assert_array_equal(narrow, wide)


def test_contrast_is_that_of_each_patch(backend, rng):
    patches = rng.integers(0, 256, (30, 12), dtype=np.uint8)
    patches[0] = 7
    found = to_host(normalize_contrast(to_device(patches, backend)))
    assert found.dtype == np.float32 and found.shape == (30, 12) and not found[0].any()
    for x, y in zip(patches.astype(float), found):
        np.testing.assert_allclose(y, (x - x.mean()) / np.sqrt(x.var(ddof=1) + 10), rtol=1e-5, atol=1e-6)
    assert normalize_contrast(patches.astype(np.float64)).dtype == np.float64
    np.testing.assert_allclose(normalize_contrast(patches / 255, 10 / 255**2), found, rtol=1e-5, atol=1e-6)


def test_all_patches_are_all_windows(backend, rng):
    images = rng.integers(0, 256, (2, 6, 7, 3), dtype=np.uint8)
    found = to_host(all_patches(to_device(images, backend), 3))
    assert found.shape == (2, 4, 5, 27) and found.dtype == np.uint8
    for n in range(2):
        for i in range(4):
            for j in range(5):
                assert (found[n, i, j] == images[n, i:i + 3, j:j + 3].ravel()).all()


def test_windows_and_contrasts_that_cannot_be_are_refused():
    for wrong in (np.zeros((2, 3, 3)), np.zeros((1, 3, 9, 1))):
        with pytest.raises(InputError, match="no windows of 5 x 5"):
            all_patches(wrong, 5)
    for wrong, constant in ((np.zeros(5), 10), (np.zeros((2, 1)), 10), (np.zeros((2, 5)), 0),
                            (np.ones((2, 5), bool), 1)):
        with pytest.raises(InputError, match="contrast"):
            normalize_contrast(wrong, constant)
    with pytest.raises(SettingsError, match="constant"):
        normalize_contrast(np.zeros((2, 5)), -1)
