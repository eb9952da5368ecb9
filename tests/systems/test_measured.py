"""What was measured is filed under systems that exist, in the units in which it is printed."""
import json
from pathlib import Path

import pytest

from scratchnet import documents, systems
from scratchnet.data.cifar import NAMES
from scratchnet.errors import CheckpointError
from scratchnet.systems import measured


def test_it_is_the_file_beside_it():
    stored = json.loads(Path(measured.__file__).with_name("measured.json").read_text())
    assert measured.measured().items() <= stored.items() and stored.keys() - measured.measured() == {"schema", "digest"}


def test_a_damaged_file_is_one_line(tmp_path, monkeypatch):
    content = Path(measured.__file__).with_name("measured.json").read_text()
    monkeypatch.setattr(measured, "files", lambda package: tmp_path)
    for wrong in (content.replace("0.8", "0.9"), content[:50], None):
        if wrong:
            (tmp_path / "measured.json").write_text(wrong)
        else:
            (tmp_path / "measured.json").unlink()
        with pytest.raises(CheckpointError, match="reinstall scratchnet") as error:
            measured.measured()
        assert str(error.value).isprintable()


def test_a_percentage_is_no_accuracy(tmp_path, monkeypatch):
    monkeypatch.setattr(measured, "files", lambda package: tmp_path)
    documents.write(tmp_path / "measured.json", {"pixels": {"cifar10": {"top1": 41.7, "seconds": 20.0}}})
    with pytest.raises(CheckpointError, match="top1 should be a share from 0 to 1, is 41.7"):
        measured.measured()


def test_every_figure_belongs_to_a_system_and_a_data_set():
    assert set(measured.measured()) <= set(systems.names())
    for found in measured.measured().values():
        assert set(found) <= set(NAMES)
        for row in found.values():
            assert 0 <= row["top1"] <= 1 and row["seconds"] > 0
