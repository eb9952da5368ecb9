"""A machine as a part of a fit: what it learns, what is kept for pictures, and the same after a kill."""
from types import SimpleNamespace

import numpy as np
import pytest

from scratchnet.parallel import Workers
from scratchnet.randomness import stream
from scratchnet.systems import energy
from scratchnet.systems.fitting import Fitting
from scratchnet.unsupervised import RBM, ContrastiveDivergence

DATA = np.random.default_rng(5).standard_normal((70, 6)).astype(np.float32)


def teacher(persistent=False, seed=3):
    machine = RBM(6, 40, scale=0.1, rng=stream("weights", seed))
    return ContrastiveDivergence(machine, 0.01, persistent=persistent, batch=16, shard=8, seed=seed)


def prepare(some, rng):
    return 2 * some


def taught(path=None, epochs=5, **settings):
    lines, one = [], teacher(**settings)
    with Workers(1) as pool:
        fitting = Fitting(pool, path, {}, False, lines.append, None, 0.0)
        return *energy.taught(one, "layer", DATA, epochs, prepare, {"run": 1}, fitting), one, lines


@pytest.mark.parametrize("epochs, expected", [(1, [1]), (2, [1, 2]), (4, [1, 2, 4]), (20, [1, 2, 4, 8, 16, 20])])
def test_weights_are_kept_after_powers_of_two_and_the_last_epoch(epochs, expected):
    assert energy.looked_at(epochs) == expected


def test_what_it_learns_is_what_the_teacher_taught():
    arrays, seconds, one, lines = taught()
    kept, other = [], teacher()
    other.fit(DATA, 5, prepare, lambda row: kept.append(other.machine.params["W"][:, :32].copy()))
    assert set(arrays) == {"W", "b", "c", "growth", "dreams"} and seconds > 0
    for name, value in other.machine.params.items():
        np.testing.assert_array_equal(arrays[name], value)
    np.testing.assert_array_equal(arrays["growth"], [kept[i] for i in (0, 1, 3, 4)])
    assert len(lines) == 5 and lines[4].startswith("layer, epoch 5/5: reconstruction ")


def test_dreams_are_means_along_chains_that_start_at_the_data(monkeypatch):
    """A machine that is sure of itself has chains without chance: each is where a plain loop takes it."""
    monkeypatch.setattr(energy, "STEPS", (0, 1, 3))
    machine, rng = RBM(6, 40, scale=1e6, rng=np.random.default_rng(1), dtype=np.float64), np.random.default_rng(2)
    machine.visible = SimpleNamespace(mean=lambda x: np.sign(x), sample=lambda x, rng: np.sign(x))
    v = rng.standard_normal((4, 6))
    found, expected = energy.dreams(machine, v, rng), [v]
    for _ in range(3):
        v = np.sign(machine.visible_input((machine.hidden_input(v) > 0).astype(float)))
        expected.append(v)
    np.testing.assert_allclose(found, [expected[i] for i in (0, 1, 3)], rtol=1e-6)
    assert (found[2] != found[1]).any()


def test_a_chain_has_as_many_steps_as_its_title_says(monkeypatch):
    taken, down = [], RBM.visible_input

    def counted(self, h):
        taken.append(1)
        return down(self, h)
    monkeypatch.setattr(RBM, "visible_input", counted)
    machine, looks = teacher().machine, []
    monkeypatch.setattr(machine.visible, "mean", lambda x: looks.append(len(taken)) or x)
    energy.dreams(machine, 2 * DATA[:4], np.random.default_rng(0))
    assert looks == [1, 10, 100]


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("epoch", [1, 3])
def test_a_kill_changes_nothing(epoch, persistent, tmp_path, monkeypatch):
    path, whole = tmp_path / "checkpoint.npz", taught(persistent=persistent)[0]

    class Killed(Exception):
        pass
    inner = ContrastiveDivergence._step

    def dying(self, some, prepare, rate, place, workers):
        if place == (epoch, 2):
            raise Killed
        return inner(self, some, prepare, rate, place, workers)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(ContrastiveDivergence, "_step", dying)
        taught(path, persistent=persistent)
    again = taught(path, persistent=persistent)[0]
    assert set(again) == set(whole)
    for name, value in whole.items():
        np.testing.assert_array_equal(again[name], value)


def test_pictures_say_when():
    shown = energy.pictures(np.zeros((3, 5, 2, 2, 3)), np.zeros((4, 2, 8, 8, 3)), 3)
    assert list(shown["growth"]) == ["after 1 epoch", "after 2 epochs", "after 3 epochs"]
    assert list(shown["dreams"]) == ["images, as the machine sees them", "after 1 step", "after 10 steps",
                                     "after 100 steps"]
