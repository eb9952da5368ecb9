"""Exact search: the 30 nearest of a gallery, and mean average precision over full rankings.

    python -m benchmarks.retrieval --backends numpy,faiss,scipy --json FILE

FAISS is its flat index, SciPy is cdist and a partial sort. Times of a search are for one query: out of a batch, and
among 10,000 pictures, as in the paper's Tables 4 and 5, for queries that come one after the other. Full rankings are
timed whole, for all queries, and have no peer: neither library computes them.
"""
import numpy as np
from scipy.spatial.distance import cdist
from threadpoolctl import threadpool_limits

from scratchnet.backend import to_device
from scratchnet.benchmark.timing import interleave, on_device
from scratchnet.retrieval import DISTANCES, FlatIndex, evaluate_retrieval

from . import harness

DIMENSIONS, K = 400, 30
SCIPY_QUERIES = 16  # it takes some twenty milliseconds each
PAPERS, ALONE = 10_000, 50  # the gallery of the paper's Tables 4 and 5, and queries that search it one by one


def main(arguments=None):
    p = harness.parser(__doc__, "numpy,faiss,scipy")
    p.add_argument("--queries", type=int, default=256, help="of a search")
    p.add_argument("--gallery", type=int, default=50_000)
    p.add_argument("--ranked", type=int, default=10_000, help="queries of the full rankings; 0 leaves them out")
    options = p.parse_args(arguments)
    names = harness.backends(options, SEARCH)
    gallery, labels = descriptors(options.gallery, 0)
    queries, query_labels = descriptors(max(options.queries, options.ranked, ALONE), 1)
    if options.quick:
        options.ranked = min(options.ranked, 500)
    repeats = (1, 2) if options.quick else (2, 9)
    report = harness.Report(options)
    with threadpool_limits(options.threads, user_api="blas"):
        for metric in DISTANCES:
            batches = {name: queries[:SCIPY_QUERIES if name == "scipy" else options.queries] for name in names}
            report.add(search_rows(f"top-{K} of {options.gallery:,}, {metric}, a query", metric, gallery, batches,
                                   options.threads, repeats))
        for metric in DISTANCES:
            alone = {name: queries[:ALONE] for name in names if name != "scipy"}
            report.add(search_rows(f"top-{K} of {len(gallery[:PAPERS]):,}, {metric}, one query at a time", metric,
                                   gallery[:PAPERS], alone, options.threads, repeats, one_by_one=True))
    if options.ranked:
        q, q_labels = queries[:options.ranked], query_labels[:options.ranked]
        for metric in DISTANCES:
            candidates = {name: _ranking(harness.array_module(name), metric, q, q_labels, gallery, labels,
                                         options.threads) for name in names if name in ("numpy", "cupy")}
            timings = interleave(candidates, 0, 1 if options.quick else 3)
            report.add(harness.rows(f"full-ranking MAP, {options.ranked:,} x {options.gallery:,}, {metric}", timings))


def search_rows(case, metric, gallery, queries, threads, repeats, one_by_one=False, **more):
    """Time the searches of some backends, {name: its queries}; milliseconds are those of one query."""
    candidates = {}
    for name, q in queries.items():
        xp = harness.array_module(name) if name in ("numpy", "cupy") else np
        search, q = SEARCH[name](metric, gallery, threads), to_device(q, xp)
        parts = [q[i:i + 1] for i in range(len(q))] if one_by_one else [q]
        candidates[name] = on_device(lambda search=search, parts=parts: search(parts), xp)
    timings = interleave(candidates, *repeats)
    for name, timing in timings.items():
        timing.ms = [ms / len(queries[name]) for ms in timing.ms]
        timing.device_ms = [ms / len(queries[name]) for ms in timing.device_ms]
    return harness.rows(case, timings, reference="faiss", metric=metric, **more)


def _ranking(xp, metric, queries, query_labels, gallery, labels, threads):
    queries, gallery = to_device(queries, xp), to_device(gallery, xp)
    return lambda: evaluate_retrieval(queries, query_labels, gallery, labels, metric, threads=threads)


def descriptors(n, seed):
    """Return (n, 400) rectified float32 numbers in ten clusters, as a network's descriptors are, and labels."""
    centres = np.random.default_rng(2016).standard_normal((10, DIMENSIONS))
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, n)
    x = rng.standard_normal((n, DIMENSIONS), dtype=np.float32)
    x += centres[labels]
    return np.maximum(x, 0, out=x), labels


def _own(name):
    def index(metric, gallery, threads):
        flat = FlatIndex(metric, threads=threads).add(to_device(gallery, harness.array_module(name)))

        def search(parts):
            with flat.open_workers() as workers:
                return [flat.search(q, K, workers) for q in parts]
        return search
    return index


def _faiss(metric, gallery, threads):
    import faiss
    faiss.omp_set_num_threads(threads)
    kinds = {"euclidean": faiss.METRIC_L2, "angular": faiss.METRIC_INNER_PRODUCT, "manhattan": faiss.METRIC_L1}

    def ready(x):
        return x / np.linalg.norm(x, axis=1, keepdims=True) if metric == "angular" else x
    index = faiss.IndexFlat(DIMENSIONS, kinds[metric])
    index.add(ready(gallery))
    return lambda parts: [index.search(ready(q), K) for q in parts]


def _scipy(metric, gallery, threads):
    name = {"manhattan": "cityblock", "angular": "cosine"}.get(metric, metric)
    k = min(K, len(gallery)) - 1

    def search(q):
        distances = cdist(q, gallery, name)
        nearest = np.argpartition(distances, k, axis=1)[:, :K]
        return np.take_along_axis(nearest, np.take_along_axis(distances, nearest, 1).argsort(axis=1), 1)
    return lambda parts: [search(q) for q in parts]


SEARCH = {"numpy": _own("numpy"), "cupy": _own("cupy"), "faiss": _faiss, "scipy": _scipy}  # each query or batch in turn

if __name__ == "__main__":
    main()
