"""Contrastive divergence: each step by the book, where it tends to, the same bits after a kill, and what goes wrong."""
import numpy as np
import pytest
from strict import strict

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, NonFiniteError, SettingsError
from scratchnet.parallel import Workers
from scratchnet.randomness import stream
from scratchnet.training.schedules import steps
from scratchnet.unsupervised import (
    RBM,
    ContrastiveDivergence,
    ConvRBM,
    expected_update,
    likelihood_gradient,
    log_likelihood,
)
from scratchnet.unsupervised.contrastive_divergence import trouble


def machine(units="gaussian", D=5, M=4, **settings):
    rng = np.random.default_rng(4)
    rbm = RBM(D, M, units, **{"scale": 0.8, "rng": rng, "dtype": np.float64, **settings})
    rbm.params["b"] += (0.5 * rng.standard_normal(D)).astype(rbm.params["b"].dtype)
    return rbm


def share_by_the_book(v0, chains, W, b, c, k, persistent, target, weight, rng):
    """Return a shard's changes, and the visible units at which its chains ended."""
    def up(v):
        return 1 / (1 + np.exp(-(v @ W + c)))

    def sample(p):
        return (rng.random(p.shape, dtype=np.float32) < p).astype(float)
    h0 = up(v0)
    h = sample(h0)
    if persistent:
        h = sample(up(chains))
    for turn in range(k):
        vk = h @ W.T + b + rng.standard_normal((len(h), len(b)), dtype=np.float32)
        h = sample(up(vk)) if turn + 1 < k else None
    return {"W": v0.T @ h0 - vk.T @ up(vk), "b": (v0 - vk).sum(axis=0),
            "c": (h0 - up(vk)).sum(axis=0) + weight * (target - h0).sum(axis=0)}, vk


def by_the_book(rbm, v, epochs, rate, k, persistent, momentum, decay, target, weight, batch, shard, seed):
    """Follow the equations, one batch and one shard after the other."""
    velocity, chains = {name: 0 for name in rbm.params}, None
    for epoch in range(epochs):
        order = stream("order of examples", seed, epoch).permutation(len(v))
        for step in range(-(-len(v) // batch)):
            some = v[order[step * batch:(step + 1) * batch]]
            chains = some.copy() if chains is None else chains
            W, b, c = (rbm.params[name].copy() for name in "Wbc")
            change = {"W": 0, "b": 0, "c": 0}
            for i, start in enumerate(range(0, len(some), shard)):
                part = slice(start, min(start + shard, len(some)))
                more, ended = share_by_the_book(some[part], chains[part], W, b, c, k, persistent, target, weight,
                                                stream("contrastive divergence", seed, epoch, step, i))
                change = {name: change[name] + more[name] for name in change}
                if persistent:
                    chains[part] = ended
            for name, value in change.items():
                climb = value / len(some) - (decay * W if name == "W" else 0)
                velocity[name] = momentum * velocity[name] + rate * climb
                rbm.params[name] = rbm.params[name] + velocity[name]
    return rbm


@pytest.mark.parametrize("k, persistent", [(1, False), (3, False), (2, True)])
def test_learning_is_that_of_the_book(k, persistent, backend, rng):
    v = rng.standard_normal((22, 5))
    shard = 3 if backend is np else 8  # a GPU takes a batch as one shard
    ours = machine().to(backend)
    ContrastiveDivergence(ours, 0.05, k, persistent, 0.7, 0.1, 0.2, 0.3, batch=8, shard=shard, seed=9).fit(
        to_device(v, backend), 3)
    book = by_the_book(machine(), v, 3, 0.05, k, persistent, 0.7, 0.1, 0.2, 0.3, 8, shard, 9)
    for name, p in book.params.items():
        np.testing.assert_allclose(to_host(ours.params[name]), p, rtol=1e-9, atol=1e-11, err_msg=name)


def mean_update(rbm, v, k, repeats=30_000):
    """Return the change of one step of learning at rate 1, averaged over many copies of each example."""
    before = {name: p.copy() for name, p in rbm.params.items()}
    teacher = ContrastiveDivergence(rbm, 1.0, k, momentum=0.0, batch=repeats * len(v), shard=10_000)
    teacher.fit(np.repeat(v, repeats, axis=0), 1)
    return {name: rbm.params[name] - p for name, p in before.items()}


@pytest.mark.parametrize("k", [1, 2])
def test_the_mean_update_is_the_expected_one(k, rng):
    v = (rng.random((6, 5)) < 0.4).astype(float)
    expected = expected_update(machine("binary"), v, k)
    for name, found in mean_update(machine("binary"), v, k).items():
        np.testing.assert_allclose(found, expected[name], atol=6e-3, err_msg=name)
        assert np.abs(expected[name] - expected_update(machine("binary"), v, 3 - k)[name]).max() > 0.012


def test_of_gaussian_units_it_tends_to_the_gradient_too(rng):
    v, far = rng.standard_normal((6, 5)), []
    gradient = likelihood_gradient(machine(), v)
    for k in (1, 4, 16):
        found = mean_update(machine(), v, k, 10_000)
        far.append(np.sqrt(sum(((found[name] - gradient[name])**2).sum() for name in gradient)))
    assert far[1] < far[0] / 2 and far[2] < 0.1 < far[0]


def test_learning_raises_the_likelihood(rng):
    prototypes = (rng.random((3, 8)) < 0.5).astype(float)
    v = np.repeat(prototypes, 40, axis=0)
    rbm = RBM(8, 4, "binary", 0.3, rng=rng, dtype=np.float64)
    before = log_likelihood(rbm, v)
    ContrastiveDivergence(rbm, 0.05, batch=40).fit(v, 600)
    assert before < -5 and -3 < log_likelihood(rbm, v) < -np.log(3)  # three states cannot be told better than that


def state_of(teacher):
    arrays = teacher.arrays()
    return {name: arrays[name].tobytes() for name in sorted(arrays)}


@pytest.mark.parametrize("make", [lambda: machine(dtype=np.float32), lambda: ConvRBM(
    (5, 5, 1), 3, 2, 2, rng=np.random.default_rng(4), scale=0.3)], ids=["dense", "convolutional"])
@pytest.mark.parametrize("persistent", [False, True])
def test_threads_and_a_kill_change_no_bit(make, persistent, rng):
    v = rng.standard_normal((50, 5) if isinstance(make(), RBM) else (50, 5, 5, 1)).astype(np.float32)

    def teacher():
        return ContrastiveDivergence(make(), lambda done: 0.01 * (1 - done), persistent=persistent, batch=16, shard=4)
    found = []
    for threads in (1, 2, 3):
        whole = teacher()
        with Workers(threads) as workers:
            whole.fit(v, 5, workers=workers)
        found.append(state_of(whole))
    assert found[0] == found[1] == found[2] and [row["epoch"] for row in whole.history] == [1, 2, 3, 4, 5]
    kept = []

    class Killed(Exception):
        pass

    def callback(row):
        kept.append(({name: a.copy() for name, a in half.arrays().items()}, half.state()))
        if row["epoch"] == 2:
            raise Killed
    half = teacher()
    with pytest.raises(Killed), Workers(2) as workers:
        half.fit(v, 5, None, callback, workers)
    again = teacher()
    again.restore(*kept[-1])
    with Workers(2) as workers:
        history = again.fit(v, 5, workers=workers)
    assert state_of(again) == found[0]
    figures = ("epoch", "reconstruction", "activity", "spread", "norm", "trouble")
    assert [[row[key] for key in figures] for row in history] == [[row[key] for key in figures]
                                                                  for row in whole.history]
    other = ContrastiveDivergence(make(), lambda done: 0.01 * (1 - done), persistent=persistent, batch=16, shard=4,
                                  seed=1)
    other.fit(v, 5)
    assert state_of(other) != found[0]


def test_the_rate_is_that_of_the_schedule_and_prepare_sees_a_stream_of_its_own(rng):
    v, asked, drawn = rng.standard_normal((20, 5)), [], []

    def prepare(some, rng):
        drawn.append(rng.random())
        return 2 * some

    def rate(done):
        asked.append(done)
        return steps(0.1, (0.5,))(done)
    ours = machine()
    ContrastiveDivergence(ours, rate, batch=10, shard=5).fit(v, 2, prepare)
    assert asked == [0, 0.25, 0.5, 0.75] and len(set(drawn)) == 8
    doubled = machine()
    ContrastiveDivergence(doubled, steps(0.1, (0.5,)), batch=10, shard=5).fit(2 * v, 2)
    assert any((ours.params[name] != doubled.params[name]).any() for name in "Wbc")  # what prepare drew is gone


def test_the_figures_of_an_epoch(rng):
    """With a rate of next to nothing, they are those of the machine as it is."""
    v, rbm, rows = rng.standard_normal((4000, 5)), machine(), []
    ContrastiveDivergence(rbm, 1e-12, batch=1000).fit(v, 1, callback=rows.append)
    (row,) = rows
    h = rbm.up(v)
    sampled = (np.random.default_rng(0).random(h.shape) < h).astype(float)
    assert np.isclose(row["activity"], h.mean()) and np.isclose(row["spread"], h.std())
    assert np.isclose(row["norm"], np.sqrt((rbm.params["W"]**2).sum()))
    assert np.isclose(row["reconstruction"], ((v - rbm.down(sampled))**2).mean(), rtol=0.03)
    assert row["trouble"] == "" and row["seconds"] > 0 and row["epoch"] == 1


def test_hidden_means_that_are_stuck_at_one_half_are_told(rng):
    v = rng.standard_normal((100, 5))
    row = ContrastiveDivergence(machine(scale=0.01), 1e-4).fit(v, 1)[0]
    assert row["trouble"].startswith("hidden means are stuck at one half (0.50 ± 0.0") and "\n" not in row["trouble"]
    silent = machine(hidden_bias=-20.0)
    assert "hidden units are silent" in ContrastiveDivergence(silent, 1e-4).fit(v, 1)[0]["trouble"]
    assert trouble({"activity": 0.5, "spread": 0.3}) == trouble({"activity": 0.05, "spread": 0.05}) == ""


@pytest.mark.parametrize("factor, rate", [(1, 50), (1e25, 1), (np.nan, 1)])
def test_learning_that_explodes_is_stopped_at_once(factor, rate, rng, backend):
    v = (factor * rng.standard_normal((64, 5))).astype(np.float32)
    teacher = ContrastiveDivergence(machine(dtype=np.float32).to(backend), rate, batch=16)
    with pytest.raises(NonFiniteError, match=r"epoch 1, step [1-4]: the data have squares of .*, what .* lacks .*: "
                                             "learning explodes; use a lower rate, and data of unit variance"):
        teacher.fit(to_device(v, backend), 1)


def test_refusals(rng):
    for settings, words in (
            ({"rate": 0}, "learning rate"), ({"rate": np.nan}, "learning rate"), ({"steps": 0}, "steps"),
            ({"batch": 0}, "batch"), ({"shard": 0}, "shard"), ({"sparsity": -1}, "sparsity must"),
            ({"sparsity_weight": -1}, "sparsity_weight"), ({"momentum": 1}, "momentum"),
            ({"weight_decay": -1}, "weight_decay")):
        with pytest.raises(SettingsError, match=words):
            ContrastiveDivergence(machine(), **settings)
    teacher = ContrastiveDivergence(machine())
    with pytest.raises(InputError, match="at least one example"):
        teacher.fit(np.zeros((0, 5)), 1)
    with pytest.raises(SettingsError, match="epochs must be"):
        teacher.fit(np.zeros((3, 5)), 0)
    with pytest.raises(TypeError, match="mixed"):
        teacher.fit(strict.asarray(np.zeros((3, 5))), 1)


@pytest.mark.parametrize("make", [lambda: machine(dtype=np.float32), lambda: ConvRBM(
    (5, 5, 1), 3, 2, 2, rng=np.random.default_rng(4), scale=0.3)], ids=["dense", "convolutional"])
def test_the_gpus_kernel_takes_the_same_steps(make, emulated, rng):
    v = rng.standard_normal((20, 5) if isinstance(make(), RBM) else (20, 5, 5, 1)).astype(np.float32)
    here, there = make(), make()
    settings = {"rate": 0.05, "batch": 8, "weight_decay": 0.1}
    ContrastiveDivergence(here, **settings).fit(v, 3)
    with emulated() as called:
        ContrastiveDivergence(there, **settings).fit(v, 3)
    assert called == {"sgd"}
    for name, p in here.params.items():
        np.testing.assert_allclose(there.params[name], p, rtol=1e-4, atol=1e-6)
