"""Steps against values computed by hand; state that survives."""
from types import SimpleNamespace

import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.errors import InputError, SettingsError
from scratchnet.layers import BatchNorm, Conv2D, Dense, Flatten
from scratchnet.network import Network
from scratchnet.training.optimizers import SGD, Adam


def layer(p, decayed=("W",)):
    """A layer with one parameter "W", which decays or not."""
    return SimpleNamespace(params={"W": p}, decayed=decayed)


def walk(optimizer, backend, gradients, start=1.0, decayed=("W",), rate=0.1):
    p = to_device(np.array([start]), backend)
    for g in gradients:
        optimizer.step(layer(p, decayed), {"W": to_device(np.array([g]), backend)}, rate)
    return float(to_host(p)[0])


def test_plain_momentum_and_nesterov_by_hand(backend):
    assert np.isclose(walk(SGD(0.0, False), backend, [2.0]), 0.8)
    # v1 = -0.2, v2 = 0.9·(-0.2) - 0.1 = -0.28
    assert np.isclose(walk(SGD(0.9, False), backend, [2.0, 1.0]), 1 - 0.2 - 0.28)
    # p += 0.9·v - 0.1·g: first -0.38, then 0.9·(-0.28) - 0.1 = -0.352
    assert np.isclose(walk(SGD(0.9, True), backend, [2.0, 1.0]), 1 - 0.38 - 0.352)


@pytest.mark.parametrize("make", [lambda: SGD(0, False, 0.5), lambda: Adam(weight_decay=0.5)], ids=["SGD", "Adam"])
def test_weight_decay_spares_what_the_layer_does_not_declare(make, backend):
    assert walk(make(), backend, [0.0]) < 0.951
    assert walk(make(), backend, [0.0], decayed=()) == 1.0


def test_layers_declare_their_weights():
    """A bias of another name than "b" would have decayed when the name decided."""
    rng = np.random.default_rng(0)
    network = Network({"conv": Conv2D(1, 2, 3, rng=rng), "norm": BatchNorm(2), "flatten": Flatten(),
                       "fc": Dense(2, 2, rng=rng)})
    assert network.decayed == ("conv.W", "fc.W")
    network.layers["fc"].decayed = ()
    before = {name: p.copy() for name, p in network.params.items()}
    SGD(0, False, 0.5).step(network, {name: np.zeros_like(p) for name, p in network.params.items()}, 0.1)
    assert [name for name, p in network.params.items() if (p != before[name]).any()] == ["conv.W"]


def test_adams_first_step_is_the_rate(backend):
    assert np.isclose(walk(Adam(), backend, [123.0]), 0.9) and np.isclose(walk(Adam(), backend, [-1e-3]), 1.1)


@pytest.mark.parametrize("make", [lambda: SGD(weight_decay=0.1), lambda: Adam(weight_decay=0.1)], ids=["SGD", "Adam"])
def test_state_carries_on(make, rng):
    p, q = np.ones(4, np.float32), np.ones(4, np.float32)
    gradients = rng.standard_normal((6, 4)).astype(np.float32)
    whole, first, second = make(), make(), make()
    for g in gradients:
        whole.step(layer(p), {"W": g.copy()}, 0.1)
    for g in gradients[:3]:
        first.step(layer(q), {"W": g.copy()}, 0.1)
    second.state = {name: a.copy() for name, a in first.state.items()}
    for g in gradients[3:]:
        second.step(layer(q), {"W": g.copy()}, 0.1)
    assert (p == q).all() and p.dtype == np.float32


@pytest.mark.parametrize("make", [SGD, Adam])
def test_parameters_of_one_shape_have_each_its_own_state(make):
    """Two that learn together end where each would have ended alone."""
    gradients = {"a": [1.0, 2.0, -1.0], "b": [-3.0, 0.5, 0.25]}
    together, optimizer = {name: np.ones(1) for name in gradients}, make()
    for step in range(3):
        optimizer.step(SimpleNamespace(params=together, decayed=()),
                       {name: np.array([g[step]]) for name, g in gradients.items()}, 0.1)
    assert {name: p[0] for name, p in together.items()} == {name: walk(make(), np, g) for name, g in gradients.items()}


def test_refusals():
    for make in (lambda: SGD(1.0), lambda: SGD(weight_decay=-1), lambda: Adam(beta1=1), lambda: Adam(epsilon=0)):
        with pytest.raises(SettingsError):
            make()

@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("kind, setting", [(SGD, "momentum"), (SGD, "weight_decay"), (Adam, "beta1"), (Adam, "beta2"),
                                           (Adam, "epsilon"), (Adam, "weight_decay")])
def test_settings_that_are_no_numbers_are_refused(kind, setting, bad):
    with pytest.raises(SettingsError):
        kind(**{setting: bad})


@pytest.mark.parametrize("make", [SGD, Adam])
@pytest.mark.parametrize("shape", [(3,), (1, 3), (2, 1), (), (3, 2), (1, 2, 3)])
def test_a_gradient_of_another_shape_is_refused_before_anything_changes(make, shape):
    first, second = np.ones(3), np.ones((2, 3))
    network = SimpleNamespace(params={"a": first, "b": second}, decayed=())
    with pytest.raises(InputError, match=r"gradient of b must have its shape \(2, 3\)"):
        make().step(network, {"a": np.ones(3), "b": np.ones(shape)}, 0.1)
    assert (first == 1).all() and (second == 1).all()
