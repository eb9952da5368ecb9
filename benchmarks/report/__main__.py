"""Draws the plots and writes the tables in the READMEs from the JSON of earlier runs.

    python -m benchmarks.report [--pictures | --check]
    python -m benchmarks.report --results mine

Results of one's own, laid out as benchmarks/results, get pages of their own, README.md and benchmarks/README.md in
their folder: what is published here is written from the committed results only.
"""
import argparse
import shutil
import tempfile
from pathlib import Path

from scratchnet.errors import ScratchnetError
from scratchnet.files import atomic_write

from . import (
    MARKS,
    ablations,
    baselines,
    coates,
    figure9,
    gpu,
    hashing,
    headline,
    paper,
    pictures,
    pretraining,
    search,
    speed,
    systems,
)

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "benchmarks/results"
PAGES = {"README.md": ("headline",),
         "benchmarks/results/README.md": ("paper", "figure9", "baselines", "systems", "coates", "hashing",
                                          "pretraining", "ablations", "speed"),
         "benchmarks/README.md": ("breakdown", "search", "gpu")}
WRITTEN = (*PAGES, "scratchnet/systems/measured.json")


def main(arguments=None):
    """Write everything that a folder of results, laid out as benchmarks/results, allows."""
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--results", type=Path, default=COMMITTED, metavar="DIR")
    p.add_argument("--root", type=Path, metavar="DIR", help="where README.md and benchmarks/ lie (default: this "
                   "checkout for its own results, else the folder of the results)")
    p.add_argument("--check", action="store_true", help="write nothing, and fail if something would change")
    p.add_argument("--pictures", action="store_true",
                   help="also draw the paper's figures, which takes the data sets and a minute")
    options = p.parse_args(arguments)
    root = options.root or (ROOT if options.results.resolve() == COMMITTED else make_pages(options.results))
    try:
        if options.check:
            check(options.results, root)
        else:
            write(options.results, root)
            if options.pictures:
                pictures.write(options.results / "paper")
    except ScratchnetError as error:
        raise SystemExit(f"error: {error}") from None


def write(results, root):
    """Draw the plots beside the results and write the tables of the pages under `root`."""
    if not any(results.rglob("*.json")):
        raise SystemExit(f"error: {results} holds no JSON: run the benchmarks with --json first")
    speed.write(results / "speed", root)
    gpu.write(results / "gpu", root)
    paper.write(results / "paper", root)
    for part in (figure9, systems, coates, hashing, pretraining, baselines, search, headline):
        part.write(results, root)
    ablations.write(results / "ablations", root)


def make_pages(folder):
    """Make pages with a place for each table in a folder, where there are none, and return it."""
    for page, names in PAGES.items():
        if not (folder / page).exists():
            with atomic_write(folder / page) as file:
                file.write(("\n".join("".join(MARKS).format(name, name) for name in names) + "\n").encode())
    return folder


def check(results, root):
    """End the program with a line if the pages under `root` are not what the results give."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(results, copy / "results", ignore=shutil.ignore_patterns("*.png"))
        for name in WRITTEN:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, copy / name)
        write(copy / "results", copy)
        changed = [name for name in WRITTEN if (copy / name).read_bytes() != (root / name).read_bytes()]
    if changed:
        raise SystemExit(f"error: {', '.join(changed)} is not what {results} gives: run python -m benchmarks.report")


if __name__ == "__main__":
    main()
