"""What an error means to a user, and that a bug keeps its traceback."""
import errno

import pytest

from scratchnet.cli.troubles import explain
from scratchnet.errors import DataError


def caught(function):
    try:
        function()
    except BaseException as error:
        return error


@pytest.mark.parametrize("error, words", [
    (DataError("as it says"), "as it says"),
    (MemoryError(), "not have enough memory or threads left (MemoryError)"),
    (MemoryError("Unable to allocate 9 GiB"), "left (Unable to allocate 9 GiB)"),
    (RuntimeError("can't start new thread"), "not have enough memory or threads left (can't start"),
    (PermissionError(errno.EACCES, "Permission denied", "a/b"), "cannot read or write a/b (Permission denied)"),
    (OSError(errno.EXDEV, "Invalid link", "a", None, "b"), "cannot read or write a or b (Invalid link)"),
    (OSError("a reason"), "cannot read or write a file or stream (a reason)"),
    ("\udcff".encode, "characters that cannot be used here"),
    (b"\xff".decode, "characters that cannot be used here"),
])
def test_what_a_user_can_mend_is_a_line(error, words):
    line = explain(caught(error) if callable(error) else error)
    assert words in line and len(line.splitlines()) == 1


@pytest.mark.parametrize("error", [TypeError("no"), AssertionError(), KeyError("x"), RuntimeError("no"),
                                   ModuleNotFoundError("no", name="scratchnet.gone"), RecursionError(),
                                   ImportError("cannot import name 'a' from 'scratchnet.b'", name="scratchnet.b")])
def test_a_bug_has_no_line(error):
    def fail():
        raise error
    assert explain(caught(fail)) is None


@pytest.mark.parametrize("content", ["raise AttributeError('it is broken')", "import gone.deeper", "1 / 0", "'",
                                     "def f():\n    raise OSError(2, 'No such file', 'fonts')\nf()"])
def test_a_library_that_cannot_be_imported_is_named(content, tmp_path, monkeypatch):
    (tmp_path / "neighbour").mkdir()
    (tmp_path / "neighbour/__init__.py").write_text("from . import inner", encoding="utf-8")
    (tmp_path / "neighbour/inner.py").write_text(content, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    line = explain(caught(lambda: __import__("neighbour")))
    name = "gone" if "gone" in content else "neighbour"
    assert f"the library {name} cannot be imported" in line and f"pip install --force-reinstall {name}" in line


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), SystemExit(2)])
def test_full_standard_output_is_named(error):
    full = OSError(28, "No space left on device")
    assert explain(error, full).startswith("cannot write to standard output (No space left on device): free some space")
    assert explain(ValueError("a bug"), full) is None
