"""How time grows: a training step with the batch and with the threads, a search with the gallery.

    python -m benchmarks.scaling --backends numpy,torch,faiss --json FILE

Rows of one curve share `curve` and differ in `x`. The slope of the search is that of a straight line through the
logarithms of time and gallery: 1 means that twice the gallery takes twice the time.
"""
import numpy as np

from . import harness, retrieval, training_step

BATCHES = (16, 32, 64, 128, 256, 512)
GALLERIES = (1000, 10_000, 100_000, 1_000_000)
QUERIES = 64


def main(arguments=None):
    p = harness.parser(__doc__, "numpy,torch,faiss")
    options = p.parse_args(arguments)
    names = harness.backends(options, ("numpy", "torch", "faiss"))
    step = [name for name in names if name != "faiss"]
    batches, galleries = (BATCHES[:2], GALLERIES[:2]) if options.quick else (BATCHES, GALLERIES)
    counts = (1, 3) if options.quick else (20, 20)
    table = []
    for batch in batches:
        timings = training_step.measure(step, batch, options.threads, *counts)
        table += harness.rows(f"training step, batch {batch}", timings, curve="batch", x=batch)
    for threads in range(1, options.threads + 1):
        timings = training_step.measure(step, 8 if options.quick else 128, threads, *counts)
        table += harness.rows(f"training step, threads {threads}", timings, curve="threads", x=threads)
    single = {row["backend"]: row["median_ms"] for row in table if row["case"] == "training step, threads 1"}
    for row in table:
        if row["curve"] == "threads":
            row["ratio_to_one_thread"] = row["median_ms"] / single[row["backend"]]
    table += _searches([name for name in names if name != "torch"], galleries, options)
    harness.Report(options).add(table)


def _searches(names, galleries, options):
    vectors, _ = retrieval.descriptors(galleries[-1], 0)
    queries, _ = retrieval.descriptors(QUERIES, 1)
    table = []
    for nb in galleries:
        table += retrieval.search_rows(f"top-30 of {nb:,}, euclidean, a query", "euclidean", vectors[:nb],
                                       dict.fromkeys(names, queries), options.threads,
                                       (2, 3 if options.quick else 9), curve="gallery", x=nb)
    for name in names:
        own = [row for row in table if row["backend"] == name]
        slope = np.polyfit(np.log([row["x"] for row in own]), np.log([row["median_ms"] for row in own]), 1)[0]
        for row in own:
            row["slope"] = float(slope)
    return table


if __name__ == "__main__":
    main()
