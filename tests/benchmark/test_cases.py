"""What is timed is what it says: the whole step, and each layer, on all images, where they lie."""
from contextlib import ExitStack

import numpy as np
import pytest
from strict import StrictArray

from scratchnet.benchmark.cases import CLASSES, IMAGE, TrainingStep, layers, network
from scratchnet.layers import Conv2D, Dense, MaxPool2D, ReLU
from scratchnet.training.optimizers import SGD

CASES = {"training step": TrainingStep(), **layers()}


def test_every_layer_that_computes_is_a_case_in_the_networks_order():
    assert list(layers()) == [name for name in network().layers if name != "flatten"]
    assert {name: case.shape for name, case in layers().items() if name in ("conv1", "relu1", "conv3", "fc")} == {
        "conv1": (32, 32, 5), "relu1": (16, 16, 64), "conv3": (8, 8, 64), "fc": (1024,)}
    assert [case.need_dx for case in layers().values()] == [False] + [True] * 11
    assert all(case.name == name for name, case in CASES.items())


def test_multiply_adds_count_forward_dw_and_dx_but_for_the_images():
    whole = network()
    assert CASES["training step"].multiply_adds() == sum(case.multiply_adds() for case in layers().values())
    assert CASES["conv2"].multiply_adds() == 3 * whole.layers["conv2"].multiply_adds((16, 16, 64))
    assert CASES["conv1"].multiply_adds() == 2 * 32 * 32 * 64 * 25 * 5


@pytest.mark.parametrize("on_gpu", [False, True])
@pytest.mark.parametrize("name", ["training step", "conv1", "pool2", "relu3", "fc"])
def test_all_images_go_there_and_back_on_the_device(name, on_gpu, gpu, monkeypatch):
    """Each case walks every image forward and backward once, and on a GPU every array is one of the GPU's."""
    seen = {"forward": [], "backward": []}

    def watch(layer, way):
        function = getattr(layer, way)

        def watched(self, x, *more, **keywords):
            seen[way].append(x)
            return function(self, x, *more, **keywords)
        monkeypatch.setattr(layer, way, watched)
    for layer in (Conv2D, Dense, MaxPool2D, ReLU):
        for way in seen:
            watch(layer, way)
    case, xp = CASES[name], gpu if on_gpu else np
    with ExitStack() as stack:
        step = case.on(xp, stack, case.inputs(70), threads=2)
        step()
    layers_seen = 12 if name == "training step" else 1
    for arrays in seen.values():
        assert sum(len(x) for x in arrays) == 70 * layers_seen
        assert {type(x) for x in arrays} == {StrictArray if on_gpu else np.ndarray}


def test_a_step_updates_and_each_case_starts_from_its_own_parameters(monkeypatch):
    steps = []
    real = SGD.step
    monkeypatch.setattr(SGD, "step", lambda self, *a: (steps.append(a), real(self, *a)))
    case = CASES["training step"]
    with ExitStack() as stack:
        step = case.on(np, stack, case.inputs(4), 1)
        step()
        before = {name: p.copy() for name, p in steps[0][0].params.items()}
        step()
    trained, grads, rate = steps[1]
    assert len(steps) == 2 and rate > 0 and all(np.abs(g).max() > 0 for g in grads.values())
    assert all((trained.params[name] != before[name]).any() for name in before)
    assert (CASES["fc"].layer.params["W"] == layers()["fc"].layer.params["W"]).all()


def test_inputs_are_float32_of_the_right_shapes_and_repeat():
    x, labels = CASES["training step"].inputs(3)
    assert x.shape == (3, *IMAGE) and x.dtype == np.float32 and labels.shape == (3,) and labels.max() < CLASSES
    x, dy = CASES["pool1"].inputs(2)
    assert x.shape == (2, 32, 32, 64) and dy.shape == (2, 16, 16, 64) and dy.dtype == np.float32
    assert (CASES["pool1"].inputs(2)[0] == x).all()


@pytest.mark.parametrize("name", ["training step", "conv1"])
def test_a_batch_that_no_memory_holds_is_a_memory_error(name):
    for batch in (10**12, 10**30):
        with pytest.raises(MemoryError):
            CASES[name].inputs(batch)
