"""Where the committed figures come from: each names its seed, the vector extension, and a commit of the history."""
import json
import re
import subprocess
from pathlib import Path

import pytest

from benchmarks.report import __main__ as report

ROOT = Path(__file__).parents[1]
COMMIT = re.compile(r"[0-9a-f]{40}")
UNCOMMITTED = {f"scratchnet/trained/{name}.json" for name in ("cifar10", "cifar100")}  # evaluated in an open merge


def entries(content):
    """Return what a file measured, each as (its own fields, its environment)."""
    if "run" in content:
        rows = [content["run"]]
    elif "runs" in content:
        rows = content["runs"]
    elif "environment" not in content:
        rows = content["rows"]
    else:
        rows = [content]
    whole = {key: content[key] for key in ("command", "environment") if key in content}  # of all rows at once
    return [(found, found["environment"]) for found in ({**whole, **row} for row in rows)]


def committed():
    """Return {path: entries} of all results and model cards."""
    paths = [path for folder in ("benchmarks/results", "scratchnet/trained")
             for path in sorted((ROOT / folder).rglob("*.json"))]
    return {path.relative_to(ROOT).as_posix(): entries(json.loads(path.read_text(encoding="utf-8"))) for path in paths}


def faults(own, environment):
    """Yield what an entry does not say of its origin."""
    if "seed" not in {**environment, **own}:
        yield "no seed"
    if not environment.get("simd"):
        yield "no vector extension"
    if not COMMIT.fullmatch(environment.get("commit") or ""):
        yield f"no commit, but {environment.get('commit')!r}"
    if not (own.get("command") or environment.get("command")):
        yield "no command"


def git(*arguments):
    return subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True, encoding="utf-8")


@pytest.fixture
def known():
    """The commits before the one that is tested, or a reason to skip."""
    top = git("rev-parse", "--show-toplevel")
    if top.returncode or Path(top.stdout.strip()) != ROOT:
        pytest.skip("this is no git checkout: its history cannot be asked")
    if git("rev-parse", "--is-shallow-repository").stdout.strip() == "true":
        pytest.skip("the clone is shallow: git fetch --unshallow brings the history that this test asks")
    return set(git("rev-list", "HEAD").stdout.split())


def test_every_committed_figure_says_where_it_comes_from():
    found = [f"{path}: {fault}" for path, rows in committed().items() for row in rows for fault in faults(*row)
             if not (path in UNCOMMITTED and fault.endswith("+changes'"))]
    assert not found, "\n".join(found)


def test_every_commit_that_is_named_is_in_the_history_or_said_to_be_lost(known):
    wrong = [f"{path}: {environment['commit']}" for path, rows in committed().items() for own, environment in rows
             if (environment["commit"].removesuffix("+changes") in known) == own.get("commit_lost", False)]
    assert not wrong, "\n".join(wrong)


def test_a_card_has_the_training_that_its_weights_come_from(known):
    for name in ("cifar10", "cifar100"):
        card = json.loads((ROOT / f"scratchnet/trained/{name}.json").read_text(encoding="utf-8"))
        assert card["training"]["command"].startswith("scratchnet reproduce")
        assert card["training"]["environment"]["commit"] in known


@pytest.mark.parametrize("own, environment, fault", [
    ({"seed": 0, "command": "x"}, {"simd": "X86_V3", "commit": "a" * 40}, None),
    ({}, {"seed": "fixed", "command": "x", "simd": "X86_V3", "commit": "a" * 40}, None),
    ({"command": "x"}, {"simd": "X86_V3", "commit": "a" * 40}, "seed"),
    ({"seed": 0, "command": "x"}, {"simd": "", "commit": "a" * 40}, "vector"),
    ({"seed": 0, "command": "x"}, {"simd": "X86_V3", "commit": "a" * 40 + "+changes"}, "commit"),
    ({"seed": 0, "command": "x"}, {"simd": "X86_V3", "commit": None}, "commit"),
    ({"seed": 0}, {"simd": "X86_V3", "commit": "a" * 40}, "command")])
def test_what_the_test_would_see(own, environment, fault):
    found = list(faults(own, environment))
    assert [] == found if fault is None else len(found) == 1 and fault in found[0]


def test_what_is_published_is_what_the_committed_results_give():
    report.main(["--check"])
