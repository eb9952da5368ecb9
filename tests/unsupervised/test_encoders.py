"""From a dictionary to numbers: the formulas of the paper, one patch at a time, and sums over quadrants."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError
from scratchnet.unsupervised import Hard, Sigmoid, Triangle, encoders, normalize_contrast, quadrants


def triangle_by_the_book(y, C):
    z = [np.sqrt(((y - c)**2).sum()) for c in C]
    return [max(0, np.mean(z) - each) for each in z]


def hard_by_the_book(y, C):
    z = [((y - c)**2).sum() for c in C]
    return [float(k == int(np.argmin(z))) for k in range(len(C))]


def test_each_encoder_is_its_formula(backend, rng):
    Y, C, b = rng.standard_normal((30, 8)), rng.standard_normal((5, 8)), rng.standard_normal(5)
    for make, book in ((lambda: Triangle(to_device(C, backend)), lambda y: triangle_by_the_book(y, C)),
                       (lambda: Hard(to_device(C, backend)), lambda y: hard_by_the_book(y, C)),
                       (lambda: Sigmoid(to_device(C.T.copy(), backend), to_device(b, backend)),
                        lambda y: 1 / (1 + np.exp(-(C @ y + b))))):
        encoder = make()
        found = to_host(encoder(encoder.augment(to_device(Y, backend))))
        np.testing.assert_allclose(found, [book(y) for y in Y], rtol=1e-9, atol=1e-12)


def test_a_patch_on_its_centroid_is_no_root_of_a_negative_number():
    C = np.full((3, 100), 1.1, np.float32)
    encoder = Triangle(C)
    assert np.isfinite(encoder(encoder.augment(C))).all()


def test_equal_centroids_take_a_patch_once():
    encoder = Hard(np.ones((3, 2)))
    assert encoder(encoder.augment(np.ones((1, 2)))).tolist() == [[1, 0, 0]]


@pytest.mark.parametrize("size", [8, 9])
def test_sums_over_quadrants(size, backend, rng, monkeypatch):
    """Of 8 - 2 = 6 places the first half has 3, of 7 it has 4; the whole is what all patches have."""
    monkeypatch.setattr(encoders, "ROWS", 2)
    images, C = rng.integers(0, 256, (3, size, size, 2)).astype(np.float64), rng.standard_normal((4, 18))
    found = to_host(quadrants(to_device(images, backend), 3, normalize_contrast, Triangle(to_device(C, backend))))
    places, middle = size - 2, -(-(size - 2) // 2)
    assert found.shape == (3, 16)
    for image, row in zip(images, found):
        sums = np.zeros((2, 2, 4))
        for i in range(places):
            for j in range(places):
                y = normalize_contrast(image[i:i + 3, j:j + 3].reshape(1, -1))[0]
                sums[int(i >= middle), int(j >= middle)] += triangle_by_the_book(y, C)
        np.testing.assert_allclose(row, sums.ravel(), rtol=1e-9)


def test_an_image_does_not_depend_on_its_company(rng):
    images, C = rng.integers(0, 256, (5, 12, 12, 3)).astype(np.float32), rng.standard_normal((7, 108), np.float32)
    every = quadrants(images, 6, normalize_contrast, Triangle(C))
    assert every.dtype == np.float32 and (quadrants(images[2:3], 6, normalize_contrast, Triangle(C)) == every[2]).all()
    assert quadrants(images[:0], 6, normalize_contrast, Triangle(C)).shape == (0, 28)


def test_what_is_no_images_is_refused():
    with pytest.raises(InputError, match="images"):
        quadrants(np.zeros((9, 9, 3)), 3, normalize_contrast, Hard(np.zeros((2, 27))))
