"""The paper's figures, and ours beside them with their difference."""
import re

import numpy as np
import pytest
from reports import METHODS, METRICS, expected, made_up_run

from scratchnet.report import html, paper_tables


def test_classification_table_holds_paper_ours_and_difference(report, rng):
    runs = [made_up_run(rng, method=method) for method in METHODS]
    rows = report(runs).table("Method", "Top-1", "Top-2", "Top-3")
    assert ["PCANet (Chan et al. 2015)", "78.7", *5 * ["–"]] in rows
    for run, row in zip(runs, rows[-4:]):
        method = run["method"]
        cells = [text for paper, ours in zip(paper_tables.ACCURACY["cifar10"][method], run["accuracy"].values())
                 for text in expected(paper, 100 * ours, 1)]
        if method == "pretrain_cnn_rgb_da":
            assert cells[4] == "96.9"
            cells[4] = "96.9†"
        assert row == [paper_tables.LABELS[method], *cells]


def test_retrieval_tables_hold_both_protocols_definitions_and_descriptors(report, rng):
    runs = [made_up_run(rng, "cifar100", method, classes=100) for method in METHODS]
    page = report(runs)
    tables = [table for table in page.tables if "MAP (full ranking)" in table[0] and "MAP at 30" in table[0]][1:]
    assert len(tables) == 4
    order = [(key, protocol) for key in ("retrieval", "retrieval_before_relu")
             for protocol in ("test-vs-test", "test-vs-train")]
    for (key, protocol), table in zip(order, tables):
        rows = iter(table[2:])
        for run in runs:
            assert next(rows) == [paper_tables.LABELS[run["method"]]]
            for metric in METRICS:
                ours, last = run[key][protocol][metric], run["method"] == METHODS[-1]
                MAP, seconds = paper_tables.RETRIEVAL["cifar100"][metric] if last else (None, None)
                assert next(rows) == [metric, *expected(MAP, ours["map"], 3), *expected(MAP, ours["map_at_30"], 3),
                                      f"{1000 * seconds:.0f}" if last else "–",
                                      html.milliseconds(ours["seconds_per_query"])]


def test_what_is_compared_is_top_1_and_the_angle_among_the_test_images(rng):
    runs = [made_up_run(rng, method="pretrain_cnn_rgb_da"), made_up_run(rng)]
    rows = paper_tables.comparison_rows({"runs": runs}, "cifar10")
    angular = [run["retrieval"]["test-vs-test"]["angular"] for run in runs]
    values = {(row["panel"].split(" (")[0].split(",")[0], row["label"]): (row["paper"], row["ours"]) for row in rows}
    assert values == {
        ("Top-1 accuracy", "CNN_RGB"): (73.5, 100 * runs[1]["accuracy"]["top1"]),
        ("Top-1 accuracy", "Pre-train+CNN_RGB+DA"): (79.3, 100 * runs[0]["accuracy"]["top1"]),
        ("MAP", "CNN_RGB"): (None, angular[1]["map"]), ("MAP", "Pre-train+CNN_RGB+DA"): (0.707, angular[0]["map"]),
        ("MAP at 30", "CNN_RGB"): (None, angular[1]["map_at_30"]),
        ("MAP at 30", "Pre-train+CNN_RGB+DA"): (0.707, angular[0]["map_at_30"])}


def test_class_table_is_the_diagonal_of_the_confusion_matrix(report, rng):
    run = made_up_run(rng, method="pretrain_cnn_rgb_da")
    rows = report([run]).table("Class")[1:]
    counts = np.array(run["confusion"])
    for i, row in enumerate(rows):
        ours = 100 * counts[i, i] / counts[i].sum()
        assert row == [paper_tables.CLASSES[i], *expected(100 * paper_tables.CONFUSION[i][i], ours, 1)]
    assert len(rows) == 10


def test_mini_shows_the_paper_for_orientation_and_no_difference(report, rng):
    page = report([made_up_run(rng, "mini", method, epochs=3, train_images=2000) for method in METHODS])
    assert "mini is not comparable with them" in page.text and "2,000 training" in page.text
    assert {"73.5", "79.3", "0.707"} <= set(page.cells)
    assert not [cell for cell in page.cells if re.search(r"\d [+−±]\d", cell)]
    assert "img" not in page.tags and "Not like for like" not in page.text


def test_a_schedule_other_than_the_papers_is_named_once_for_all_it_concerns(report, rng):
    page = report([made_up_run(rng, method=method, epochs=2, train_images=512) for method in METHODS[:2]])
    assert ("Not like for like. CNN_RGB, CNN_RGB+DA: 2 epochs (the paper: 25), 512 training images "
            "(the paper: 50,000).") in page.text


def test_runs_of_one_method_are_told_apart(report, rng):
    runs = [made_up_run(rng, seed=seed, recipe=recipe) for seed, recipe in ((0, "paper"), (1, "paper"), (0, "paper+x"))]
    names = [row[0] for row in report(runs).table("Method", "Top-1") if row[0].startswith("CNN_RGB (")]
    assert names == ["CNN_RGB (seed 0)", "CNN_RGB (seed 1)", "CNN_RGB (recipe paper+x, seed 0)"]


def test_unknown_data_sets_and_methods_stand_without_the_paper(report, rng):
    page = report([made_up_run(rng, "flowers", "rbm", classes=7, system="rbm")])
    assert "The paper has no figures for this data set." in page.text and "73.5" not in page.cells
    assert page.table("Method", "Top-1")[2][:2] == ["rbm", "–"]


def test_the_papers_own_figures_agree_with_each_other_and_with_the_sums_of_the_printed_columns():
    confusion = np.array(paper_tables.CONFUSION)
    assert np.allclose(confusion.sum(axis=1), 1)
    assert np.allclose(confusion.sum(axis=0), [0.998, 0.957, 0.95, 1.045, 0.966, 0.958, 0.996, 1.089, 1.002, 1.039])
    for table, sums in ((paper_tables.ACCURACY["cifar10"], [306.0, 357.6, 378.7]),
                        (paper_tables.ACCURACY["cifar100"], [172.5, 224.0, 254.0]),
                        (paper_tables.RETRIEVAL["cifar10"], [2.072, 0.43]),
                        (paper_tables.RETRIEVAL["cifar100"], [0.65, 0.425])):
        assert np.allclose(np.sum(list(table.values()), axis=0), sums)
    assert sum(paper_tables.ELSEWHERE["cifar10"].values()) == pytest.approx(333.1)
    assert confusion.diagonal().mean() * 100 == pytest.approx(79.3, abs=0.05)  # Table 2's Top-1
    for table in paper_tables.ACCURACY.values():
        assert all(top1 < top2 < top3 for top1, top2, top3 in table.values()) and list(table) == METHODS


def test_a_compared_system_that_ran_stands_beside_its_published_figure(report, rng):
    runs = [made_up_run(rng, method="pixels", system="pixels", recipe=None, preset="cpu", epochs=50,
                        accuracy={"top1": 0.417, "top2": 0.604, "top3": 0.724}), made_up_run(rng)]
    page = report(runs)
    rows = page.table("Method", "Top-1", "Top-2", "Top-3")
    assert ["Raw pixels (Krizhevsky 2009)", "37.3", "41.7 +4.4", "–", "60.4", "–", "72.4"] in rows
    assert "50 epochs" not in page.text.partition("Not like for like")[2][:200]
