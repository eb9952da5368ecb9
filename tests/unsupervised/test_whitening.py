"""ZCA whitening: what it promises, measured."""
import numpy as np
import pytest
from sklearn.decomposition import PCA

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, SettingsError
from scratchnet.unsupervised import ZCA, PCAWhitening


def correlated(rng, m=2000, D=6):
    return rng.standard_normal((m, D)) @ rng.standard_normal((D, D)) + rng.standard_normal(D)


def test_whitened_data_has_identity_covariance(backend, rng):
    X = to_device(correlated(rng), backend)
    Z = to_host(ZCA(epsilon=0).fit(X).transform(X))
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-10)
    np.testing.assert_allclose(np.cov(Z.T, bias=True), np.eye(6), atol=1e-9)


def test_inverse_undoes_transform(backend, rng):
    X = to_device(correlated(rng), backend)
    zca = ZCA(0.1).fit(X)
    np.testing.assert_allclose(to_host(zca.inverse(zca.transform(X))), to_host(X), rtol=1e-9, atol=1e-9)


def test_zca_is_the_symmetric_one_and_epsilon_bounds_the_gain(rng):
    zca = ZCA(0.25).fit(correlated(rng) * 1e-9)
    np.testing.assert_allclose(zca.transform_matrix, zca.transform_matrix.T, atol=1e-12)
    np.testing.assert_allclose(zca.transform_matrix, 2 * np.eye(6), atol=1e-6)


def test_float32_stays_float32(rng):
    X = correlated(rng).astype(np.float32)
    assert ZCA().fit(X).transform(X).dtype == np.float32


@pytest.mark.parametrize("X, words", [
    (np.zeros(5), r"numbers \(m, D\)"), (np.zeros((1, 5)), "m ≥ 2"), (np.full((3, 2), np.nan), "NaN"),
    (np.array([["a"], ["b"]]), "numbers"), (np.ones((3, 2), bool), "numbers")])
def test_refusals(X, words):
    with pytest.raises(InputError, match=words):
        ZCA().fit(X)


def test_a_constant_direction_needs_epsilon(rng):
    X = np.column_stack([rng.standard_normal(50), np.ones(50)])
    with pytest.raises(InputError, match="epsilon"):
        ZCA(0).fit(X)
    assert np.isfinite(ZCA(0.1).fit(X).transform(X)).all()


@pytest.mark.parametrize("epsilon", [-1, np.nan, np.inf, True])
def test_an_epsilon_that_is_no_amount_is_refused(epsilon):
    with pytest.raises(SettingsError, match="epsilon"):
        ZCA(epsilon)


@pytest.mark.parametrize("X", [np.zeros((4, 1)), np.zeros((1, 4, 5)), np.zeros((4, 6)), np.zeros(5),
                               np.ones((2, 5), bool)])
def test_rows_of_another_width_are_refused(X, rng):
    """One number a row would be broadcast to all five, and whitened."""
    zca = ZCA().fit(rng.standard_normal((20, 5)))
    for function in (zca.transform, zca.inverse):
        with pytest.raises(InputError, match=r"whitening takes numbers \(m, 5\)"):
            function(X)


def test_what_all_patches_have_in_common_does_not_count(rng):
    X = rng.standard_normal((300, 5)) @ rng.standard_normal((5, 5))
    near, far = (ZCA(0).fit(X + offset).transform(X + offset) for offset in (0, 1e8))
    np.testing.assert_allclose(far, near, atol=1e-5)
    small = (X * 1e-5 + 1).astype(np.float32)
    np.testing.assert_allclose(np.cov(ZCA(0).fit(small).transform(small).T, bias=True), np.eye(5), atol=1e-5)


def test_leading_components_are_those_of_scikit_learn(rng, backend):
    X = (rng.standard_normal((300, 20)) * np.arange(1, 21)) @ np.linalg.qr(rng.standard_normal((20, 20)))[0] + 3
    theirs = PCA(6, whiten=True).fit(X)
    ours = PCAWhitening(6).fit(to_device(X, backend))
    found = to_host(ours.transform(to_device(X, backend)))
    expected = theirs.transform(X) * np.sqrt(300 / 299)
    np.testing.assert_allclose(np.abs((found * expected).mean(axis=0)), 1, rtol=1e-4)  # up to the sign
    np.testing.assert_allclose(found.T @ found / 300, np.eye(6), atol=1e-4)
    np.testing.assert_allclose(to_host(ours.mean), X.mean(axis=0), rtol=1e-5)
    back = found @ to_host(ours.inverse_matrix) + to_host(ours.mean)
    np.testing.assert_allclose(back, theirs.inverse_transform(theirs.transform(X)), atol=1e-3)


@pytest.mark.parametrize("n", [200, 15])
def test_fewer_images_than_pixels_are_enough_and_epsilon_damps_what_hardly_varies(n, rng):
    X = rng.integers(0, 256, (n, 30), dtype=np.uint8)
    plain, damped = PCAWhitening(5).fit(X), PCAWhitening(5, 5000.0).fit(X)
    z = plain.transform(X)
    np.testing.assert_allclose(z.T @ z / n, np.eye(5), atol=1e-3)
    variance = 1 / (plain.transform_matrix**2).sum(axis=0)
    np.testing.assert_allclose(damped.transform(X).var(axis=0), variance / (variance + 5000), rtol=1e-3)
    assert plain.transform(X).dtype == np.float64 and plain.transform(X.astype(np.float32)).dtype == np.float32


def test_weights_on_components_are_weights_on_pixels(rng):
    X, W = rng.standard_normal((50, 12)), rng.standard_normal((4, 6))
    ours = PCAWhitening(4).fit(X)
    np.testing.assert_allclose((X - ours.mean) @ (ours.transform_matrix @ W), ours.transform(X) @ W, rtol=1e-4,
                               atol=1e-4)


def test_components_that_are_not_there_are_refused(rng):
    X = rng.standard_normal((50, 3)) @ rng.standard_normal((3, 12))
    with pytest.raises(InputError, match="50 rows of 12 numbers vary in 3 directions, not in 4: keep fewer components"):
        PCAWhitening(4).fit(X)
    with pytest.raises(InputError, match="whitening takes numbers"):
        PCAWhitening(4).fit(X[0])
    with pytest.raises(InputError, match="look for NaN"):
        PCAWhitening(3).fit(X * np.nan)
    with pytest.raises(InputError, match=r"whitening takes numbers \(m, 12\)"):
        PCAWhitening(3).fit(X).transform(X[:, :5])
    with pytest.raises(SettingsError, match="count must be"):
        PCAWhitening(0)
