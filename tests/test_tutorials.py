"""The committed notebooks: every cell was run, in order and without an error, and the frame is the same in all."""
import json
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "tutorials"
NOTEBOOKS = sorted(FOLDER.glob("[0-9]*.ipynb"))
FRAME = ("**What you'll do.**", "**What you'll learn.**", "**What you'll need.**", "## 1. ", "## On your own",
         "<details><summary>Solutions</summary>", "</details>", "## Further reading")


def cells(path, kind):
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == kind]


def text_of(path):
    return "\n\n".join("".join(cell["source"]) for cell in cells(path, "markdown"))


def test_notebooks_are_numbered_without_a_gap_and_on_the_map():
    assert [path.name[:2] for path in NOTEBOOKS] == [f"{i:02}" for i in range(1, len(NOTEBOOKS) + 1)]
    assert re.findall(r"\]\((\d\d.*?\.ipynb)\)", (FOLDER / "README.md").read_text()) == [p.name for p in NOTEBOOKS]


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
