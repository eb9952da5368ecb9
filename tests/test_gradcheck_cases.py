"""Every gradient of the package is checked, and no layer or loss is left out."""
import numpy as np
import pytest

from scratchnet import gradcheck_cases, losses
from scratchnet.errors import SettingsError
from scratchnet.gradcheck_cases import cases
from scratchnet.layers import LAYERS
from scratchnet.layers.conv import ALGORITHMS


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_every_gradient_of_the_package(case, backend):
    errors = case.run(np.random.default_rng(0), backend)
    assert errors and all(error <= case.tolerance for error in errors.values()), errors


def test_tolerances_are_the_strict_ones():
    assert {case.tolerance for case in cases()} == {1e-7, 1e-6}


def test_unknown_case_names_the_near_match():
    with pytest.raises(SettingsError, match="did you mean 'Conv2D'"):
        cases("Convv2D")
    assert {case.name.split()[0] for case in cases("conv2d")} == {"Conv2D"}


def test_no_parameter_is_checked_where_it_is_zero(monkeypatch):
    """What multiplies a bias of 0 could have any factor."""
    seen = {}
    monkeypatch.setattr(gradcheck_cases, "check_layer", lambda layer, *arguments, **settings: seen.update(
        {(case.name, name): p.any() for name, p in layer.params.items()}) or {})
    for case in cases():
        if case.name.split()[0].strip(",") in (*LAYERS, "kuo2016"):
            case.run(np.random.default_rng(0), np)
    assert ("Dense", "b") in seen and ("kuo2016, its network", "conv1.b") in seen
    assert [key for key, some in seen.items() if not some] == []


def test_every_algorithm_is_checked():
    names = " ".join(case.name for case in cases())
    assert all(f" {algorithm}," in names for algorithm in ALGORITHMS)


def test_a_case_checks_what_its_name_says(monkeypatch):
    """"Winograd, stride 2" was computed by im2col."""
    seen = []
    monkeypatch.setattr(gradcheck_cases, "check_layer",
                        lambda layer, x, rng, **options: seen.append((layer, x, options)))
    for case in cases():
        case.run(np.random.default_rng(0), np)
        name, words = case.name.split(",")[0].split()[0], case.name.replace(",", "").split()
        if name in LAYERS:
            layer, x, options = seen.pop()
            y, cache = layer.forward(x, np.random.default_rng(1) if options.get("training_seed") else None)
            assert type(layer).__name__ == name and y.size
            if name == "Conv2D":
                assert words[1:] == [f"{len(layer.params['W'])}x{len(layer.params['W'])}", layer.algorithm_used(),
                                     "stride", str(layer.stride), "padding", str(layer.padding)]
            if "Pool" in name:
                overlapping = "(overlapping)" in words
                assert words[1] == f"{layer.size}x{layer.size}" and (layer.stride < layer.size) == overlapping
            if name == "Dropout":
                assert layer.rate == float(words[1]) and 0 < (y == 0).sum() < y.size
            if name == "BatchNorm":
                assert cache is not None and np.allclose(y.mean(axis=(0, 1, 2)), layer.params["b"])
        elif name == "kuo2016":
            layer, x, _ = seen.pop()
            assert {row["algorithm"] for row in layer.rows(x.shape[1:])} == {"", "im2col", "winograd"}
        assert not seen


def test_no_layer_and_no_loss_is_left_out():
    """Whoever adds a layer or a loss adds a case: here is where a forgotten one is noticed."""
    names = {word.strip(",") for case in cases() for word in case.name.split()}
    assert [name for name in LAYERS if name not in names] == [], "add a case for each to scratchnet/gradcheck_cases.py"
    losses_there = {value.__name__ for value in vars(losses).values()
                    if isinstance(value, type) and issubclass(value, losses.Loss) and value is not losses.Loss}
    assert losses_there - {"SoftmaxCrossEntropy"} <= names
    assert "softmax_cross_entropy" in names
