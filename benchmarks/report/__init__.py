"""From the JSON of earlier runs to plots, and to the tables between the marks of the READMEs."""
import json

import numpy as np

from scratchnet.benchmark.timing import duration

MARKS = "<!-- {}: written by python -m benchmarks.report -->\n", "<!-- /{} -->"
NAMES = {"numpy": "scratchnet", "cupy": "scratchnet, GPU", "torch": "PyTorch", "torch-nchw": "PyTorch",
         "faiss": "FAISS", "scipy": "SciPy"}


def read(folder):
    """Return {name: content} of the JSON files of a folder."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def settings_of(row):
    """Return the settings of a run or candidate; the first ones were written when yes and no were words."""
    return {name: {"yes": True, "no": False}.get(value, value) if name in ("flip", "test_flip") else value
            for name, value in row["settings"].items()}


def write_between(path, name, text):
    """Replace what stands between the marks of `name` in a file."""
    begin, end = (mark.format(name) for mark in MARKS)
    old = path.read_text(encoding="utf-8")
    if begin not in old or end not in old:
        raise SystemExit(f"error: {path} has no place for a table: add the lines {begin.strip()} and {end}")
    path.write_text(old[:old.index(begin)] + begin + text + old[old.index(end):], encoding="utf-8")


def amount(rows):
    """Return the median time of some runs, or their memory where no time was taken, with its unit."""
    if "median_ms" not in rows[0]:
        return f"{np.median([row['peak_mb'] for row in rows]):.0f} MB"
    return duration(np.median([row["median_ms"] for row in rows]))
