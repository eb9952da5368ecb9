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
