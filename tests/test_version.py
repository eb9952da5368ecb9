"""The version is stated once."""
import configparser
import re
from pathlib import Path

import scratchnet
from scratchnet import version

ROOT = Path(__file__).parents[1]


def test_the_build_reads_the_version_from_the_only_place_that_states_it():
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    assert settings["metadata"]["version"] == "attr: scratchnet.version.__version__"
    assert scratchnet.__version__ == version.__version__
    assert "version" not in re.findall(r"^(\w+) *=", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.M)


def test_the_version_is_one_that_installers_can_order():
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc|\.dev)\d+)?", version.__version__)
