"""A result file is whole and its own, or it is refused in one line."""
import json

import numpy as np
import pytest

from scratchnet.errors import CheckpointError
from scratchnet.experiments.results import digest, read_result, write_result

ABOUT = {"dataset": "mini", "system": "pixels", "settings": {"epochs": 3, "sizes": (1, 2)}}
RUN = {"accuracy": {"top1": 0.25, "top2": 0.5}, "confusion": [[1, 2], [3, 4]], "name": "ü", "seconds": 0.1 + 0.2}


@pytest.fixture
def path(tmp_path):
    write_result(tmp_path / "run/result.json", ABOUT, RUN)
    return tmp_path / "run/result.json"


def test_what_is_written_is_read(path):
    assert read_result(path) == read_result(path, ABOUT) == RUN
    assert [entry.name for entry in path.parent.iterdir()] == ["result.json"]


def test_tuples_and_lists_are_the_same_to_a_reader(path):
    """JSON has no tuples: the digest is of what a reader will find."""
    write_result(path, {"a": (1, 2)}, {"b": ((3,), 4)})
    assert read_result(path, {"a": (1, 2)}) == {"b": [[3], 4]}


def test_the_digest_is_of_the_content_whatever_the_order_of_its_keys():
    one, two = {"a": 1, "b": {"c": 2, "d": [3, 4]}}, {"b": {"d": [3, 4], "c": 2}, "a": 1}
    assert digest(one) == digest(two) and len(digest(one)) == 64
    for other in ({"a": 1, "b": {"c": 2, "d": [4, 3]}}, {"a": 1}, {"a": "1", "b": {"c": 2, "d": [3, 4]}}):
        assert digest(other) != digest(one)


@pytest.mark.parametrize("edit", [
    lambda stored: stored["run"]["accuracy"].update(top1=0.99),
    lambda stored: stored["about"].update(dataset="cifar10"),
    lambda stored: stored["run"].update(more=1), lambda stored: stored["run"].pop("name"),
    lambda stored: stored.update(digest="0" * 64), lambda stored: stored.update(digest=None),
    lambda stored: stored.pop("run"), lambda stored: stored.pop("about")])
def test_an_edited_file_is_refused(edit, path):
    stored = json.loads(path.read_text())
    edit(stored)
    path.write_text(json.dumps(stored))
    with pytest.raises(CheckpointError, match="is damaged: delete it") as error:
        read_result(path)
    assert "\n" not in str(error.value) and str(path) in str(error.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"3", b'"text"', b"{}", b"\xff\xfe", b"\x00" * 50,
                                     b'{"about": 3, "run": {}}', b'{"about": {}, "run": 3}',
                                     b'{"about": [], "run": {}}'])
def test_a_damaged_file_is_refused(content, path):
    path.write_bytes(content)
    for about in (None, ABOUT):
        with pytest.raises(CheckpointError, match="is damaged"):
            read_result(path, about)


def test_half_a_file_is_refused(path):
    whole = path.read_bytes()
    for length in range(0, len(whole) - 2, 7):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match="is damaged"):
            read_result(path)


@pytest.mark.parametrize("about, words", [
    ({**ABOUT, "dataset": "cifar10"}, "another dataset:"), ({"dataset": "mini", "system": "pixels"}, "settings:"),
    ({**ABOUT, "seed": 0}, "another seed:"),
    ({**ABOUT, "settings": {"epochs": 4}, "system": "a"}, "settings, system:")])
def test_another_runs_file_is_refused(about, words, path):
    with pytest.raises(CheckpointError, match=words):
        read_result(path, about)


def test_files_from_before_there_was_a_digest_are_read(path):
    stored = json.loads(path.read_text())
    del stored["digest"]
    path.write_text(json.dumps(stored))
    assert read_result(path, ABOUT) == RUN


def test_numbers_come_back_to_the_bit(path, rng):
    values = rng.standard_normal(50).tolist()
    write_result(path, ABOUT, {"values": values, "float16": float(np.float16(0.1))})
    assert read_result(path) == {"values": values, "float16": float(np.float16(0.1))}
