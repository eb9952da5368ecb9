"""README says what is so: its Python runs, its tree is the tree."""
import re
from pathlib import Path

import pytest

from scratchnet import systems

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_python_runs(monkeypatch, capsys):
    monkeypatch.setitem(systems.system_class("kuo2016").presets, "quick", {"epochs": 1, "method": "cnn_rgb"})
    blocks, names = re.findall(r"```python\n(.*?)```", README, re.DOTALL), {}
    assert len(blocks[0].splitlines()) == 5
    for block in blocks:
        exec(block, names)
    assert "a descriptor has 400 numbers" in capsys.readouterr().out
    assert names["descriptors"].shape == (500, 400)


def test_its_tree_is_the_tree():
    tree = README.partition("```\nscratchnet/\n")[2].partition("\n```")[0].partition("\ntests/")[0]
    for path in (ROOT / "scratchnet").iterdir():
        name = path.name + "/" if path.is_dir() else path.name
        if not name.startswith("__"):
            assert re.search(rf"(?<![\w/]){re.escape(name)}", tree), f"{name} is not in README's tree"
    for name in re.findall(r"[\w/]+\.py", tree):
        assert any((ROOT / "scratchnet").rglob(name)), f"README's tree has {name}, which is not there"


@pytest.mark.parametrize("command", re.findall(r"^    scratchnet (\w+)", README, re.MULTILINE))
def test_its_commands_exist(command):
    from scratchnet.cli import main
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
