import numpy as np
import pytest

from scratchnet.backend import to_device
from scratchnet.errors import InputError, SettingsError
from scratchnet.metrics import average_precision_variants
from scratchnet.parallel import Workers
from scratchnet.retrieval import DISTANCES, PROTOCOLS, evaluate_protocols, evaluate_retrieval, evaluation, index, levels
from scratchnet.retrieval.distances import metric_named
from scratchnet.retrieval.figures import definitions

metrics = pytest.mark.parametrize("metric", DISTANCES)


def brute_force(q, q_labels, b, b_labels, metric, exclude_self, depth):
    """The same by plain loops: sort by (distance, id), drop the query, average precision by each definition."""
    D = metric_named(metric)(*((q, b) if metric == "hamming" else (q.astype(np.float64), b.astype(np.float64))))
    D, rows = D.astype(np.float32), []
    for i, row in enumerate(D):
        order = np.lexsort((np.arange(len(b)), row))
        if exclude_self:
            order = order[order != i]
        relevant = b_labels[order] == q_labels[i]
        variants = average_precision_variants(relevant, depth)
        rows.append([variants[name] for name in ("full", "depth_over_found", "depth_over_possible", "depth_over_all")]
                    + [relevant[:depth].mean()])
    return dict(zip(definitions(depth), np.mean(rows, axis=0)))


def data(rng, nq=70, nb=90, d=5, classes=4, integers=False):
    q_labels, b_labels = rng.integers(0, classes, nq), np.arange(nb) % classes
    centres = 1.5 * rng.standard_normal((classes, d))
    q, b = (centres[labels] + rng.standard_normal((len(labels), d)) for labels in (q_labels, b_labels))
    q, b = (np.round(x) if integers else x for x in (q, b))
    return q.astype(np.float32), q_labels, b.astype(np.float32), b_labels


def without_time(result):
    assert result["seconds_per_query"] > 0
    return {name: value for name, value in result.items() if name != "seconds_per_query"}


@metrics
@pytest.mark.parametrize("exclude_self", [False, True])
@pytest.mark.parametrize("integers", [False, True], ids=["real", "integers-with-ties"])
def test_brute_force_agrees(backend, rng, metric, exclude_self, integers):
    q, q_labels, b, b_labels = data(rng, integers=integers)
    if metric == "angular" and integers:  # parallel vectors of other lengths tie only up to rounding
        q, b = np.sign(q), np.sign(b)
    if exclude_self:
        q, q_labels = b, b_labels
    got = evaluate_retrieval(to_device(q, backend), q_labels, to_device(b, backend), to_device(b_labels, backend),
                             metric, exclude_self, depth=7)
    assert without_time(got) == pytest.approx(
        brute_force(q, q_labels, b, b_labels, metric, exclude_self, depth=7), rel=1e-12)


@metrics
def test_duplicates_tie_whatever_their_scores_are_rounded_to(rng, metric):
    q, q_labels, b, b_labels = data(rng, d=33)
    b[10:] = b[rng.integers(0, 10, len(b) - 10)]
    q[:50] = b[:50]
    got = evaluate_retrieval(q, q_labels, b, b_labels, metric)
    assert without_time(got) == pytest.approx(brute_force(q, q_labels, b, b_labels, metric, False, 30), rel=1e-12)


@metrics
def test_threads_and_repetition_change_no_bit(rng, metric):
    arrays = data(rng, nq=3 * evaluation.CHUNK + 5, nb=200, d=40)
    results = [without_time(evaluate_retrieval(*arrays, metric, threads=threads)) for threads in (1, 1, 2, 3)]
    assert all(result == results[0] for result in results)


@metrics
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_open_workers_are_used(rng, monkeypatch, metric, threads):
    arrays = data(rng, nq=5 * evaluation.CHUNK + 5, nb=200, d=40)
    expected = without_time(evaluate_retrieval(*arrays, metric))
    done = []
    with Workers(threads) as workers:
        monkeypatch.setattr(evaluation, "Workers", None)  # no others can be opened
        monkeypatch.setattr(index, "Pool", None)
        got = evaluate_retrieval(*arrays, metric, advance=done.append, workers=workers)
        assert without_time(got) == expected and sum(done) == len(arrays[0])
        evaluate_protocols(*arrays, metrics=[metric], workers=workers)


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
def test_float64_keeps_its_digits(backend, rng, metric):
    q, q_labels, b, b_labels = data(rng)
    q, b = (x.astype(np.float64) + 1e8 for x in (q, b))  # in float32 nothing but steps of 8 would be left
    got = evaluate_retrieval(to_device(q, backend), q_labels, to_device(b, backend), b_labels, metric)
    assert without_time(got) == pytest.approx(brute_force(q, q_labels, b, b_labels, metric, False, 30), rel=1e-12)
    assert got["map"] > 0.4


@pytest.mark.parametrize("metric", ["euclidean", "angular"])
@pytest.mark.parametrize("dtype, offset", [(np.float32, 1e6), (np.float64, 1e6), (np.float64, 1e8)])
def test_what_all_descriptors_have_in_common_does_not_hide_their_order(backend, rng, metric, dtype, offset):
    """A product's square of a common offset leaves few digits for the differences, in float32 as in float64."""
    q, q_labels, b, b_labels = data(rng)
    q, b = ((x.astype(np.float64) + offset).astype(dtype) for x in (q, b))
    got = evaluate_retrieval(to_device(q, backend), q_labels, to_device(b, backend), b_labels, metric)
    assert without_time(got) == pytest.approx(brute_force(q, q_labels, b, b_labels, metric, False, 30), rel=1e-6)
    assert got["map"] > 0.4


def test_a_zero_vector_among_angles_that_nearly_agree(rng):
    """It is at a right angle to all, itself too, with a centre as without."""
    q, q_labels, b, b_labels = data(rng)
    q, b = (x.astype(np.float64) + 1e6 for x in (q, b))
    b[7], q[3] = 0, 0
    got = evaluate_retrieval(q, q_labels, b, b_labels, "angular")
    assert without_time(got) == pytest.approx(brute_force(q, q_labels, b, b_labels, "angular", False, 30), rel=1e-6)


@pytest.mark.parametrize("metric, size", [("euclidean", 1e-14), ("euclidean", 1e-25), ("manhattan", 1e-40)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_gallery_whose_scores_would_vanish_is_refused(rng, metric, size, dtype):
    q, q_labels, b, b_labels = data(rng)
    q, b = ((x.astype(np.float64) * size).astype(dtype) for x in (q, b))
    with pytest.raises(InputError, match="gallery must have a number above .* multiply gallery and queries"):
        evaluate_retrieval(q, q_labels, b, b_labels, metric)


@metrics
@pytest.mark.parametrize("size", [1e-10, 1e10])
def test_sizes_change_no_order(rng, metric, size):
    q, q_labels, b, b_labels = data(rng)
    expected = without_time(evaluate_retrieval(q, q_labels, b, b_labels, metric))
    power = np.float32(2.0 ** round(np.log2(size)))
    found = evaluate_retrieval(q * power, q_labels, b * power, b_labels, metric)
    assert without_time(found) == expected


def test_angles_of_vectors_too_small_for_float32(backend, rng):
    q, q_labels, b, b_labels = data(rng)
    expected = brute_force(q, q_labels, b, b_labels, "angular", False, 30)
    q, b = q.astype(np.float64) * 1e-60, b.astype(np.float64) * 1e-50
    got = evaluate_retrieval(to_device(q, backend), q_labels, to_device(b, backend), b_labels, "angular")
    assert without_time(got) == pytest.approx(expected, rel=1e-12)


def test_a_query_never_finds_itself():
    # Two classes, each two images far apart: the nearest other image is always wrong, the right one second.
    x = np.array([[0.0], [1.0], [10.0], [11.0]], np.float32)
    labels = np.array([0, 1, 1, 0])
    got = evaluate_retrieval(x, labels, x, labels, "euclidean", exclude_self=True, depth=1)
    assert got["map"] == pytest.approx((1 / 3 + 1 / 2 + 1 / 2 + 1 / 3) / 4)
    assert got["map_at_1"] == 0
    assert evaluate_retrieval(x, labels, x, labels, "euclidean", depth=1)["map_at_1"] == 1


def test_queries_may_be_the_first_part_of_the_gallery(rng):
    _, _, b, labels = data(rng)
    got = evaluate_retrieval(b[:9], labels[:9], b, labels, "manhattan", exclude_self=True, depth=4)
    assert without_time(got) == pytest.approx(
        brute_force(b[:9], labels[:9], b, labels, "manhattan", True, 4), rel=1e-12)


def test_both_protocols(rng):
    test, test_labels, train, train_labels = data(rng)
    done = []
    got = evaluate_protocols(test, test_labels, train, train_labels, metrics=("euclidean", "angular"), depth=5,
                             advance=done.append)
    assert tuple(got) == PROTOCOLS and sum(done) == 4 * len(test)
    for metric in ("euclidean", "angular"):
        for protocol, gallery, labels, own in (("test-vs-test", test, test_labels, True),
                                               ("test-vs-train", train, train_labels, False)):
            assert without_time(got[protocol][metric]) == pytest.approx(
                brute_force(test, test_labels, gallery, labels, metric, own, 5), rel=1e-12)


@metrics
def test_several_depths_are_those_of_several_calls(rng, metric):
    arrays = data(rng)
    alone = [without_time(evaluate_retrieval(*arrays, metric, depth=depth)) for depth in (5, 2, 80)]
    together = without_time(evaluate_retrieval(*arrays, metric, depth=(5, 2, 80)))
    assert together == {name: value for found in alone for name, value in found.items()}
    assert list(together) == list(definitions((5, 2, 80)))


def as_codes(q, q_labels, b, b_labels):
    """Their signs, five bits: at six distances nearly all is ties."""
    return np.packbits(q > 0, axis=1), q_labels, np.packbits(b > 0, axis=1), b_labels


@pytest.mark.parametrize("exclude_self", [False, True])
def test_codes_are_ranked_by_hamming_distance(backend, rng, exclude_self):
    q, q_labels, b, b_labels = as_codes(*data(rng))
    if exclude_self:
        q, q_labels = b[:60], b_labels[:60]
    each = {}
    got = evaluate_retrieval(to_device(q, backend), q_labels, to_device(b, backend), to_device(b_labels, backend),
                             "hamming", exclude_self, depth=(7, 40), each=each)
    found = without_time(got)
    by_id = brute_force(q, q_labels, b, b_labels, "hamming", exclude_self, 7)["map"]
    assert found["map_by_id"] == pytest.approx(by_id, rel=1e-12)
    if not exclude_self:  # galleries in random order
        orders = [rng.permutation(len(b)) for _ in range(200)]
        samples = [list(brute_force(q, q_labels, b[order], b_labels[order], "hamming", False, 7).values())
                   for order in orders]
        errors = np.mean(samples, axis=0) - [found[name] for name in definitions(7)]
        assert (np.abs(errors) < 4 * np.std(samples, axis=0) / np.sqrt(200)).all()
    assert found["map_pessimistic"] < min(by_id, found["map"]) <= max(by_id, found["map"]) < found["map_optimistic"]
    assert list(found) == [*definitions((7, 40)), "map_optimistic", "map_pessimistic", "map_by_id"]
    assert all(found[name] == values.mean() and len(values) == len(q) for name, values in each.items())
    assert set(each) == set(found)


def test_both_protocols_of_codes(rng):
    test, test_labels, train, train_labels = as_codes(*data(rng))
    each = {}
    got = evaluate_protocols(test, test_labels, train, train_labels, metrics=["hamming"], depth=(5, 20), each=each)
    for protocol, gallery, labels, own in (("test-vs-test", test, test_labels, True),
                                           ("test-vs-train", train, train_labels, False)):
        assert without_time(got[protocol]["hamming"]) == without_time(
            evaluate_retrieval(test, test_labels, gallery, labels, "hamming", own, depth=(5, 20)))
        assert len(each[protocol, "hamming"]["map"]) == len(test)


def test_codes_on_any_number_of_threads(rng):
    arrays = as_codes(*data(rng, nq=3 * levels.CHUNK + 5, nb=200))
    done = []
    results = [without_time(evaluate_retrieval(*arrays, "hamming", threads=threads, advance=done.append))
               for threads in (1, 2, 3)]
    assert all(result == results[0] for result in results) and sum(done) == 3 * len(arrays[0])


def test_codes_and_vectors_are_not_taken_for_each_other(rng):
    arrays = data(rng)
    with pytest.raises(InputError, match="gallery must be binary codes"):
        evaluate_retrieval(*arrays, "hamming")
    q, q_labels, b, b_labels = as_codes(*arrays)
    with pytest.raises(InputError, match="gallery must be an array of float32 or float64, got uint8"):
        evaluate_retrieval(q, q_labels, b, b_labels, "angular")
    with pytest.raises(InputError, match="queries must be codes of 1 bytes"):
        evaluate_retrieval(np.zeros((70, 2), np.uint8), q_labels, b, b_labels, "hamming")


def test_a_query_without_a_relevant_image_is_named(rng):
    q, q_labels, b, b_labels = data(rng)
    q_labels[6] = 17
    with pytest.raises(InputError, match=r"query 6 \(label 17\)"):
        evaluate_retrieval(q, q_labels, b, b_labels, "euclidean")
    b_labels[8] = 99  # the only one of its class: nothing is left once it is itself excluded
    with pytest.raises(InputError, match=r"query 8 \(label 99\)"):
        evaluate_retrieval(b, b_labels, b, b_labels, "euclidean", exclude_self=True)


@pytest.mark.parametrize("change, message", [
    ({"query_labels": np.zeros(3, int)}, "query_labels must be 70"),
    ({"gallery_labels": np.zeros(90)}, "gallery_labels must be 90 whole"),
    ({"queries": np.full((70, 5), np.nan)}, "queries must be finite"),
    ({"queries": np.zeros((70, 4))}, "queries must have d = 5"),
    ({"gallery": np.zeros((90, 5), int)}, "gallery must be an array of float"),
    ({"exclude_self": True}, "exclude_self")])
def test_bad_input_is_refused(rng, change, message):
    arrays = dict(zip(("queries", "query_labels", "gallery", "gallery_labels"), data(rng)))
    with pytest.raises(InputError, match=message) as caught:
        evaluate_retrieval(**{**arrays, "metric": "euclidean", **change})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("settings, message", [
    ({"metric": "cosine"}, "metric"), ({"depth": 0}, "depth"), ({"threads": 0}, "threads")])
def test_bad_settings_are_refused(rng, settings, message):
    with pytest.raises(SettingsError, match=message):
        evaluate_retrieval(*data(rng), **{"metric": "euclidean", **settings})
