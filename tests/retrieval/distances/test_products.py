import numpy as np
import pytest

from scratchnet import workspace
from scratchnet.backend import to_device, to_host
from scratchnet.retrieval.distances import products


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_squared_differences(backend, rng, dtype):
    q, b = rng.standard_normal((4, 20)).astype(dtype), rng.standard_normal((300, 20)).astype(dtype)
    b[7] = q[2]
    got = products.squared_differences(*(products.with_squares(to_device(x, backend)) for x in (q, b)))
    assert got.dtype == np.float32 and float(got.min()) >= 0
    expected = np.square(q[:, None].astype(np.float64) - b).sum(axis=2)
    np.testing.assert_allclose(to_host(got), expected, rtol=1e-5, atol=1e-4)
    if dtype == np.float64:
        assert to_host(got)[2, 7] == 0


def test_blocks_of_the_gallery_change_nothing(rng, monkeypatch):
    q, b = (products.with_squares(rng.standard_normal((n, 20))) for n in (4, 300))
    whole = products.squared_differences(q, b)
    monkeypatch.setattr(workspace, "CACHE", 7 * 4 * 8)  # seven vectors at a time
    np.testing.assert_allclose(products.squared_differences(q, b), whole, rtol=1e-6)


def test_what_is_surely_left_is_no_more_than_there_is(backend, rng):
    q, b = (rng.standard_normal((n, 20)).astype(np.float32) + 100 for n in (4, 300))
    rows = [products.with_squares(to_device(x, backend)) for x in (q, b)]
    scores = products.squared_differences(*rows)
    expected = np.square(q[:, None].astype(np.float64) - b).sum(axis=2)
    for j in range(0, 300, 50):
        left = to_host(products.surely_left(*rows, scores[:, j]))
        assert left.dtype == np.float64 and (left >= 0).all() and (left <= expected[:, j]).all()


def test_what_rows_have_in_common_is_their_median_if_most_are_close(backend, rng):
    rows = rng.standard_normal((50, 4))
    for dtype in (np.float32, np.float64):
        far = (rows + 1e4).astype(dtype)
        far[[3, 17, 20]] = 0
        common = products.common(to_device(far, backend))
        assert common.dtype == np.float64
        np.testing.assert_array_equal(to_host(common), np.median(far, axis=0))
        for near in (rows, rows + 5, np.zeros((3, 4)), np.abs(rows)):
            assert products.common(to_device(near.astype(dtype), backend)) is None
