"""What passes for a size and for an amount."""
from fractions import Fraction

import numpy as np
import pytest

from scratchnet.checks import counts, flags, not_negative, positive, real_type, typed
from scratchnet.errors import SettingsError


@pytest.mark.parametrize("value", [1, 7, np.int64(3), np.uint8(1), np.array(2), 10**30], ids=repr)
def test_whole_numbers_of_at_least_one_are_sizes(value):
    found, = positive(size=value)
    assert type(found) is int and found == value


@pytest.mark.parametrize("value", [0, -1, np.int8(-1), 1.0, 2.5, np.float32(3), True, np.True_, "3", None, [1],
                                   np.array([1, 2]), float("nan"), float("inf")], ids=repr)
def test_nothing_else_is_a_size(value):
    with pytest.raises(SettingsError, match="size must be a whole number of at least 1, got") as error:
        positive(size=value)
    assert repr(value) in str(error.value)


@pytest.mark.parametrize("value", [0, 0.0, 1e-30, 3, np.float32(0.5), np.int16(4), Fraction(1, 3)], ids=repr)
def test_finite_numbers_of_at_least_zero_are_amounts(value):
    not_negative(decay=value)


@pytest.mark.parametrize("value", [-1, -1e-30, float("nan"), float("inf"), -float("inf"), np.float64("nan"), True,
                                   False, np.True_, "0.1", None, 1j], ids=repr)
def test_nothing_else_is_an_amount(value):
    with pytest.raises(SettingsError, match="decay must be a finite number of at least 0, got"):
        not_negative(decay=value)


def test_counts_start_at_zero():
    assert counts(padding=0, shift=np.int8(3)) == [0, 3] and type(counts(shift=np.int8(3))[0]) is int
    for value in (-1, np.int64(-1), True, 1.0, None, float("nan")):
        with pytest.raises(SettingsError, match="padding must be a whole number of at least 0, got"):
            counts(padding=value)


def test_parameters_are_float32_or_float64():
    for dtype in (np.float32, "float64", float, np.dtype("f4")):
        real_type(dtype)
    for dtype in (np.int32, np.uint8, bool, np.float16, np.longdouble, complex, object, ">f4"):
        with pytest.raises(SettingsError, match="dtype must be float32 or float64, got"):
            real_type(dtype)


def test_what_is_typed_becomes_what_stood_there():
    assert [typed(text, False, "flip") for text in ("yes", "TRUE", "no", "False")] == [True, True, False, False]
    found = typed("3", 7, "batch"), typed("1e-3", 0.5, "rate"), typed("mean", "max", "pooling")
    assert found == (3, 0.001, "mean") and [type(value) for value in found] == [int, float, str]
    for text, example in (("maybe", True), ("1", False), ("2.5", 7), ("fast", 0.5), ("", 7)):
        with pytest.raises(SettingsError, match=f"^batch takes a value like {example}, got '{text}'$"):
            typed(text, example, "batch")


@pytest.mark.parametrize("check", [positive, counts, not_negative])
def test_the_one_that_is_wrong_is_named(check):
    check()
    with pytest.raises(SettingsError, match="^second must be"):
        check(first=1, second=-1, third=1)


def test_what_is_yes_or_no():
    assert flags(a=1, b=np.False_, c=True) == [True, False, True] and all(type(v) is bool for v in flags(a=1, b=0))
    for wrong in (2, "yes", None, np.nan):
        with pytest.raises(SettingsError, match="flip must be yes or no, got"):
            flags(shift=True, flip=wrong)
