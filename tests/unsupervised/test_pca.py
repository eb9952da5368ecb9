"""Principal components are those that scikit-learn finds."""
import numpy as np
import pytest
from sklearn.decomposition import PCA

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, SettingsError
from scratchnet.unsupervised import leading_eigenvectors, pca, principal_components


def test_eigenvectors_of_the_largest_eigenvalues_with_a_sign_that_all_agree_on(backend, rng):
    A = rng.standard_normal((6, 6))
    A = A @ A.T
    vectors, values = map(to_host, leading_eigenvectors(to_device(A, backend), 3))
    np.testing.assert_allclose(A @ vectors, vectors * values, atol=1e-9)
    np.testing.assert_allclose(values, np.linalg.eigvalsh(A)[::-1][:3])
    assert (vectors[np.abs(vectors).argmax(axis=0), range(3)] > 0).all()


@pytest.mark.parametrize("centre", [True, False])
def test_components_are_those_of_scikit_learn(centre, backend, rng, monkeypatch):
    monkeypatch.setattr(pca, "COLUMNS", 7)
    X = rng.standard_normal((12, 30)) @ rng.standard_normal((30, 30)) + 3
    mean, basis = map(to_host, principal_components(to_device(X, backend), 5, centre))
    right = PCA(5).fit(X).components_ if centre else np.linalg.svd(X)[2][:5]
    np.testing.assert_allclose(np.abs(np.sum(basis.T * right, axis=1)), 1, atol=1e-5)
    np.testing.assert_allclose(basis.T @ basis, np.eye(5), atol=1e-5)
    np.testing.assert_allclose(mean, X.mean(axis=0) if centre else np.zeros(30), atol=1e-5)


def test_whole_numbers_with_a_scale_are_vectors_like_others(rng):
    U, scale = rng.integers(0, 64, (9, 25), dtype=np.uint8), rng.random(9).astype(np.float32)
    for one, other in zip(principal_components(U, 4, scale=scale), principal_components(U * scale[:, None], 4)):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_there_are_no_more_components_than_directions(rng):
    assert principal_components(rng.standard_normal((5, 30)), 20)[1].shape == (30, 4)
    assert principal_components(rng.standard_normal((5, 3)), 20)[1].shape == (3, 3)
    assert principal_components(np.outer(np.arange(5.0), np.ones(7)), 3)[1].shape == (7, 1)
    assert np.isfinite(principal_components(np.ones((5, 7)), 3)[1]).all()


@pytest.mark.parametrize("n", [40, 120])
def test_directions_that_hardly_vary_are_orthonormal_or_left_out(n, backend, rng):
    """Fewer vectors than numbers, and more; the spread falls by ten orders of magnitude."""
    X = rng.standard_normal((n, 48)) * np.logspace(0, -10, 48)
    _, basis = map(to_host, principal_components(to_device(X.astype(np.float32), backend), 48))
    np.testing.assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=0.05 if n < 48 else 1e-5)
    assert basis.shape[1] > 5


def test_refusals():
    with pytest.raises(SettingsError, match="3 numbers have 3 principal components, not 4"):
        leading_eigenvectors(np.eye(3), 4)
    for wrong in (np.zeros((3, 2)), np.zeros(3), np.eye(3, dtype=int)):
        with pytest.raises(InputError, match="symmetric matrix"):
            leading_eigenvectors(wrong, 1)
    for wrong in (np.zeros((1, 3)), np.zeros(3), np.zeros((3, 3), bool)):
        with pytest.raises(InputError, match="n ≥ 2 vectors"):
            principal_components(wrong, 1)
