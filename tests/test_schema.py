"""Forms: what fits, what does not, and that the message names the field."""
import pytest

from scratchnet import schema
from scratchnet.schema import All, Misfit, check, fits

FORM = {"name": schema.text, "rows": [{"x": schema.number, "note?": schema.text, ...: schema.count}],
        "size": (schema.nothing, schema.positive), "more?": {...: schema.anything}}
GOOD = {"name": "a", "rows": [{"x": 1.5, "k": 3}, {"x": 2, "note": "b"}], "size": None}


def test_what_fits_is_let_through():
    for change in ({}, {"size": 3}, {"rows": []}, {"more": {"b": [None]}}):
        check({**GOOD, **change}, FORM)
        assert fits({**GOOD, **change}, FORM)


@pytest.mark.parametrize("change, message", [
    ({"name": 3}, "name should be text, is 3"), ({"name": None}, "name should be text, is None"),
    ({"rows": {}}, "rows should be a list, is {}"), ({"rows": [3]}, "rows[0] should be an object, is 3"),
    ({"rows": [{"x": 1}, {}]}, "rows[1] lacks 'x'"), ({"rows": [{"x": "1"}]}, "rows[0].x should be a finite number"),
    ({"rows": [{"x": 1, "note": 2}]}, "rows[0].note should be text"),
    ({"rows": [{"x": 1, "k": -1}]}, "rows[0].k should be a whole number of at least 0, is -1"),
    ({"size": 0}, "size should be a whole number of at least 1, is 0"),
    ({"other": 1}, "it has 'other', which is unknown"),
    ({"more": 3}, "more should be an object"), ({"\x1b[31m": 1}, r"it has '\x1b[31m', which is unknown"),
    ({"name": ["x" * 999]}, "name should be text, is ['xxxxxxxxxxxxxx")])
def test_what_does_not_fit_is_named(change, message):
    with pytest.raises(Misfit) as error:
        check({**GOOD, **change}, FORM)
    assert str(error.value).startswith(message) and str(error.value).isprintable() and len(str(error.value)) < 150
    assert not fits({**GOOD, **change}, FORM)


def test_a_missing_key_and_another_kind_of_whole_are_named():
    with pytest.raises(Misfit, match="^it lacks 'name'$"):
        check({"rows": [], "size": None}, FORM)
    with pytest.raises(Misfit, match="^it should be an object, is 3$"):
        check(3, FORM)


def test_a_list_may_have_to_hold_something():
    check([1], [schema.count, ...])
    for wrong in ([], ["x"], {}):
        assert not fits(wrong, [schema.count, ...])
    assert fits([], [schema.count])


def test_all_forms_must_fit_in_turn():
    def short(value):
        """a short list"""
        return len(value) < 3
    form = All(([schema.count], short))
    assert fits([1, 2], form) and not fits([1, 2, 3], form) and not fits(3, form)
    with pytest.raises(Misfit, match=r"\[1\] should be a whole number"):
        check([1, None, 3, 4], form)


@pytest.mark.parametrize("form, right, wrong", [
    (schema.nothing, [None], [0, "", False]), (schema.anything, [None, [1]], []), (schema.text, ["", "a"], [None, 1]),
    (schema.truth, [True, False], [0, 1, None]), (schema.whole, [0, -5, 10**400], [1.0, True, "1", None]),
    (schema.count, [0, 7], [-1, True, 0.0]), (schema.positive, [1], [0, True, "1"]),
    (schema.number, [0, -1.5, 10**9], [float("nan"), float("inf"), 10**400, True, "1", None]),
    (schema.amount, [0, 2.5], [-1e-9, float("inf"), None]), (schema.share, [0, 1, 0.5], [-0.1, 1.1, float("nan")]),
    (schema.sha256, ["0a" * 32], ["0A" * 32, "0a" * 31, "0g" * 32, None]),
    (schema.exactly("a"), ["a"], ["b", None, ["a"]]),
    (schema.one_of({"a": 1, "b": 2}), ["a", "b"], ["c", None, [], "ab"])])
def test_single_values(form, right, wrong):
    assert [form(value) for value in right] == [True] * len(right)
    assert [form(value) for value in wrong] == [False] * len(wrong)
    assert form.__doc__


def test_settings_are_of_the_kinds_of_an_example():
    form = schema.like({"rate": 0.1, "epochs": 3, "flip": True, "name": "a", "inner": {"x": 1}, "none": None})
    check({"rate": 2, "inner": {}, "none": [1]}, form)
    for wrong in ({"rate": "2"}, {"rate": True}, {"epochs": 1.5}, {"flip": 1}, {"name": 1}, {"inner": {"x": None}},
                  {"inner": 3}, {"other": 1}):
        assert not fits(wrong, form)
