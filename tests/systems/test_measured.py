"""What was measured is filed under systems that exist, in the units in which it is printed."""
import json
from pathlib import Path

from scratchnet import systems
from scratchnet.data.cifar import NAMES
from scratchnet.systems import measured


def test_it_is_the_file_beside_it():
    assert json.loads(Path(measured.__file__).with_name("measured.json").read_text()) == measured.MEASURED


def test_every_figure_belongs_to_a_system_and_a_data_set():
    assert set(measured.MEASURED) <= set(systems.names())
    for found in measured.MEASURED.values():
        assert set(found) <= set(NAMES)
        for row in found.values():
            assert 0 <= row["top1"] <= 1 and row["seconds"] > 0
