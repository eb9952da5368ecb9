"""Exact search: the 30 nearest of a gallery, and mean average precision over full rankings.

    python -m benchmarks.retrieval --backends numpy,faiss --json FILE
"""
import time

import numpy as np
from threadpoolctl import threadpool_limits

from scratchnet.retrieval import FlatIndex, evaluate_retrieval

from . import harness

DIMENSIONS, K = 400, 30


def main(arguments=None):
    p = harness.parser(__doc__, "numpy,faiss")
    p.add_argument("--queries", type=int, default=256)
    p.add_argument("--gallery", type=int, default=50_000)
    options = p.parse_args(arguments)
    names = harness.backends(options, ("numpy", "faiss"))
    gallery, labels = _descriptors(options.gallery, 0)
    queries, query_labels = _descriptors(options.queries, 1)
    table = []
    with threadpool_limits(options.threads, user_api="blas"):
        for metric in ("euclidean", "angular", "manhattan"):
            prepare = {"numpy": _numpy, "faiss": _faiss}
            candidates = {name: prepare[name](metric, gallery, queries, options.threads) for name in names}
            times = harness.interleave(candidates, *((1, 2) if options.quick else (2, 9)))
            each = {name: t / options.queries for name, t in times.items()}
            table += harness.rows(f"top-{K} of {options.gallery:,}, {metric}, a query", each, reference="faiss")
    for metric in ("euclidean", "angular", "manhattan"):
        start = time.perf_counter()
        evaluate_retrieval(queries, query_labels, gallery, labels, metric, threads=options.threads)
        each = np.array([(time.perf_counter() - start) * 1e3 / options.queries])
        table += harness.rows(f"MAP over {options.gallery:,}, {metric}, a query", {"numpy": each}, reference="faiss")
    harness.report(options, table)


def _descriptors(n, seed):
    """Return (n, 400) rectified float32 numbers in ten clusters, as a network's descriptors are, and labels."""
    centres = np.random.default_rng(2016).standard_normal((10, DIMENSIONS))
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, n)
    return np.maximum(centres[labels] + rng.standard_normal((n, DIMENSIONS)), 0).astype(np.float32), labels


def _numpy(metric, gallery, queries, threads):
    index = FlatIndex(metric).add(gallery)
    return lambda: index.search(queries, K)


def _faiss(metric, gallery, queries, threads):
    import faiss
    faiss.omp_set_num_threads(threads)
    kinds = {"euclidean": faiss.METRIC_L2, "angular": faiss.METRIC_INNER_PRODUCT, "manhattan": faiss.METRIC_L1}
    if metric == "angular":
        gallery, queries = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (gallery, queries))
    index = faiss.IndexFlat(DIMENSIONS, kinds[metric])
    index.add(gallery)
    return lambda: index.search(queries, K)


if __name__ == "__main__":
    main()
