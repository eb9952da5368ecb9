"""The pages say what is so: their Python runs, their commands exist, the tree is the tree."""
import re
from pathlib import Path

import pytest

from scratchnet import systems

ROOT = Path(__file__).parents[1]
README, INSIDE = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "scratchnet/README.md"))
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def test_its_python_runs(monkeypatch, capsys):
    monkeypatch.setitem(systems.system_class("kuo2016").presets, "quick", {"epochs": 1, "method": "cnn_rgb"})
    (block,) = BLOCK.findall(README)
    assert len(block.splitlines()) == 5
    exec(block, {})
    assert "a descriptor has 400 numbers" in capsys.readouterr().out


def test_the_python_of_the_page_within_runs():
    (block,), names = BLOCK.findall(INSIDE), {}
    exec(block, names)
    assert names["ids"].shape == (1, 30) and names["ids"][0, 0] == 0


def test_it_leads_in_in_six_hundred_words():
    text = re.sub(r"```.*?```|^    .*?$|<!--.*?-->|\]\([^)]*\)", "", README, flags=re.DOTALL | re.MULTILINE)
    assert len(text.split()) <= 600


def test_the_tree_is_the_tree():
    tree = INSIDE.partition("```\nscratchnet/\n")[2].partition("\n```")[0].partition("\ntests/")[0]
    for path in (ROOT / "scratchnet").iterdir():
        name = path.name + "/" if path.is_dir() else path.name
        if not name.startswith("__") and name != "README.md":
            assert re.search(rf"(?<![\w/]){re.escape(name)}", tree), f"{name} is not in the tree"
    for name in re.findall(r"[\w/]+\.py", tree):
        assert any((ROOT / "scratchnet").rglob(name)), f"the tree has {name}, which is not there"


@pytest.mark.parametrize("command", re.findall(r"^    scratchnet (\w+)", README, re.MULTILINE))
def test_its_commands_exist(command):
    from scratchnet.cli import main
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0


@pytest.mark.parametrize("page", ["README.md", "scratchnet/README.md", "benchmarks/README.md",
                                  "benchmarks/results/README.md", "tutorials/README.md"])
def test_links_lead_somewhere(page):
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert target.startswith("http") or (path.parent / target).exists(), f"{page}: {target}"
