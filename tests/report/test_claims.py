"""The paper's claims: differences between runs of one seed, with the intervals of what was kept of each image."""
import numpy as np
import pytest
from reports import made_up_run

from scratchnet.report.claims import ANGULAR, MAP, TOP1, claim_rows, run_key
from scratchnet.statistics import holm, mcnemar, paired_difference

IMAGES = 400


def kept(rng, run, right):
    """What a run with so many right answers would have kept."""
    labels = np.arange(IMAGES) % 10
    order = np.random.default_rng(run["seed"]).permutation(IMAGES)  # a seed finds other images hard
    predicted = np.where(order < right, labels, (labels + 1) % 10)
    run["accuracy"]["top1"] = right / IMAGES
    return {"labels": labels.astype(np.uint8), "predicted": predicted.astype(np.uint8),
            **{f"{metric}/map": rng.random(IMAGES).astype(np.float16)
               for metric in ("euclidean", "manhattan", "angular")}}


@pytest.fixture
def experiment(rng):
    runs, found = [], {}
    for method, rights in (("cnn_rgb", (320, 316, 312)), ("pretrain_cnn_rgb_da", (330, 310, 330))):
        for seed, count in enumerate(rights):
            runs.append(made_up_run(rng, method=method, seed=seed))
            found[run_key(runs[-1])] = kept(rng, runs[-1], count)
    return runs, found


def rows_by_name(rows):
    return {(row["recipe"], row["claim"], row["measure"]): row for row in rows}


def test_claims_are_differences_between_runs_of_one_seed(rng):
    runs = [made_up_run(rng, method=method, seed=seed, accuracy={"top1": top1, "top2": 0.9, "top3": 0.95})
            for method, seed, top1 in (("cnn_rgb", 0, 0.80), ("cnn_rgb", 1, 0.79), ("cnn_rgb", 2, 0.78),
                                       ("pretrain_cnn_rgb_da", 0, 0.81), ("pretrain_cnn_rgb_da", 1, 0.77))]
    runs.append(made_up_run(rng, method="pretrain_cnn_rgb_da", seed=2, recipe="best"))      # another recipe
    rows = rows_by_name(claim_rows(runs, "cifar10"))
    assert {recipe for recipe, *_ in rows} == {"paper", "best"} and len(rows) == 2 + 3 + 3
    both = rows["paper", "both", TOP1]
    np.testing.assert_allclose(both["ours"], [1, -2], atol=1e-9)
    assert both["seeds"] == [0, 1] and both["mean"] == pytest.approx(-0.5) and both["paper"] == pytest.approx(5.8)
    maps = [run["retrieval"]["test-vs-test"] for run in runs]
    np.testing.assert_allclose(rows["paper", "both", ANGULAR]["ours"],
                               [maps[i + 3]["angular"]["map"] - maps[i]["angular"]["map"] for i in (0, 1)])
    assert rows["paper", "both", ANGULAR]["paper"] is None
    for claim, worse, better, paper in (("Manhattan above Euclidean", "euclidean", "manhattan", 0.023),
                                        ("angular above Euclidean", "euclidean", "angular", 0.036),
                                        ("angular above Manhattan", "manhattan", "angular", 0.013)):
        row = rows["paper", claim, MAP]
        np.testing.assert_allclose(row["ours"], [m[better]["map"] - m[worse]["map"] for m in maps[3:5]])
        assert row["paper"] == pytest.approx(paper) and rows["best", claim, MAP]["seeds"] == [2]
    assert all(row["low"] is row["high"] is row["p"] is None for row in rows.values())  # nothing was kept
    assert claim_rows(runs, "cifar100") == claim_rows(runs, "mini") == []


def test_intervals_are_those_of_paired_images_and_seeds(experiment):
    runs, found = experiment
    rows = rows_by_name(claim_rows(runs, "cifar10", found))
    rights = {key: each["predicted"] == each["labels"] for key, each in found.items()}
    before, after = (np.array([rights["cifar10", method, "paper", seed] for seed in range(3)], float)
                     for method in ("cnn_rgb", "pretrain_cnn_rgb_da"))
    expected = paired_difference(100 * (after - before))
    both = rows["paper", "both", TOP1]
    assert (both["mean"], both["low"], both["high"]) == pytest.approx((expected.mean, expected.low, expected.high))
    assert both["mean"] == pytest.approx(np.mean(both["ours"]))
    each = [found["cifar10", "pretrain_cnn_rgb_da", "paper", seed] for seed in range(3)]
    distance = paired_difference([a["angular/map"].astype(float) - a["manhattan/map"] for a in each])
    assert rows["paper", "angular above Manhattan", MAP]["low"] == pytest.approx(distance.low)


def test_p_is_adjusted_within_a_recipe(experiment):
    runs, found = experiment
    rows = claim_rows(runs, "cifar10", found)
    assert len(rows) == 5
    rights = {key: 100.0 * (each["predicted"] == each["labels"]) for key, each in found.items()}
    raw = [paired_difference([rights["cifar10", "pretrain_cnn_rgb_da", "paper", s]
                              - rights["cifar10", "cnn_rgb", "paper", s] for s in range(3)]).p]
    for before, after in ((("cnn_rgb", "angular"), ("pretrain_cnn_rgb_da", "angular")),
                          *((("pretrain_cnn_rgb_da", a), ("pretrain_cnn_rgb_da", b)) for a, b in
                            (("euclidean", "manhattan"), ("euclidean", "angular"), ("manhattan", "angular")))):
        sides = [[found["cifar10", method, "paper", s][f"{metric}/map"].astype(float) for s in range(3)]
                 for method, metric in (before, after)]
        raw.append(paired_difference(np.subtract(sides[1], sides[0])).p)
    assert [row["p"] for row in rows] == pytest.approx(holm(raw).tolist())
    more = [{**run, "recipe": "2016"} for run in runs]
    found |= {("cifar10", method, "2016", seed): each for (_, method, _, seed), each in found.items()}
    again = claim_rows(runs + more, "cifar10", found)
    assert [row["p"] for row in again] == pytest.approx(2 * [row["p"] for row in rows])  # a family is a recipe


def test_one_seed_has_mcnemars_p_and_an_interval_over_images(experiment):
    runs, found = experiment
    rows = rows_by_name(claim_rows([run for run in runs if run["seed"] == 1], "cifar10", found))
    a, b = (found["cifar10", method, "paper", 1] for method in ("cnn_rgb", "pretrain_cnn_rgb_da"))
    exact = mcnemar(a["predicted"] == a["labels"], b["predicted"] == b["labels"])
    raw = sorted([exact] + [paired_difference([y.astype(float) - x]).p for x, y in (
        (a["angular/map"], b["angular/map"]), (b["euclidean/map"], b["manhattan/map"]),
        (b["euclidean/map"], b["angular/map"]), (b["manhattan/map"], b["angular/map"]))])
    both = rows["paper", "both", TOP1]
    assert both["seeds"] == [1] and both["p"] == pytest.approx(holm(raw)[raw.index(exact)])


def test_seeds_without_predictions_are_left_out_of_the_interval_and_the_mean(experiment):
    runs, found = experiment
    del found["cifar10", "cnn_rgb", "paper", 2]
    both = rows_by_name(claim_rows(runs, "cifar10", found))["paper", "both", TOP1]
    assert both["seeds"] == [0, 1] and len(both["ours"]) == 2 and both["low"] is not None


def test_the_page_shows_interval_p_and_seeds(experiment, report):
    runs, found = experiment
    row = rows_by_name(claim_rows(runs, "cifar10", found))["paper", "both", TOP1]
    page = report(runs, kept=found)
    shown = page.table("Claim", "paper", "ours", "95 % interval")
    assert ["recipe paper"] in shown and page.text.count("p (Holm)") == 1
    cells = [cell for cell in shown if cell[:2] == ["both", TOP1]][0]
    assert cells[2:4] == ["+5.8", "+1.8"] and cells[6] == "0, 1, 2"
    assert cells[4] == f"{row['low']:+.1f} to {row['high']:+.1f}".replace("-", "−") and cells[5] == f"{row['p']:.2f}"
    assert "not kept" not in page.text
    assert "not kept" in report(runs).text and "–" in report(runs).table("Claim", "Seeds")[2][4]
