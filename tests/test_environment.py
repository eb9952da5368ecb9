"""What every results file says of where it came from."""
import json
import os
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from scratchnet import environment as module
from scratchnet.environment import environment, free_memory, peak_memory
from scratchnet.parallel import default_threads
from scratchnet.version import __version__

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def test_it_tells_machine_versions_commit_and_date():
    found = environment(np, threads=3)
    assert set(found) == {"scratchnet", "python", "numpy", "scipy", "blas", "cpu", "simd", "cores", "threads",
                          "backend", "device", "precision", "commit", "date"}
    assert json.loads(json.dumps(found)) == found
    assert (found["scratchnet"], found["numpy"], found["threads"]) == (__version__, np.__version__, 3)
    assert (found["backend"], found["device"], found["precision"]) == ("numpy", found["cpu"], "float32")
    date = datetime.fromisoformat(found["date"])
    assert date.tzinfo == UTC and abs(datetime.now(UTC) - date) < timedelta(minutes=1)
    assert all(found[key] for key in ("blas", "cpu")) and found["blas"] != "unknown"


def test_threads_are_one_per_core_where_nobody_says_otherwise():
    found = environment(np)
    assert found["threads"] == found["cores"] == default_threads() >= 1


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A source tree of its own under git, with one commit, in which the module believes to lie."""
    folder = tmp_path / "tree"
    (folder / "scratchnet").mkdir(parents=True)
    (folder / "scratchnet/environment.py").write_text("first\n")
    (folder / "README.md").write_text("first\n")
    monkeypatch.setattr(module, "__file__", str(folder / "scratchnet/environment.py"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    for variable in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(variable, raising=False)

    def git(*arguments):
        settings = ("-c", "user.name=A Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
        return subprocess.run(["git", "-C", folder, *settings, *arguments], check=True, capture_output=True,
                              text=True).stdout.strip()
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "First")
    return folder, git


@needs_git
def test_the_commit_is_the_trees_own(tree):
    folder, git = tree
    commit = environment(np)["commit"]
    assert commit == git("rev-parse", "HEAD") and len(commit) == 40 and set(commit) <= set("0123456789abcdef")


@needs_git
@pytest.mark.parametrize("change", ["scratchnet/environment.py", "scratchnet/new.py"])
def test_a_changed_package_is_marked(change, tree):
    folder, git = tree
    (folder / change).write_text("second\n")
    assert environment(np)["commit"] == git("rev-parse", "HEAD") + "+changes"


@needs_git
def test_a_change_elsewhere_in_the_tree_is_no_change_of_the_package(tree):
    folder, git = tree
    (folder / "README.md").write_text("second\n")
    assert environment(np)["commit"] == git("rev-parse", "HEAD")


@needs_git
def test_a_package_inside_another_projects_tree_has_no_commit(tree, monkeypatch):
    folder, _ = tree
    (folder / "site-packages/scratchnet").mkdir(parents=True)
    monkeypatch.setattr(module, "__file__", str(folder / "site-packages/scratchnet/environment.py"))
    assert environment(np)["commit"] is None


def test_outside_a_tree_there_is_no_commit(tmp_path, monkeypatch):
    (tmp_path / "scratchnet").mkdir()
    monkeypatch.setattr(module, "__file__", str(tmp_path / "scratchnet/environment.py"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert environment(np)["commit"] is None


def test_without_git_there_is_no_commit(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environment(np)["commit"] is None


def test_a_git_that_hangs_or_speaks_no_unicode_is_not_waited_for(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(module, "GIT_SECONDS", 0.2)
    for answer in ("sleep 60", "printf '\\377\\n'"):
        (tmp_path / "git").write_text(f"#!/bin/sh\nexec {answer}\n", encoding="utf-8")
        (tmp_path / "git").chmod(0o755)
        start = time.monotonic()
        assert environment(np)["commit"] is None and time.monotonic() - start < 10


def test_a_machine_that_says_nothing_of_itself(monkeypatch):
    """Neither what was installed, nor which processor it is, nor which BLAS."""
    def missing(*arguments, **settings):
        raise FileNotFoundError
    monkeypatch.setattr("importlib.metadata.version", missing)
    monkeypatch.setattr("pathlib.Path.read_text", missing)
    monkeypatch.setattr(module, "threadpool_info", list)
    found = environment(np)
    assert found["blas"] == "unknown" and found["cpu"] and found["numpy"] == np.__version__


def test_peak_memory_grows_by_what_is_held_in_megabytes():
    before, blocks = peak_memory(), []
    for _ in range(int(before / 32) + 4):  # what was freed earlier has to be held again first
        blocks.append(np.ones(2**22))
        if peak_memory() > before + 8:
            break
    reached = peak_memory()
    assert reached > before
    blocks.append(np.ones(2**23))
    assert 56 < peak_memory() - reached < 90
    blocks.clear()
    assert peak_memory() >= reached + 56  # it is the most that was ever held


def test_free_memory_is_what_the_kernel_and_the_container_leave(monkeypatch):
    free = free_memory()
    assert free is None or 2**26 < free < 2**50
    files = {"/proc/meminfo": "MemTotal:  9000 kB\nMemFree:  1000 kB\nMemAvailable:    4000 kB\n"}

    def read(path, encoding):
        if path.as_posix() not in files:
            raise FileNotFoundError(path)
        return files[path.as_posix()]
    monkeypatch.setattr(module.Path, "read_text", read)
    assert free_memory() == 4000 * 1024
    files |= {"/sys/fs/cgroup/memory.max": "max\n", "/sys/fs/cgroup/memory.current": "700\n",
              "/sys/fs/cgroup/memory.stat": "anon 500\nfile 200\nfile_mapped 3\n"}
    assert free_memory() == 4000 * 1024
    files["/sys/fs/cgroup/memory.max"] = "1000\n"
    assert free_memory() == 1000 - 700 + 200
    files["/proc/meminfo"] = "nothing\n"
    assert free_memory() == 500
    files.clear()
    assert free_memory() is None
