"""JSON that people can read; that a file is whole or not there is tested with checkpoints, in test_checkpoint.py."""
import json

from scratchnet import files


def test_json_has_lists_of_numbers_in_one_line_and_loses_nothing(tmp_path):
    value = {"confusion": [[1, -2], [3e-7, 4.5]], "names": ["a [1,\n  2]", "[1,   2]"], "none": [],
             "rows": [{"x": [1]}, 2]}
    files.write_json(tmp_path / "a.json", value)
    text = (tmp_path / "a.json").read_text()
    assert json.loads(text) == value and "[1, -2],\n" in text
