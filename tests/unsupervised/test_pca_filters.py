"""PCANet's stages: filters, codes, histograms and pyramid, each against plain loops."""
import numpy as np
import pytest
from sklearn.decomposition import PCA

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, SettingsError
from scratchnet.parallel import Workers
from scratchnet.unsupervised import all_patches, block_histograms, codes, filtered, pca_filters, pyramid


def smooth(rng, N=12, H=12, C=3):
    """Images whose neighbouring pixels have something in common, so that components differ in their variance."""
    x = rng.standard_normal((N, H + 2, H + 2, C)).astype(np.float32)
    return 50 * (x[:, 2:, 2:] + x[:, 1:-1, 1:-1] + 0.5 * x[:, :-2, 1:-1] + 0.3 * x[..., ::-1][:, :-2, :-2])


def filters_of(maps, K, count, depthwise=False, threads=1):
    with Workers(threads) as workers:
        return pca_filters(lambda start, stop: maps[start:stop], len(maps), K, count, workers, depthwise)


@pytest.mark.parametrize("depthwise", [False, True])
def test_filters_are_principal_components_of_patches_without_their_mean(depthwise, backend, rng):
    maps, K = smooth(rng), 3
    found = to_host(filters_of(to_device(maps, backend), K, 4, depthwise))
    patches = all_patches(maps, K).reshape(-1, 9, 3)
    patches = patches - patches.mean(axis=1, keepdims=True)
    rows = patches.transpose(0, 2, 1).reshape(-1, 9) if depthwise else patches.reshape(-1, 27)
    right = PCA(4).fit(np.concatenate([rows, -rows])).components_  # of mean 0, as the paper's are taken to be
    flat = found.reshape(-1, 4)
    assert found.shape == ((3, 3, 4) if depthwise else (3, 3, 3, 4)) and found.dtype == np.float32
    np.testing.assert_allclose(np.abs(np.sum(flat.T * right, axis=1)), 1, atol=1e-3)
    np.testing.assert_allclose(found.sum(axis=(0, 1)), 0, atol=1e-5)


def test_threads_do_not_change_a_bit(rng):
    maps = smooth(rng, 40)
    assert len({filters_of(maps, 5, 6, threads=n).tobytes() for n in (1, 2, 3)}) == 1


def test_answers_are_those_of_patches_without_their_mean(backend, rng):
    images, W = smooth(rng, 2), filters_of(smooth(rng), 5, 4)
    found = to_host(filtered(to_device(images, backend), to_device(W, backend)))
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)))
    for n, i, j in ((0, 0, 0), (1, 11, 5), (0, 6, 7)):
        patch = padded[n, i:i + 5, j:j + 5]
        patch = patch - patch.mean(axis=(0, 1))
        np.testing.assert_allclose(found[n, i, j], [(patch * W[..., f]).sum() for f in range(4)], rtol=1e-3, atol=1e-3)


def test_the_first_filter_is_the_highest_bit_and_zero_is_no_bit(backend, rng, monkeypatch):
    maps, W = smooth(rng, 2), filters_of(smooth(rng), 3, 5, True)
    maps[0, :5, :5] = 0
    found = to_host(codes(to_device(maps, backend), to_device(W, backend)))
    padded = np.pad(maps, ((0, 0), (1, 1), (1, 1), (0, 0)))
    for n, i, j, c in ((0, 1, 1, 0), (1, 11, 0, 2), (0, 7, 8, 1), (1, 3, 3, 0)):
        answers = [(padded[n, i:i + 3, j:j + 3, c] * W[..., f]).sum() for f in range(5)]
        assert found[n, i, j, c] == sum(2**(4 - f) * (answer > 0) for f, answer in enumerate(answers))
    assert found[0, 1, 1, 0] == 0 and found.dtype == np.uint8 and found.max() <= 31


def test_histograms_are_those_of_numpy(backend, rng):
    T = rng.integers(0, 16, (2, 32, 32, 3), dtype=np.uint8)
    T[0, :8, :8, 0] = 5
    found = to_host(block_histograms(to_device(T, backend), 16)).reshape(2, 7, 7, 3, 16)
    for n in range(2):
        for i in range(7):
            for j in range(7):
                for c in range(3):
                    block = T[n, 4 * i:4 * i + 8, 4 * j:4 * j + 8, c]
                    assert (found[n, i, j, c] == np.histogram(block, np.arange(17))[0]).all()
    assert found[0, 0, 0, 0, 5] == 64 and found.dtype == np.uint8


def test_the_pyramid_takes_the_largest_of_each_cell(backend, rng):
    blocks = rng.integers(0, 65, (2, 7, 7, 5), dtype=np.uint8)
    found, row = to_host(pyramid(to_device(blocks, backend))), 0
    centres = 4 * np.arange(1, 8)
    for level in (4, 2, 1):
        cell = np.ceil(centres / (32 / level)).astype(int)  # from 1 on
        for i in range(1, level + 1):
            for j in range(1, level + 1):
                inside = blocks[:, cell == i][:, :, cell == j]
                assert (found[:, row] == inside.max(axis=(1, 2))).all()
                row += 1
    assert row == found.shape[1] == 21


def test_a_filter_of_the_other_sign_permutes_the_bins(rng):
    """The sign of an eigenvector means nothing. Turning one round turns its bit, where no answer is exactly 0."""
    maps, W = smooth(rng, 1, 32), filters_of(smooth(rng), 3, 3, True)
    turned = W.copy()
    turned[..., 1] *= -1
    here, there = (pyramid(block_histograms(codes(maps, w), 8)).reshape(21, 3, 8) for w in (W, turned))
    assert (here != there).any() and (here == there[..., np.arange(8) ^ 2]).all()


def test_refusals(rng):
    maps = smooth(rng)
    for depthwise, most in ((False, 24), (True, 8)):
        with pytest.raises(SettingsError, match=f"have {most} principal components besides their means, not"):
            filters_of(maps, 3, most + 1, depthwise)
    for wrong in (np.zeros((1, 32, 30, 1), np.uint8), np.zeros((1, 4, 4, 1), np.uint8), np.zeros((1, 32, 32, 1))):
        with pytest.raises(InputError, match="histograms"):
            block_histograms(wrong, 4)
    W = rng.standard_normal((3, 3, 3, 2))
    for wrong, filters in ((maps[0], W), (maps.astype(int), W), (maps, W[..., 0]), (maps, W[:, :, :2])):
        with pytest.raises(InputError, match="filters"):
            filtered(wrong, filters)
    for wrong, filters in ((maps[0], W[:, :, 0]), (maps, W), (maps, np.zeros((3, 3, 9)))):
        with pytest.raises(InputError, match="filters"):
            codes(wrong, filters)
    with pytest.raises(InputError, match="7 x 7 blocks"):
        pyramid(np.zeros((1, 6, 7, 3)))
