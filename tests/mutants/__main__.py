"""Do the tests see bugs? Plant each in a copy of the package and run the tests that must see it.

    python -m tests.mutants                              all: half an hour on two cores
    python -m tests.mutants --only retrieval/ "a seed"   those whose file or words hold one of these texts
    python -m tests.mutants --sample 20 --seed 1         some, as .ci/run does

A mutant is caught if a test fails, or runs for longer than --limit seconds. Survivors are printed at the end with the
rate; more than --bound of them are an error. The tests are run without any bug first, unless --trust says that they
have just passed: a test that fails anyway sees nothing.
"""
import argparse
import compileall
import json
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from queue import SimpleQueue

from .table import ROOT, mutants

NEEDED = ("scratchnet", "tests", "benchmarks", "README.md", "setup.cfg", "pyproject.toml")
FAILED = (1, 2)  # pytest's exit codes where a test failed, or could not even be imported


def copy_of_the_tree(folder):
    """Copy what tests need to `folder`, compiled, and return the copy."""
    for name in NEEDED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, folder / name)
    compileall.compile_dir(folder / "scratchnet", quiet=2)
    return folder


class Tree:
    """A copy of the project in a folder, and the process that runs tests in it."""

    def __init__(self, folder):
        folder.mkdir()
        self.path, self.planted, self._log = copy_of_the_tree(folder), 0, folder / "log"
        variables = {**os.environ, "PYTHONPATH": str(folder), "MPLBACKEND": "agg"}
        variables.pop("PYTHONDONTWRITEBYTECODE", None)  # the tests themselves would be compiled again each time
        self._process = subprocess.Popen([sys.executable, Path(__file__).with_name("warm.py").absolute()], cwd=folder,
                                         env=variables, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self, tests, limit):
        """Return pytest's exit code, None where it ran past the limit, and what it said."""
        request = {"tests": list(tests), "log": str(self._log), "limit": limit}
        print(json.dumps(request), file=self._process.stdin, flush=True)
        code = json.loads(self._process.stdout.readline())
        return code, self._log.read_text(encoding="utf-8", errors="replace")

    def close(self):
        """End the process."""
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def trial(mutant, tree, limit):
    """Plant a mutant in a copy of the tree, run its tests, and take it out again; return its fate in one word."""
    path = tree.path / "scratchnet" / mutant.file
    sound, stamp = path.read_text(encoding="utf-8"), path.stat()
    path.write_text(mutant.planted_in(sound), encoding="utf-8")
    tree.planted += 1
    os.utime(path, (stamp.st_atime, stamp.st_mtime + tree.planted))  # what was compiled from another text is not taken
    try:
        code, said = tree.run(mutant.tests, limit)
    finally:
        path.write_text(sound, encoding="utf-8")
        os.utime(path, (stamp.st_atime, stamp.st_mtime))
    if code not in (0, None, *FAILED):
        raise SystemExit(f"pytest ended with {code} on {mutant}:\n{said}")
    return {0: "SURVIVED", None: "hung"}.get(code, "caught")


def main(arguments=None):
    """Run the chosen mutants and return the exit code: 1 if too many survive."""
    parser = argparse.ArgumentParser("python -m tests.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[""], metavar="TEXT", help="mutants whose file or words hold one")
    parser.add_argument("--sample", type=int, metavar="N", help="so many of them, drawn by --seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="mutants at a time (default: 1)")
    parser.add_argument("--limit", type=float, default=300, metavar="S", help="seconds until a test counts as hung")
    parser.add_argument("--trust", action="store_true", help="do not run the tests without any bug first")
    parser.add_argument("--bound", type=int, default=3, metavar="N", help="survivors that are no error (default: 3)")
    options = parser.parse_args(arguments)
    chosen = [mutant for mutant in mutants() if any(text.lower() in str(mutant).lower() for text in options.only)]
    if options.sample:
        chosen = random.Random(options.seed).sample(chosen, min(options.sample, len(chosen)))
    start, survivors, trees = time.monotonic(), [], SimpleQueue()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack, ThreadPoolExecutor(options.jobs) as pool:
        for job in range(options.jobs):
            trees.put(stack.enter_context(closing(Tree(Path(folder, str(job)).absolute()))))
        if not options.trust:
            tree = trees.get()
            code, said = tree.run(sorted({test for mutant in chosen for test in mutant.tests}), math.inf)
            trees.put(tree)
            if code:
                raise SystemExit(f"without any bug, the tests fail, so that they would tell nothing:\n{said}")
            print(f"without any bug, the tests pass ({time.monotonic() - start:.0f} s)", flush=True)

        def one(mutant):
            tree, begin = trees.get(), time.monotonic()
            try:
                return mutant, trial(mutant, tree, options.limit), time.monotonic() - begin
            finally:
                trees.put(tree)
        for mutant, fate, seconds in pool.map(one, chosen):
            print(f"{fate:8} {seconds:4.0f} s  {mutant}", flush=True)
            survivors += [mutant] if fate == "SURVIVED" else []
    print(f"{len(survivors)} of {len(chosen)} mutants survived ({len(survivors) / max(len(chosen), 1):.1%}) in "
          f"{time.monotonic() - start:.0f} s", *survivors, sep="\n  ")
    return int(len(survivors) > options.bound)


if __name__ == "__main__":
    sys.exit(main())
