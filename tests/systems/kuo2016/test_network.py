"""The seven layers: their sizes, and the poolings that a recipe may choose."""
import numpy as np
import pytest

from scratchnet.layers import MeanPool2D
from scratchnet.systems.kuo2016 import Recipe, build_network


def test_parameters_and_shapes_are_those_of_the_brief():
    network = build_network(5, 10, Recipe(), np.random.default_rng(0))
    rows = {row["name"]: row for row in network.rows((32, 32, 5))}
    assert sum(row["parameters"] for row in rows.values()) == 627_002
    assert [rows[n]["parameters"] for n in ("conv1", "conv2", "conv3", "fc", "classifier")] == [
        8_064, 102_464, 102_464, 410_000, 4_010]
    assert rows["flatten"]["shape"] == (1024,) and rows["fc"]["shape"] == (400,)
    assert 40e6 < network.multiply_adds((32, 32, 5)) < 42e6


@pytest.mark.parametrize("pooling", ["max", "mean", "overlapping"])
def test_poolings_run(pooling):
    network = build_network(3, 7, Recipe(pooling=pooling), np.random.default_rng(0))
    y, cache = network.forward(np.ones((2, 32, 32, 3), np.float32))
    assert y.shape == (2, 7) and set(network.backward(y, cache)[1]) == set(network.params)
    assert (pooling == "mean") == isinstance(network.layers["pool1"], MeanPool2D)


def test_the_layers_stand_in_the_papers_order_and_have_the_recipes_settings():
    """(convolution, sub-sampling, ReLU) three times, fully connected, ReLU, classifier."""
    recipe = Recipe(convolution="im2col", normalization="batch", dropout=0.3)
    plain, more = (build_network(3, 7, r, np.random.default_rng(0)) for r in (Recipe(), recipe))
    ends = ["flatten", "fc", "relu4", "classifier"]
    assert list(plain.layers) == [f"{kind}{i}" for i in (1, 2, 3) for kind in ("conv", "pool", "relu")] + ends
    assert list(more.layers) == [f"{kind}{i}" for i in (1, 2, 3) for kind in ("conv", "pool", "norm", "relu")] + [
        *ends[:-1], "dropout", ends[-1]]
    assert more.layers["dropout"].rate == 0.3
    assert {more.layers[f"conv{i}"].algorithm for i in (1, 2, 3)} == {"im2col"}


def test_deeper_layers_may_start_by_passing_maps_on():
    network = build_network(3, 10, Recipe(identity=True), np.random.default_rng(0))
    x = np.random.default_rng(0).standard_normal((2, 8, 8, 64)).astype(np.float32)
    for name in ("conv2", "conv3"):
        np.testing.assert_allclose(network.layers[name].forward(x)[0], x, atol=1e-5)
    assert network.params["conv1.W"].std() > 0.1
