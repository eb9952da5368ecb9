"""Runs of made-up numbers for a report, and the page as a browser would see it."""
from html.parser import HTMLParser

import numpy as np

from scratchnet.report import paper_tables
from scratchnet.retrieval.protocols import PROTOCOLS

METHODS = list(paper_tables.LABELS)
METRICS = ("euclidean", "manhattan", "angular")
LEDGER = [{"number": 1, "paper": "Padding unstated.", "ours": "Same.", "alternatives": "", "ablation": False},
          {"number": 2, "paper": "Pooling unstated.", "ours": "Max.", "alternatives": "Mean.", "ablation": True}]
HOSTILE = "<script>alert('x')</script>"


def made_up_run(rng, dataset="cifar10", method="cnn_rgb", classes=10, **more):
    """A run with all parts, of numbers that mean nothing."""
    retrieval = {key: {protocol: {metric: {"map": rng.random(), "map_at_30": rng.random(),
                                           "seconds_per_query": rng.random() / 100} for metric in METRICS}
                       for protocol in ("test-vs-test", "test-vs-train")}
                 for key in ("retrieval", "retrieval_before_relu")}
    return {"dataset": dataset, "system": "kuo2016", "method": method, "preset": "cpu", "recipe": "paper", "seed": 0,
            "epochs": 25, "train_images": 50_000,
            "history": [{"epoch": 1, "loss": 2.0, "train_top1": 0.25, "validation_top1": 0.2, "seconds": 40.0},
                        {"epoch": 2, "loss": 1.2345, "train_top1": 0.567, "validation_top1": 0.512, "seconds": 44.0}],
            "accuracy": dict(zip(("top1", "top2", "top3"), np.sort(rng.random(3)).tolist())),
            "confusion": rng.integers(1, 100, (classes, classes)).tolist(), **retrieval,
            "examples": [{"query": 3, "ids": [1, 2], "distances": [0.1, 0.2]}], "peak_mb": 1234.5,
            "seconds": {"pretrain": 31.0, "train": 84.0, "evaluate": 7700.0}, "settings": {"rate": 0.0123},
            "command": "scratchnet reproduce", "environment": {"cpu": "a made-up processor", "date": "2001-02-03"},
            **more}


def hashed_run(rng, method, bits, start, **more):
    """A run of a system that makes codes; figures of each protocol begin a tenth above those of the one before."""
    protocols = {}
    for i, name in enumerate(PROTOCOLS):
        at = start + i / 10
        protocols[name] = {
            "queries": 1000 * (i + 1), "gallery": 10_000 * (5 - i),
            "codes": {"map": at, "map_at_1000": at + 0.01, "map_pessimistic": at - 0.02, "map_optimistic": at + 0.02,
                      "map_by_id": at + 0.001, "precision_at_30": at + 0.2, "precision_at_1000": at + 0.1},
            "descriptor": {"map": at + 0.03, "map_at_1000": at + 0.04, "precision_at_30": at + 0.3,
                           "precision_at_1000": at + 0.25},
            "class_floor": {"map": at + 0.05, "map_at_1000": at + 0.06}}
    return made_up_run(rng, system=method.rpartition("_")[0], method=method, hashing={
        "bits": bits, "balance": [0.1, 0.5, 0.9], "protocols": protocols}, **more)


class Page(HTMLParser):
    """What a browser would see: tables as lists of rows, all tags, all addresses, the text."""

    def __init__(self, path):
        super().__init__()
        self.tables, self.tags, self.addresses, self.text, self.cell = [], [], [], "", None
        self.source = path.read_text()
        self.feed(self.source)
        self.text = " ".join(self.text.split())
        self.cells = [cell for table in self.tables for row in table for cell in row]

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href", "srcset", "data")]
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self.cell = tag

    def handle_endtag(self, tag):
        if tag == self.cell:
            self.tables[-1][-1][-1] = " ".join(self.tables[-1][-1][-1].split())
            self.cell = None

    def handle_data(self, data):
        self.text += data
        if self.cell:
            self.tables[-1][-1][-1] += data

    def table(self, *words):
        """The only table whose caption and header cells hold all of these words."""
        (found,) = [table for table in self.tables if set(words) <= {cell for row in table[:2] for cell in row}]
        return found


def expected(paper, ours, digits):
    """The text of a cell pair: paper, and ours with its signed difference."""
    if paper is None:
        return ["–", f"{ours:.{digits}f}"]
    difference = f"{ours - paper:+.{digits}f}".replace("-", "−")
    return [f"{paper:.{digits}f}", f"{ours:.{digits}f} {difference}"]
