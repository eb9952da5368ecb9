"""Codes of descriptors: thresholds by hand, rotations by what they promise, and what is refused or warned of."""
import numpy as np
import pytest

from scratchnet import checkpoint
from scratchnet.backend import to_device, to_host
from scratchnet.errors import CheckpointError, InputError, SettingsError
from scratchnet.retrieval import angular, hamming
from scratchnet.retrieval.codes import unpack_bits
from scratchnet.unsupervised import BinaryCodes, quantize


def descriptors(rng, n=400, D=30, centre=3.0):
    """They vary most in a few directions, none of which is an axis, about a common centre."""
    axes, _ = np.linalg.qr(rng.standard_normal((D, D)))
    return (rng.standard_normal((n, D)) / (1 + np.arange(D)) @ axes + centre).astype(np.float32)


def test_thresholds_by_hand(backend):
    x = to_device(np.array([[0.1, 0.6, 5], [0.5, 0.7, 1], [0.9, 0.2, 3]], np.float32), backend)
    for threshold, expected, share in (("median", [[0, 0, 1], [0, 1, 0], [1, 0, 0]], [1 / 3] * 3),
                                       (0.5, [[0, 1, 1], [0, 1, 1], [1, 0, 1]], [1 / 3, 2 / 3, 1])):
        codes = BinaryCodes(threshold=threshold)
        if threshold == 0.5:
            with pytest.warns(UserWarning, match="^1 of 3 bits are constant"):
                codes.fit(x)
        else:
            codes.fit(x)
        assert to_host(unpack_bits(codes(x), 3)).tolist() == expected
        assert codes.balance == pytest.approx(share)


def test_a_median_balances_every_bit(backend, rng):
    x = descriptors(rng)
    for rotation in ("itq", "random", "none"):
        codes = BinaryCodes(12, rotation=rotation, rng=rng).fit(to_device(x, backend))
        assert codes.balance == pytest.approx([0.5] * 12) and codes.balance.dtype == np.float64
        assert codes(to_device(x, backend)).shape == (400, 2)


@pytest.mark.parametrize("components", [5, 16])
@pytest.mark.parametrize("rotation", ["itq", "random", "none"])
def test_a_projection_keeps_distances_within_the_components(backend, rng, rotation, components):
    if rotation == "none" and components < 16:
        pytest.skip("a projection alone gives one bit for each component")
    x = descriptors(rng)
    codes = BinaryCodes(16, 0, rotation, components, rng).fit(to_device(x, backend))
    z = to_host(codes.project(to_device(x, backend)))
    assert z.shape == (400, 16) and z.dtype == np.float32
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-5)
    _, _, axes = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    within = (x - x.mean(axis=0)) @ axes[:components].T
    np.testing.assert_allclose(z @ z.T, within @ within.T, atol=1e-4)
    np.testing.assert_array_equal(to_host(unpack_bits(codes(to_device(x, backend)), 16)), z > 0)


def test_both_backends_learn_the_same(backend, rng):
    x = descriptors(rng)
    one, other = (BinaryCodes(12, components=8, rng=np.random.default_rng(1)).fit(to_device(x, xp))
                  for xp in (np, backend))
    np.testing.assert_allclose(to_host(other.projection), one.projection, atol=1e-4)
    np.testing.assert_allclose(to_host(other.threshold), one.threshold, atol=1e-5)


def test_a_rotation_spreads_what_components_differ_in(rng):
    """Components alone: the first bits tell much, the last nothing, and all count alike."""
    x = descriptors(rng, n=600)
    angles = angular(x - x.mean(axis=0), x - x.mean(axis=0))
    kept = {}
    for rotation in ("itq", "random", "none"):
        codes = BinaryCodes(24, 0, rotation, rng=np.random.default_rng(3)).fit(x)(x)
        kept[rotation] = np.corrcoef(hamming(codes, codes).ravel(), angles.ravel())[0, 1]
    assert kept["none"] + 0.1 < min(kept["random"], kept["itq"])


@pytest.mark.parametrize("components", [7, 12])
def test_it_begins_with_the_random_rotation_and_loses_less(rng, components):
    x, losses = descriptors(rng, centre=0), []
    for rotation in ("random", "itq"):
        z = BinaryCodes(12, 0, rotation, components, np.random.default_rng(4)).fit(x).project(x)
        losses.append(np.square(np.sign(z) - z).sum())
    assert losses[1] < losses[0]


@pytest.mark.parametrize("shape", [(6, 6), (4, 9)])
def test_iterative_quantization_never_loses_more(rng, shape):
    V = rng.laplace(size=(500, shape[0]))
    V -= V.mean(axis=0)
    R = np.linalg.qr(rng.standard_normal(shape[::-1]))[0].T
    found, losses = quantize(V, R, 30)
    assert losses[0] == pytest.approx(np.square(np.sign(V @ R) - V @ R).sum())
    assert (np.diff(losses) <= 1e-9 * losses[0]).all() and losses[-1] < 0.99 * losses[0]
    np.testing.assert_allclose(found @ found.T, np.eye(shape[0]), atol=1e-12)
    turned, _ = quantize(V, R, 31)  # the best rotation for the signs of the one before: no other comes as close
    B = np.sign(V @ found)
    for _ in range(20):
        small = np.linalg.qr(np.eye(shape[1]) + 0.05 * rng.standard_normal((shape[1], shape[1])))[0]
        assert np.square(B - V @ turned).sum() <= np.square(B - V @ turned @ small).sum() + 1e-9


def test_corners_of_a_cube_are_found(rng):
    """Rotated corners, in which no bit has been lost, get their signs back."""
    corners = np.array(np.meshgrid(*[[-1.0, 1.0]] * 3)).reshape(3, -1).T
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    _, losses = quantize(np.tile(corners, (5, 1)) @ turn, np.eye(3), 50)
    assert losses[-1] == pytest.approx(0, abs=1e-9)


def test_codes_are_repeatable(rng):
    x = descriptors(rng)
    one, other = (BinaryCodes(12, rng=np.random.default_rng(9)).fit(x)(x) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert (BinaryCodes(12, rng=np.random.default_rng(8)).fit(x)(x) != one).any()


@pytest.mark.parametrize("bits", [None, 12])
def test_saved_codes_code_alike(rng, tmp_path, bits):
    x = descriptors(rng)
    codes = BinaryCodes(bits, rng=rng).fit(x)
    codes.save(tmp_path / "codes.npz")
    loaded = BinaryCodes.load(tmp_path / "codes.npz")
    np.testing.assert_array_equal(loaded(x[:9]), codes(x[:9]))
    np.testing.assert_array_equal(loaded.balance, codes.balance)


@pytest.mark.parametrize("change", [
    {"projection": np.zeros((30, 11), np.float32)}, {"projection": None}, {"threshold": None}, {"mean": None},
    {"balance": np.zeros(12, np.float32)}, {"mean": np.zeros(29, np.float32)}, {"more": np.zeros(3)}])
def test_a_file_of_something_else_is_refused(rng, tmp_path, change):
    codes = BinaryCodes(12, rng=rng).fit(descriptors(rng))
    codes.save(tmp_path / "codes.npz")
    arrays, description = checkpoint.load(tmp_path / "codes.npz")
    arrays = {name: array for name, array in {**arrays, **change}.items() if array is not None}
    checkpoint.save(tmp_path / "codes.npz", arrays, description)
    with pytest.raises(CheckpointError, match="another architecture"):
        BinaryCodes.load(tmp_path / "codes.npz")
    checkpoint.save(tmp_path / "codes.npz", arrays, {"kind": "FlatIndex"})
    with pytest.raises(CheckpointError, match="kind"):
        BinaryCodes.load(tmp_path / "codes.npz")


def test_constant_bits_are_warned_of(rng):
    x = descriptors(rng)
    x[:, 3], x[:, 7] = 0, 5
    with pytest.warns(UserWarning, match="^2 of 30 bits are constant: choose another threshold") as caught:
        BinaryCodes().fit(x)
    assert "\n" not in str(caught[0].message) and caught[0].filename == __file__


@pytest.mark.parametrize("settings, message", [
    ({"bits": 0}, "bits"), ({"threshold": "mean"}, "threshold"), ({"threshold": np.nan}, "threshold"),
    ({"bits": 8, "rotation": "itk"}, "did you mean 'itq'"), ({"bits": 8}, "give rng"),
    ({"bits": 8, "components": 9, "rng": np.random.default_rng()}, "9 components make no 8 bits"),
    ({"components": 9, "rng": np.random.default_rng()}, "9 components make no None bits"),
    ({"bits": 8, "components": 7, "rotation": "none"}, "7 components make no 8 bits")])
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(SettingsError, match=message) as caught:
        BinaryCodes(**settings)
    assert "\n" not in str(caught.value)


def test_bad_descriptors_are_refused(rng):
    x = descriptors(rng)
    codes = BinaryCodes(12, rng=rng)
    with pytest.raises(InputError, match="call fit first"):
        codes(x)
    with pytest.raises(InputError, match="descriptors must be finite"):
        codes.fit(x * np.nan)
    with pytest.raises(InputError, match="descriptors must be an array of float"):
        codes.fit(x.astype(int))
    with pytest.raises(InputError, match="vary in 4 directions, not in 12"):
        codes.fit(x[:5])
    with pytest.raises(InputError, match="descriptors must have d = 30"):
        codes.fit(x)(x[:, 1:])
