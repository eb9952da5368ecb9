"""The settings on which the paper is silent."""
import pytest

from scratchnet.errors import SettingsError
from scratchnet.systems.kuo2016 import Recipe


def test_refuses_unknown_choices():
    for wrong in ({"pooling": "median"}, {"patches": "red"}, {"kernel_scale": "huge"}, {"convolution": "fft"},
                  {"schedule": "stairs"}, {"flip": "maybe"}, {"test_flip": "maybe"}):
        with pytest.raises(SettingsError, match="choose one of"):
            Recipe(**wrong)
    for wrong, words in (({"shift": -1}, "0 to 15"), ({"smoothing": 1.0}, "smoothing"), ({"dropout": 1.0}, "rate"),
                         ({"pretrained_layers": 4}, "1 to 3")):
        with pytest.raises(SettingsError, match=words):
            Recipe(**wrong)


def test_changes_become_part_of_the_name():
    changed = Recipe().changed(["rate=0.1", "flip=yes"])
    assert changed == Recipe("paper+rate=0.1+flip=yes", rate=0.1, flip=True) and Recipe().changed([]) == Recipe()
    for wrong, words in (("rat=0.1", "did you mean .rate."), ("rate=fast", "a value like 0.03"),
                         ("flip", "a value like False")):
        with pytest.raises(SettingsError, match=words):
            Recipe().changed([wrong])
