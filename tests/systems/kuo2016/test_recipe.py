"""The settings on which the paper is silent."""
from dataclasses import asdict

import numpy as np
import pytest

from scratchnet import trained
from scratchnet.errors import SettingsError
from scratchnet.systems.kuo2016 import RECIPES, Recipe
from scratchnet.systems.kuo2016.recipe import POOLINGS, SCHEDULES
from scratchnet.systems.ledger import LEDGER


def test_refuses_unknown_choices():
    for wrong in ({"pooling": "median"}, {"patches": "red"}, {"kernel_scale": "huge"}, {"convolution": "fft"},
                  {"schedule": "stairs"}, {"flip": "maybe"}, {"test_flip": "maybe"}, {"classifier": "sine"},
                  {"kernels": "random"}, {"identity": "maybe"}, {"border": "black"}):
        with pytest.raises(SettingsError, match="choose one of"):
            Recipe(**wrong)
    for wrong, words in (({"shift": -1}, "0 to 15"), ({"test_shift": 16}, "0 to 15"),
                         ({"kernels": "eigenpatches", "pretrained_layers": 2}, "choose pretrained_layers=1"),
                         ({"smoothing": 1.0}, "smoothing"), ({"dropout": 1.0}, "rate"),
                         ({"pretrained_layers": 4}, "1 to 3"), ({"patch_count": 1}, "at least 2, got 1"),
                         ({"margin": 0.2}, "of the classifier cosine, got 0.2"),
                         ({"margin": 2.0, "classifier": "cosine"}, "below 2"),
                         ({"scale": 0.0, "classifier": "cosine"}, "scale of cosines must be above 0"),
                         ({"patch_count": 9, "pretrained_layers": 2}, "at least 10, got 9")):
        with pytest.raises(SettingsError, match=words):
            Recipe(**wrong)


def test_changes_become_part_of_the_name():
    changed = Recipe().changed(["rate=0.1", "flip=yes"])
    assert changed == Recipe("paper+rate=0.1+flip=yes", rate=0.1, flip=True) and Recipe().changed([]) == Recipe()
    for wrong, words in (("rat=0.1", "did you mean .rate."), ("rate=fast", "a value like 0.03"),
                         ("flip", "a value like False")):
        with pytest.raises(SettingsError, match=words):
            Recipe().changed([wrong])


def test_the_ledger_names_the_papers_recipe():
    (row,) = [row["ours"] for row in LEDGER if (row["system"], row["number"]) == ("kuo2016", 6)]
    for words in ("One cycle of the rate up to 0.03 and down to 0", "decay 5e-3", "momentum 0.9", "batches of 128"):
        assert words in row
    recipe = RECIPES["paper"]
    assert (recipe.momentum, recipe.schedule, recipe.rate, recipe.batch, recipe.weight_decay) == (
        0.9, "one_cycle", 0.03, 128, 5e-3)
    assert recipe == Recipe()


def test_recipe_best_is_that_of_the_bundled_weights():
    for name in trained.NAMES:
        settings = {**asdict(Recipe()), **trained.card(name)["settings"]}  # older cards lack what has been added
        assert settings == asdict(RECIPES["best"])


def test_recipe_2016_is_the_paper_trained_as_was_usual_then():
    assert RECIPES["2016"] == Recipe("2016", schedule="steps", rate=0.01, weight_decay=5e-4)
    assert {name: recipe.name for name, recipe in RECIPES.items()} == {name: name for name in RECIPES}


def test_a_choice_is_what_it_is_called():
    x = np.arange(32.0).reshape(1, 4, 4, 2)
    pooled = {name: make().forward(x)[0][0, 0, 0, 0] for name, make in POOLINGS.items()}
    assert pooled == {"max": 10, "mean": 5, "overlapping": 20}
    assert [SCHEDULES[name](1.0)(0.7) for name in ("steps", "one_cycle")] == [
        0.1, pytest.approx((1 + np.cos(np.pi * 4 / 7)) / 2)]
