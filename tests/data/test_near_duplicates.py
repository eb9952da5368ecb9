"""The lists of near-duplicates: complete, in range, and counted as published."""
import json
from importlib.resources import files

import numpy as np
import pytest

from scratchnet.data.near_duplicates import twins

FILE = json.loads((files("scratchnet.data") / "near_duplicates.json").read_text(encoding="utf-8"))
LISTS = FILE["pairs"]


@pytest.mark.parametrize("name, in_train, within_test, share", [("cifar10", 286, 39, 0.0325),
                                                                ("cifar100", 891, 104, 0.1)])
def test_they_are_those_of_the_publication(name, in_train, within_test, share):
    pairs = {part: np.array(LISTS[name][part]) for part in ("train", "test")}
    assert (len(pairs["train"]), len(pairs["test"])) == (in_train, within_test)
    assert (in_train + within_test) / 10_000 == pytest.approx(share, abs=6e-4)
    for part, size in (("train", 50_000), ("test", 10_000)):
        test, other, judgment = pairs[part].T
        assert len(np.unique(test)) == len(test) and (np.sort(test) == test).all()
        assert test.min() >= 0 and test.max() < 10_000 and other.min() >= 0 and other.max() < size
        assert set(judgment) <= {0, 1, 2}
    assert (pairs["test"][:, 0] != pairs["test"][:, 1]).all()
    assert "ciFAIR" in FILE["source"] and FILE["licence"]


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_both_images_of_a_pair_within_the_test_set_have_a_twin(name):
    found = twins(name)
    assert np.flatnonzero(found["train"]).tolist() == [test for test, *_ in LISTS[name]["train"]]
    others = {number for test, other, _ in LISTS[name]["test"] for number in (test, other)}
    assert set(np.flatnonzero(found["anywhere"])) == others | set(np.flatnonzero(found["train"]))
    assert found["anywhere"].sum() > found["train"].sum() and found["train"].dtype == bool


def test_nobody_has_looked_through_other_data_sets():
    assert twins("mini") is None
