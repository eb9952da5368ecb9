"""The figures of a ranking: names that say what they are, values by hand."""
import numpy as np
import pytest

from scratchnet.backend import to_device, to_host
from scratchnet.metrics import average_precision_variants
from scratchnet.retrieval.figures import definitions, of_rankings


def test_three_denominators_by_hand(backend):
    # Relevant at ranks 1, 3 and 6; the first four ranks hold two of the three.
    relevant = np.array([[1, 0, 1, 0, 0, 1], [0, 0, 0, 0, 0, 1]], bool)
    found = {key: to_host(values) for key, values in of_rankings(to_device(relevant, backend), depth=4).items()}
    two = 1 + 2 / 3
    assert list(found) == ["map", "map_at_4", "map_at_4_possible", "map_at_4_all", "precision_at_4"]
    for key, expected in zip(found, ([(two + 3 / 6) / 3, 1 / 6], [two / 2, 0], [two / 3, 0], [two / 3, 0], [1 / 2, 0])):
        assert found[key].dtype == np.float64 and found[key] == pytest.approx(expected)


def test_each_is_the_variant_of_that_name(rng):
    relevant = rng.random((40, 25)) < 0.3
    relevant[:, 20] = True
    found = of_rankings(relevant, depth=7)
    for row, *values in zip(relevant, *found.values()):
        variants = average_precision_variants(row, 7)
        assert values == pytest.approx([*(variants[name] for name in ("full", "depth_over_found", "depth_over_possible",
                                                                      "depth_over_all")), row[:7].mean()])


def test_a_gallery_smaller_than_the_depth():
    relevant = np.array([[0, 1, 1, 0]], bool)
    assert {key: float(value[0]) for key, value in of_rankings(relevant, depth=30).items()} == pytest.approx(
        {"map": (1 / 2 + 2 / 3) / 2, "map_at_30": (1 / 2 + 2 / 3) / 2, "map_at_30_possible": (1 / 2 + 2 / 3) / 2,
         "map_at_30_all": (1 / 2 + 2 / 3) / 2, "precision_at_30": 1 / 2})


def test_every_figure_has_a_name_and_a_sentence_of_its_own():
    rows = definitions(12)
    assert len({name for name, _ in rows.values()}) == len({text for _, text in rows.values()}) == len(rows) == 5
    assert all(key == "map" or "12" in name and "12" in key for key, (name, _) in rows.items())
