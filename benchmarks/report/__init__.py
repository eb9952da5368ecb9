"""From the JSON of earlier runs to plots, and to the tables between the marks of the READMEs."""
import numpy as np

from scratchnet import documents
from scratchnet.benchmark.timing import duration
from scratchnet.files import atomic_write
from scratchnet.report.paper_tables import LABELS, TITLES
from scratchnet.schema import amount, anything, count, nothing, number, one_of, positive, share, text, truth
from scratchnet.systems.kuo2016 import RECIPES

MARKS = "<!-- {}: written by python -m benchmarks.report -->\n", "<!-- /{} -->"
NAMES = {"numpy": "scratchnet", "cupy": "scratchnet, GPU", "torch": "PyTorch", "torch-nchw": "PyTorch",
         "faiss": "FAISS", "scipy": "SciPy"}
UNTRAINED = {"untrained": "the untrained network", "kernels": "the untrained network with pre-trained kernels"}

ROW = {"case": text, "backend": text, "peak_mb?": (nothing, amount), "median_ms?": amount, "spread_ms?": [amount],
       "batch?": positive, "metric?": text, "layer?": text, "curve?": text, "x?": positive, "slope?": number,
       "page_faults?": amount, "system_ms?": amount, "precision?": text, "ratio_to_torch?": amount,
       "ratio_to_faiss?": amount, "ratio_to_one_thread?": amount, ...: anything}
TIMES = {  # of a benchmark
    "environment": {"date": text, "threads": positive, "cpu": text, "numpy": text, "blas": text,
                    "device": (nothing, text), "peers": {...: text}, ...: anything}, "rows": [ROW]}
SEARCH = {"rows": [{  # of the recipe search
    "dataset": one_of(TITLES), "method": one_of(LABELS), "epochs": positive, "seed": count, "validation": positive,
    "recipe": one_of(RECIPES), "settings": {...: (text, number, truth)},
    "history": [{"validation_top1": share, "train_top1": share, ...: number}],
    "angular?": {"map": share, "map_at_30": share}, "commit_lost?": truth, ...: anything}]}
BASELINES = {"rows": [{  # of benchmarks.baselines
    "baseline": one_of(UNTRAINED), "dataset": one_of(TITLES), "seed": count, "nearest_neighbour": share,
    "retrieval": documents.RETRIEVAL, "chance": {...: documents.FIGURES}, ...: anything}]}


def read(folder, form, pattern="*.json"):
    """Return {name: content} of the JSON files of a folder, all of one form.

    Raises
    ------
    CheckpointError
        If one of them is damaged or of another form.
    """
    return {path.stem: documents.read(path, form, "take it from the repository, or run what it holds again")
            for path in sorted(folder.glob(pattern))}


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
    with atomic_write(path) as file:
        file.write((old[:old.index(begin)] + begin + text + old[old.index(end):]).encode())


def amount(rows):
    """Return the median time of some runs, or their memory where no time was taken, with its unit."""
    if "median_ms" not in rows[0]:
        return f"{np.median([row['peak_mb'] for row in rows]):.0f} MB"
    return duration(np.median([row["median_ms"] for row in rows]))
