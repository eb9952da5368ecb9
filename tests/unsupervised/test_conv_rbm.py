"""The convolutional machine: up and down are adjoint, a filter as large as the image makes it dense."""
import numpy as np
import pytest
from scipy.signal import convolve2d, correlate2d
from strict import strict

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, SettingsError
from scratchnet.unsupervised import RBM, ContrastiveDivergence, ConvRBM
from scratchnet.unsupervised.units import Binary, Capped, Pooled


def machine(shape=(8, 7, 2), filters=3, K=3, G=4, units="binary", **settings):
    rng = np.random.default_rng(4)
    found = ConvRBM(shape, filters, K, G, units, **{"scale": 0.3, "rng": rng, "dtype": np.float64, **settings})
    for name in "bcd":
        found.params[name] += 0.2 * rng.standard_normal(found.params[name].shape)
    return found


def test_up_and_down_are_those_of_scipy(rng):
    ours, v = machine(), rng.standard_normal((2, 8, 7, 2))
    W, U, b, c, d = (ours.params[name] for name in "WUbcd")
    maps, globals_ = ours.hidden_input(v)
    assert maps.shape == (2, 6, 5, 3)
    for n, f in np.ndindex(2, 3):
        expected = c[f] + sum(correlate2d(v[n, :, :, k], W[:, :, k, f], "valid") for k in range(2))
        np.testing.assert_allclose(maps[n, :, :, f], expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(globals_, v.reshape(2, -1) @ U + d, rtol=1e-12)
    h, g = rng.standard_normal(maps.shape), rng.standard_normal(globals_.shape)
    y = ours.visible_input((h, g))
    for n, k in np.ndindex(2, 2):
        expected = b[k] + sum(convolve2d(h[n, :, :, f], W[:, :, k, f], "full") for f in range(3))
        np.testing.assert_allclose(y[n, :, :, k], expected + (U @ g[n]).reshape(8, 7, 2)[:, :, k], rtol=0, atol=1e-12)


@pytest.mark.parametrize("channels, K, filters", [(2, 3, 5), (16, 3, 5), (2, 5, 16), (16, 5, 16), (1, 4, 3)])
@pytest.mark.parametrize("G", [0, 4])
def test_up_and_down_are_adjoint(channels, K, filters, G, rng, backend):
    """⟨up(v), h⟩ = ⟨v, down(h)⟩ without biases, by whatever algorithm convolves."""
    ours = ConvRBM((9, 11, channels), filters, K, G, rng=rng, dtype=np.float64, scale=1.0).to(backend)
    v = rng.standard_normal((3, 9, 11, channels))
    h = rng.standard_normal((3, 10 - K, 12 - K, filters)), rng.standard_normal((3, G))
    up = ours.hidden_input(to_device(v, backend))
    down = ours.visible_input(tuple(to_device(part, backend) for part in h))
    left = sum((to_host(a) * b).sum() for a, b in zip(up, h))
    assert abs(left - (v * to_host(down)).sum()) < 1e-10 * max(1, abs(left))


def test_the_statistics_are_what_the_energy_says(rng):
    """−E is linear in each parameter, so that its statistics are differences, divided as the class says."""
    ours, v = machine(), rng.standard_normal((2, 8, 7, 2))
    h = rng.random((2, 6, 5, 3)), rng.random((2, 4))

    def negative_energy():
        x, below = ours.hidden_input(v), ours.params["b"]
        return sum((a * b).sum() for a, b in zip(x, h)) + (v * below).sum()
    found = ours.statistics(v, h)
    places = {"W": 30, "c": 30, "b": 56, "U": 56 / 9, "d": 1}
    for name, p in ours.params.items():
        assert found[name].shape == p.shape
        for i in list(np.ndindex(p.shape))[::7]:
            before = negative_energy()
            p[i] += 1
            assert np.isclose((negative_energy() - before) / places[name], found[name][i], atol=1e-10)
            p[i] -= 1


def test_with_a_filter_as_large_as_the_image_it_is_the_dense_one(rng):
    conv = machine((5, 5, 1), 6, 5, 0)
    dense = RBM(25, 6, dtype=np.float64)
    dense.params = {"W": conv.params["W"].reshape(25, 6).copy(), "b": np.repeat(conv.params["b"], 25),
                    "c": conv.params["c"].copy()}
    v = rng.standard_normal((30, 5, 5, 1))
    flat = v.reshape(30, 25)
    np.testing.assert_allclose(conv.up(v)[0].reshape(30, 6), dense.up(flat), rtol=0, atol=1e-10)
    h = (rng.random((30, 6)) < 0.5).astype(float)
    np.testing.assert_allclose(conv.down((h.reshape(30, 1, 1, 6), np.zeros((30, 0)))).reshape(30, 25), dense.down(h),
                               rtol=0, atol=1e-10)
    settings = {"rate": 0.1, "steps": 2, "batch": 30, "shard": 8, "weight_decay": 0.01, "sparsity": 0.1,
                "sparsity_weight": 1.0}
    rows = [ContrastiveDivergence(one, **settings).fit(data, 1)[0] for one, data in ((conv, v), (dense, flat))]
    np.testing.assert_allclose(conv.params["W"].reshape(25, 6), dense.params["W"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(conv.params["c"], dense.params["c"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(conv.params["b"], dense.params["b"].mean(), rtol=0, atol=1e-10)
    for key in ("reconstruction", "activity", "spread", "norm"):
        assert abs(rows[0][key] - rows[1][key]) < 1e-10
    assert np.abs(dense.params["W"] - machine((5, 5, 1), 6, 5, 0).params["W"].reshape(25, 6)).max() > 1e-3


@pytest.mark.parametrize("units, maps, globals_", [("capped", Capped, Capped), ("pooled", Pooled, Binary),
                                                   ("binary", Binary, Binary)])
def test_kinds_of_units_and_backends(units, maps, globals_, rng):
    """Maps and global units are of their kind, drawn from x and not from its mean."""
    here, there = (machine((8, 8, 2), units=units, dtype=np.float32) for _ in range(2))
    there.to(strict)
    v = rng.standard_normal((3, 8, 8, 2)).astype(np.float32)
    x = here.hidden_input(v)
    for found, kind, given in zip(here.up(v), (maps, globals_), x):
        np.testing.assert_allclose(found, kind().mean(given), rtol=1e-6)
    expected_rng, own = np.random.default_rng(0), here.hidden_sample(x, np.random.default_rng(0))
    for found, kind, given in zip(own, (maps, globals_), x):
        np.testing.assert_array_equal(found, kind().sample(given, expected_rng))
        assert found.dtype == np.float32
    same = there.up(to_device(v, strict))
    for a, b in zip(same, here.up(v)):
        np.testing.assert_allclose(to_host(a), b, rtol=1e-5, atol=1e-6)
    for one, data in ((here, v), (there, to_device(v, strict))):
        ContrastiveDivergence(one, 1e-3, batch=3, shard=3).fit(data, 2)
    for name, p in here.params.items():
        np.testing.assert_allclose(to_host(there.params[name]), p, rtol=1e-4, atol=1e-5)
        assert p.dtype == np.float32


def test_it_learns_bars(rng):
    """Images of bars are rebuilt better and better, and their noise is not."""
    v = np.zeros((200, 8, 8, 1), np.float32)
    for image in v:
        image[rng.integers(8)] = 3
    v -= v.mean()
    ours = ConvRBM((8, 8, 1), 8, 3, 4, rng=rng, scale=0.05)
    rows = ContrastiveDivergence(ours, 0.01, batch=20).fit(v / v.std(), 60)
    assert rows[-1]["reconstruction"] < 0.3 * rows[0]["reconstruction"] and not rows[-1]["trouble"]


def test_refusals():
    with pytest.raises(SettingsError, match=r"there are no hidden units 'cap' .*choose one of capped, pooled, binary"):
        machine(units="cap")
    with pytest.raises(SettingsError, match="filters of 9 x 9 do not fit into images of 9 x 8"):
        ConvRBM((9, 8, 1), 2, 9)
    for settings, words in (({"filters": 0}, "filters must be"), ({"G": -1}, "global_units must be"),
                            ({"shape": (0, 4, 1)}, "height must be"), ({"scale": -1.0}, "scale must be")):
        with pytest.raises(SettingsError, match=words):
            machine(**settings)
    for wrong in (np.zeros((2, 7, 8, 2)), np.zeros((8, 7, 2)), np.zeros((2, 8, 7, 2), np.float32)):
        with pytest.raises(InputError, match=r"takes images \(N, 8, 7, 2\) of float64"):
            machine().up(wrong)
    with pytest.raises(InputError, match="whole blocks of 2 x 2"):
        machine(units="pooled").up(np.zeros((1, 8, 7, 2)))
