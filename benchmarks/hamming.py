"""Binary codes: the 30 nearest by Hamming distance, search in two stages, and mean average precision under ties.

    python -m benchmarks.hamming --backends numpy,faiss --json FILE

FAISS is its flat index of binary codes. Times of a search are for one query, that comes alone or with others. Two
stages rank the nearest codes by the angle of their descriptors; recall is the share of the 30 nearest descriptors of
all that they find. The descriptors are those of `benchmarks.retrieval`, made up, and fitted on the gallery: within a
class they differ in all directions alike, of which codes keep the fewest, so their recall is lower than that of any
network's.
"""
import numpy as np
from threadpoolctl import threadpool_limits

from scratchnet.backend import to_device, to_host
from scratchnet.benchmark.timing import interleave, on_device
from scratchnet.retrieval import FlatIndex, evaluate_retrieval
from scratchnet.retrieval.two_stage import TwoStageIndex
from scratchnet.unsupervised import BinaryCodes

from . import harness
from .retrieval import K, descriptors

BITS = 48
CANDIDATES = (100, 1000, 5000)
DEPTHS = (K, 1000, 5000)


def main(arguments=None):
    p = harness.parser(__doc__, "numpy,faiss")
    p.add_argument("--queries", type=int, default=100, help="of a search")
    p.add_argument("--gallery", type=int, default=50_000)
    p.add_argument("--ranked", type=int, default=10_000, help="queries of the full rankings; 0 leaves them out")
    options = p.parse_args(arguments)
    names = harness.backends(options, SEARCH)
    if options.quick:
        options.ranked = min(options.ranked, 500)
    gallery, labels = descriptors(options.gallery, 0)
    queries, query_labels = descriptors(max(options.queries, options.ranked), 1)
    coder = BinaryCodes(BITS, rng=np.random.default_rng(2016)).fit(gallery)
    codes, query_codes = coder(gallery), coder(queries)
    report, repeats = harness.Report(options), (1, 2) if options.quick else (2, 15)
    with threadpool_limits(options.threads, user_api="blas"):
        for size, text in ((1, "one query at a time"), (options.queries, f"{options.queries} queries at a time")):
            report.add(search_rows(f"top-{K} of {options.gallery:,} codes, {text}", names, codes,
                                   query_codes[:options.queries], size, options.threads, repeats))
        for name in own(names):
            report.add(two_stage_rows(name, (codes, gallery), [x[:options.queries] for x in (query_codes, queries)],
                                      options, repeats))
    if options.ranked:
        some = slice(options.ranked)
        candidates = {name: _ranking(name, query_codes[some], query_labels[some], codes, labels, options.threads)
                      for name in own(names)}
        timings = interleave(candidates, 0, 1 if options.quick else 3)
        report.add(harness.rows(f"MAP under ties, {options.ranked:,} x {options.gallery:,}", timings))


def own(names):
    """Return those of our own backends that are among `names`."""
    return [name for name in names if name in ("numpy", "cupy")]


def search_rows(case, names, codes, queries, size, threads, repeats):
    """Time the searches of some backends, `size` queries at a time; milliseconds are those of one query."""
    candidates = {}
    for name in names:
        xp = harness.array_module(name) if name in own(names) else np
        q = to_device(queries, xp)
        search, parts = SEARCH[name](codes, threads), [q[i:i + size] for i in range(0, len(q), size)]
        candidates[name] = on_device(lambda search=search, parts=parts: [search(part) for part in parts], xp)
    return harness.rows(case, _of_one(interleave(candidates, *repeats), len(queries)), reference="faiss", bits=BITS)


def two_stage_rows(name, gallery, queries, options, repeats):
    """Time a search of descriptors, of all and of the pools that codes leave, one query after the other."""
    xp = harness.array_module(name)
    codes, vectors = (to_device(x, xp) for x in gallery)
    q_codes, q = (to_device(x, xp) for x in queries)
    exact = FlatIndex("angular", threads=options.threads).add(vectors)
    index, k = TwoStageIndex(FlatIndex("hamming", threads=options.threads).add(codes), exact), min(K, options.gallery)
    right = to_host(exact.search(q, k)[1])
    searches = {"all": lambda i: exact.search(q[i:i + 1], k)}
    for m in CANDIDATES:
        searches[m] = lambda i, m=m: index.search(q_codes[i:i + 1], q[i:i + 1], k, candidates=m)
    timings = _of_one(interleave({m: on_device(lambda search=search: [search(i) for i in range(len(q))], xp)
                                  for m, search in searches.items()}, *repeats), len(q))
    rows = []
    for m, timing in timings.items():
        found = np.concatenate([to_host(searches[m](i)[1]) for i in range(len(q))])
        recall = np.mean([len(np.intersect1d(*pair)) / k for pair in zip(found, right)])
        case = f"top-{K} of {options.gallery:,} descriptors, " + ("exact" if m == "all" else f"{m:,} nearest codes")
        rows += harness.rows(case, {name: timing}, recall=float(recall),
                             ratio_to_exact=float(np.median(timing.ms) / np.median(timings["all"].ms)))
    return rows


def _of_one(timings, queries):
    """Divide the times of all queries by their number."""
    for timing in timings.values():
        timing.ms = [ms / queries for ms in timing.ms]
        timing.device_ms = [ms / queries for ms in timing.device_ms]
    return timings


def _ranking(name, queries, query_labels, codes, labels, threads):
    xp = harness.array_module(name)
    queries, codes = to_device(queries, xp), to_device(codes, xp)
    return lambda: evaluate_retrieval(queries, query_labels, codes, labels, "hamming", depth=DEPTHS, threads=threads)


def _own(name):
    def index(codes, threads):
        flat = FlatIndex("hamming", threads=threads).add(to_device(codes, harness.array_module(name)))
        return lambda q: flat.search(q, K)
    return index


def _faiss(codes, threads):
    import faiss
    faiss.omp_set_num_threads(threads)
    index = faiss.IndexBinaryFlat(BITS)
    index.add(codes)
    return lambda q: index.search(q, K)


SEARCH = {"numpy": _own("numpy"), "cupy": _own("cupy"), "faiss": _faiss}

if __name__ == "__main__":
    main()
