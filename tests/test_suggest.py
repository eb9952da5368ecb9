"""Did you mean …?"""
import pytest

from scratchnet.suggest import nearest

NAMES = ("euclidean", "manhattan", "angular")


@pytest.mark.parametrize("name, meant", [
    ("euclidian", "euclidean"), ("manhatten", "manhattan"), ("angle", "angular"), ("angular", "angular")])
def test_the_nearest_name_is_suggested(name, meant):
    assert nearest(name, NAMES) == f" (did you mean {meant!r}?)"


@pytest.mark.parametrize("name, names", [("hamming", NAMES), ("", NAMES), ("angular", ())])
def test_nothing_is_suggested_where_nothing_is_near(name, names):
    assert nearest(name, names) == ""


def test_the_keys_of_a_dict_are_names_as_well():
    assert nearest("bach", {"batch": 128, "rate": 0.1}) == " (did you mean 'batch'?)"
