"""Each error is one of the package, and the builtin that it promises to be, too."""
import pytest

from scratchnet import errors

PROMISED = {
    "ScratchnetError": Exception, "InputError": ValueError, "SettingsError": ValueError, "DataError": Exception,
    "CheckpointError": Exception, "BackendError": RuntimeError, "CapacityError": MemoryError, "OutputError": OSError,
    "NonFiniteError": FloatingPointError,
}


def test_no_class_is_forgotten():
    assert {name for name, value in vars(errors).items() if isinstance(value, type)} == set(PROMISED)


@pytest.mark.parametrize("name", PROMISED)
def test_a_program_can_catch_it_by_the_package_or_by_the_builtin(name):
    for kind in (errors.ScratchnetError, PROMISED[name]):
        with pytest.raises(kind) as caught:
            raise getattr(errors, name)("one line")
        assert str(caught.value) == "one line"


def test_the_package_has_no_error_that_a_bug_raises_too():
    """A TypeError or KeyError that escapes must stay recognisable as a bug."""
    assert not [name for name in PROMISED
                if issubclass(getattr(errors, name), TypeError | LookupError | AttributeError | AssertionError)]


@pytest.mark.parametrize("text, line", [
    ("plain, with é, 图片 and “quotes”", "plain, with é, 图片 and “quotes”"),
    ("  indented", "  indented"),
    ("first\n    second\r\nthird", "first second third"),
    ("a\u2028b\x85c\x0bd", "a b c d"),
    ("\x1b[2Jgone\x07", "\\x1b[2Jgone\\x07"),
    ("not UTF-8: \udcff", "not UTF-8: \\udcff"),
    ("turned \u202e round", "turned \\u202e round"),
    ("a\tb\x00", "a\\tb\\x00"),
    (ValueError("of an\nerror"), "of an error"),
])
def test_any_text_becomes_one_printable_line(text, line):
    assert errors.in_a_line(text) == line and line.isprintable()
