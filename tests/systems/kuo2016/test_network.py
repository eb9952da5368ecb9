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
