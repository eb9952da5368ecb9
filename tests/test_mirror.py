"""The tests mirror the package file by file: A/B.py is tested in A/test_B.py, and so is a kernel file A/B.cu.

What a package's __init__.py holds is tested in a file of the package's name, A/test_A.py, where there is something.
"""
from pathlib import Path

ROOT = Path(__file__).parents[1]
APART = ("campaign", "doubles", "mutants", "oracles")  # folders of tests that mirror nothing
ACROSS = {  # tests of what no single module is answerable for
    "test_benchmarks.py", "test_benchmarks_gpu.py", "test_readme.py", "test_tutorials.py",  # other files
    "test_provenance.py",  # committed results
    "test_imports.py", "test_mirror.py", "test_encodings.py",  # the shape of the package
    "test_inputs.py",  # what holds for all functions
    "test_unchanged.py",  # what changes must not change
    "gpu/test_on_a_gpu.py",  # what only a GPU can show
}


def expected(package):
    """Return (needed, allowed): the test files that must be there, and those that may be, relative to tests/."""
    needed, allowed = set(), set()
    for path in [*package.rglob("*.py"), *package.rglob("*.cu")]:
        folder = path.relative_to(package).parent
        if path.name == "__init__.py" and folder.name:
            allowed.add((folder / f"test_{folder.name}.py").as_posix())
        elif path.name not in ("__init__.py", "__main__.py"):
            needed.add((folder / f"test_{path.stem}.py").as_posix())
    return needed, allowed


def present(tests):
    """Return the test files that there are, relative to `tests`."""
    found = (path.relative_to(tests) for path in tests.rglob("test_*.py"))
    return {path.as_posix() for path in found if path.parts[0] not in APART}


def test_every_module_has_its_test_file():
    needed, _ = expected(ROOT / "scratchnet")
    assert sorted(needed - present(ROOT / "tests")) == []


def test_every_test_file_has_its_module():
    needed, allowed = expected(ROOT / "scratchnet")
    assert sorted(present(ROOT / "tests") - needed - allowed - ACROSS) == []


def test_the_list_of_exceptions_holds_only_what_is_there_and_needs_it():
    needed, allowed = expected(ROOT / "scratchnet")
    assert sorted(ACROSS - present(ROOT / "tests")) == [] and ACROSS.isdisjoint(needed | allowed)


def test_what_the_test_would_see(tmp_path):
    for name in ("package/a.py", "package/__init__.py", "package/__main__.py", "package/room/__init__.py",
                 "package/room/b.py", "package/room/kernels.cu", "package/room/data.json", "tests/test_a.py",
                 "tests/room/test_room.py", "tests/room/test_gone.py", "tests/doubles/test_double.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    needed, allowed = expected(tmp_path / "package")
    assert needed == {"test_a.py", "room/test_b.py", "room/test_kernels.py"} and allowed == {"room/test_room.py"}
    assert needed - present(tmp_path / "tests") == {"room/test_b.py", "room/test_kernels.py"}
    assert present(tmp_path / "tests") - needed - allowed == {"room/test_gone.py"}
