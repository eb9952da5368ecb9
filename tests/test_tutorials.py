"""The committed notebooks: every cell was run, in order and without an error, and the frame is the same in all.

What they and the READMEs say of the package is there: files by their paths, modules and what is in them by name.
"""
import json
import re
import runpy
from pathlib import Path
from pydoc import locate

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "tutorials"
NOTEBOOKS = sorted(FOLDER.glob("[0-9]*.ipynb"))
FRAME = ("**What you'll do.**", "**What you'll learn.**", "**What you'll need.**", "## 1. ", "## On your own",
         "<details><summary>Solutions</summary>", "</details>", "## Further reading")


WRITTEN = (*NOTEBOOKS, *(ROOT / name / "README.md" for name in ("", "scratchnet", "tutorials", "benchmarks",
                                                                "benchmarks/results")))
PATH = re.compile(r"(?<![\w/.-])(?:scratchnet|benchmarks|tests|tutorials)/[\w./-]*[\w/]")
FILE = re.compile(r"`(\w+\.(?:py|cu))`")
IMPORT = re.compile(r"^ *from (scratchnet[\w.]*) import (\w+(?:, \w+)*)", re.MULTILINE)
NAME = re.compile(r"(?<![\w/.-])scratchnet(?:\.[A-Za-z_]\w*)+")


def cells(path, kind):
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == kind]


def text_of(path):
    return "\n\n".join("".join(cell["source"]) for cell in cells(path, "markdown"))


def everything_of(path):
    """Return all that a reader sees of a notebook but outputs, or a text as it is."""
    if path.suffix == ".md":
        return path.read_text()
    return "\n\n".join("".join(cell["source"]) for cell in json.loads(path.read_text())["cells"])


def missing_paths(text):
    """Return the paths of files and folders in a text that do not exist, and files by name alone that are nowhere."""
    known = {file.name for folder in ("scratchnet", "benchmarks", "tests") for file in (ROOT / folder).rglob("*.*")}
    return sorted({path for path in PATH.findall(text) if not (ROOT / path).exists()} | {*FILE.findall(text)} - known)


def missing_names(text):
    """Return the dotted names in a text, and what it imports, that the package does not have."""
    imported = {f"{module}.{name}" for module, names in IMPORT.findall(text) for name in names.split(", ")}
    return sorted(name for name in imported | {*NAME.findall(text)} if locate(name) is None)


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.relative_to(ROOT).as_posix())
class TestWhatIsNamedExists:
    def test_files(self, path):
        assert not missing_paths(everything_of(path))

    def test_names(self, path):
        assert not missing_names(everything_of(path))


def test_what_does_not_exist_is_found():
    text = ("`scratchnet/layers/fused.py`, tests/strict.py `scratchnet/layers/conv.py`, benchmarks/results. `gone.py`\n"
            "from scratchnet.retrieval import DISTANCES, ranked\n`scratchnet.layers.base.Layer`, `scratchnet.train`")
    assert missing_paths(text) == ["gone.py", "scratchnet/layers/fused.py", "tests/strict.py"]
    assert missing_names(text) == ["scratchnet.retrieval.ranked", "scratchnet.train"]


def test_notebooks_are_numbered_without_a_gap_and_on_the_map():
    assert [path.name[:2] for path in NOTEBOOKS] == [f"{i:02}" for i in range(1, len(NOTEBOOKS) + 1)]
    assert re.findall(r"\]\((\d\d.*?\.ipynb)\)", (FOLDER / "README.md").read_text()) == [p.name for p in NOTEBOOKS]


def test_a_cell_that_fails_is_named_in_one_line():
    failure = runpy.run_path(str(FOLDER / "run_all.py"))["failure"]
    broken = {"output_type": "error", "ename": "AssertionError", "evalue": "this\nis not so", "traceback": ["..."]}
    listed = [{"cell_type": "markdown"}, {"outputs": []}, {"outputs": [{"output_type": "stream"}, broken]}]
    assert failure(listed) == "cell 3 failed (AssertionError: this is not so)"
    assert failure(listed[:2]) is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestNotebook:
    def test_outputs_are_of_one_run_from_top_to_bottom(self, path):
        counts = [cell["execution_count"] for cell in cells(path, "code")]
        assert counts == list(range(1, len(counts) + 1))

    def test_no_output_is_an_error_or_a_warning(self, path):
        for cell in cells(path, "code"):
            for output in cell["outputs"]:
                assert output["output_type"] != "error"
                assert output.get("name") != "stderr", output["text"]

    def test_outputs_are_complete(self, path):
        """A cell that prints has printed, and one that draws has a picture."""
        for cell in cells(path, "code"):
            source = "".join(cell["source"])
            if re.search(r"^print\(", source, re.MULTILINE):
                assert any(output["output_type"] == "stream" for output in cell["outputs"]), source
            if "plt.show()" in source:
                assert any("image/png" in output.get("data", {}) for output in cell["outputs"]), source

    def test_frame(self, path):
        text = text_of(path)
        places = [text.find(part) for part in FRAME]
        assert -1 not in places and places == sorted(places)

    def test_three_exercises_have_three_solutions(self, path):
        questions, _, solutions = text_of(path).partition("## On your own")[2].partition(FRAME[5])
        for part in (questions, solutions.partition("</details>")[0]):
            assert re.findall(r"^(\d)\. ", part, re.MULTILINE) == ["1", "2", "3"]

    def test_ends_in_assertions(self, path):
        assert "assert " in "".join(cells(path, "code")[-1]["source"])

    def test_nothing_of_the_machine_it_ran_on(self, path):
        assert not re.search(r"/(tmp|home|root|work|Users)/\w", path.read_text())
