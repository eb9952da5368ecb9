"""JSON files that vouch for themselves: what is written is read, and nothing else."""
import json
import os

import pytest

from scratchnet import documents
from scratchnet.errors import CheckpointError
from scratchnet.schema import number, text

FORM = {"name": text, "values": [number]}
CONTENT = {"name": "ü", "values": [1, 2.5, 0.1 + 0.2]}


@pytest.fixture
def path(tmp_path):
    documents.write(tmp_path / "a.json", CONTENT)
    return tmp_path / "a.json"


def read(path):
    return documents.read(path, FORM, "make it again")


def refused(path):
    with pytest.raises(CheckpointError) as error:
        read(path)
    assert str(path) in str(error.value) and str(error.value).isprintable()
    return str(error.value)


def test_what_is_written_is_read_to_the_bit(path):
    assert read(path) == CONTENT and os.listdir(path.parent) == ["a.json"]
    documents.write(path, {"name": "tuples", "values": (1, 2)})
    assert read(path) == {"name": "tuples", "values": [1, 2]}


def test_the_digest_is_of_the_content_whatever_the_order_of_its_keys():
    one, two = {"a": 1, "b": {"c": 2, "d": [3, 4]}}, {"b": {"d": [3, 4], "c": 2}, "a": 1}
    assert documents.digest(one) == documents.digest(two) and len(documents.digest(one)) == 64
    for other in ({"a": 1, "b": {"c": 2, "d": [4, 3]}}, {"a": 1}, {"a": "1", "b": {"c": 2, "d": [3, 4]}}):
        assert documents.digest(other) != documents.digest(one)


def test_every_damaged_byte_is_noticed_or_harmless(path):
    whole, noticed = path.read_bytes(), 0
    for i in range(len(whole)):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 0x04]) + whole[i + 1:])
        try:
            assert read(path) == CONTENT  # white space
        except CheckpointError as error:
            noticed += 1
            assert "is damaged: make it again" in str(error)
    assert noticed > len(whole) * 0.8
    for length in range(0, len(whole) - 2, 3):
        path.write_bytes(whole[:length])
        assert "is damaged: make it again" in refused(path)


@pytest.mark.parametrize("edit", [
    lambda stored: stored.update(name="b"), lambda stored: stored["values"].append(1),
    lambda stored: stored.pop("name"), lambda stored: stored.update(schema=3), lambda stored: stored.pop("schema"),
    lambda stored: stored.pop("digest"), lambda stored: stored.update(digest=None),
    lambda stored: stored.update(digest="0" * 64)])
def test_an_edited_file_is_refused(edit, path):
    stored = json.loads(path.read_text())
    edit(stored)
    path.write_text(json.dumps(stored))
    assert "is damaged: make it again" in refused(path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"3", b'"text"', b"{}", b"\xff\xfe", b"\x00" * 50,
                                     b"[" * 100_000, b'{"a":' * 100_000, b"1" * 10_000, b'{"digest": NaN}'])
def test_what_is_no_document_is_refused(content, path):
    path.write_bytes(content)
    assert "is damaged" in refused(path)


def test_what_is_signed_but_of_another_form_is_refused_by_the_field(path):
    for content, words in (({"name": "b"}, "it lacks 'values'"), ({**CONTENT, "more": 1}, "it has 'more'"),
                           ({**CONTENT, "values": [1, None]}, "values[1] should be a finite number, is None"),
                           ({**CONTENT, "values": [float("nan")]}, "values[0] should be a finite number, is nan")):
        documents.write(path, content)
        assert f"does not hold what it should: {words}" in refused(path)


def test_other_versions_are_named(path):
    for version in (1, 3, "x", None, [1]):
        documents.write(path, {**CONTENT, "schema": version})
        assert "written by another version of scratchnet" in refused(path) and "upgrade" in refused(path)


@pytest.mark.parametrize("place", ["pipe", "folder", "zero", "loop", "missing"])
def test_only_a_regular_file_is_read(place, tmp_path):
    path = tmp_path / place
    {"pipe": os.mkfifo, "folder": os.mkdir, "zero": lambda path: os.symlink("/dev/zero", path),
     "loop": lambda path: os.symlink(path, path), "missing": lambda path: None}[place](path)
    assert "cannot read" in refused(path)


def test_a_file_that_is_too_large_is_not_read_to_its_end(path):
    with open(path, "wb") as file:
        file.truncate(1 << 40)
    assert "is damaged" in refused(path)
