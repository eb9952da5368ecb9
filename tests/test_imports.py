"""Imports run one way: each room may use those above it in this list, and nothing below or in a circle.

Imports inside functions count, too. The one exception is the registry of systems, which imports a system by its name
when somebody asks for it.
"""
import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "scratchnet"
ROOMS = [  # what stands in one line does not import each other
    ["errors", "suggest", "version", "discovery", "memory", "workspace"],
    ["backend", "checks", "locks", "progress", "randomness", "schema"],
    ["files", "gpu", "parallel"],
    ["checkpoint", "documents", "environment", "layers"],
    ["losses"],
    ["fusion", "folding", "metrics", "statistics", "gradcheck"],
    ["network"],
    ["training", "data", "retrieval"],
    ["linear", "unsupervised"],
    ["systems"],
    ["trained", "plotting", "gradcheck_cases"],
    ["report", "benchmark"],
    ["experiments"],
    ["cli"],
    ["__init__", "__main__"],
]
RANK = {room: rank for rank, rooms in enumerate(ROOMS) for room in rooms}


def modules():
    """Return {dotted name: path} of all modules, packages under their own name."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)] = path
    return found


def imported(name, path, known):
    """Return the modules of the package that a module imports."""
    parts = name.split(".")
    package = parts if path.name == "__init__.py" and name != "__init__" else parts[:-1]
    targets = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[:len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
            for alias in node.names:
                full, plain = ".".join([*base, alias.name]), ".".join(base)
                targets.add(full if full in known else plain if plain in known else "__init__")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "scratchnet":
            raise AssertionError(f"{name} imports scratchnet by its full name: use a relative import")
    return targets - {name}


def graph():
    known = modules()
    return {name: imported(name, path, known) for name, path in known.items()}


def test_every_room_is_in_the_list():
    assert {name.split(".")[0] for name in modules()} == set(RANK)


def test_no_arrow_runs_back():
    back = [f"{name} imports {target}" for name, targets in graph().items() for target in targets
            if (a := name.split(".")[0]) != (b := target.split(".")[0]) and RANK[a] <= RANK[b]]
    assert not back, "\n".join(back)


def test_no_circle():
    arrows, done = graph(), set()

    def walk(name, way):
        assert name not in way, " imports ".join([*way[way.index(name):], name])
        if name not in done:
            for target in sorted(arrows[name]):
                walk(target, [*way, name])
            done.add(name)
    for name in sorted(arrows):
        walk(name, [])


def test_what_the_test_would_see(tmp_path):
    """A module that imports upward, by a parent's name or inside a function, is seen."""
    path = tmp_path / "conv.py"
    path.write_text("from .. import systems\n\ndef late():\n    from ..network import Network\n    return Network\n")
    assert imported("layers.conv", path, {"systems": 1, "network": 1, "layers": 1}) == {"systems", "network"}
