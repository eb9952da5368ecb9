"""The report: every figure is on the page, nothing on it runs or is loaded from elsewhere. All results are made up."""
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from scratchnet import plotting
from scratchnet.errors import DataError, OutputError
from scratchnet.report import html, paper_tables, write_report
from scratchnet.report.claims import claim_rows, noise

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
    return {"dataset": dataset, "method": method, "recipe": "paper", "seed": 0, "epochs": 25, "train_images": 50_000,
            "history": [{"epoch": 1, "loss": 2.0, "train_top1": 0.25, "seconds": 40.0},
                        {"epoch": 2, "loss": 1.2345, "train_top1": 0.567, "validation_top1": 0.512, "seconds": 44.0}],
            "accuracy": dict(zip(("top1", "top2", "top3"), np.sort(rng.random(3)).tolist())),
            "confusion": rng.integers(1, 100, (classes, classes)).tolist(), **retrieval,
            "seconds": {"pretrain": 31.0, "train": 84.0, "evaluate": 7700.0}, "settings": {"rate": 0.0123}, **more}


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


@pytest.fixture
def report(tmp_path):
    def write(runs, figures=(), ledger=LEDGER, **results):
        path = tmp_path / "report.html"
        write_report({"schema": 1, "runs": runs, **results}, list(figures) if isinstance(figures, tuple) else figures,
                     ledger, path)
        return Page(path)
    return write


@pytest.fixture
def picture(tmp_path):
    plotting.save(plotting.curves_figure({}), tmp_path / "curves.png")
    return tmp_path / "curves.png"


def expected(paper, ours, digits):
    """The text of a cell pair: paper, and ours with its signed difference."""
    if paper is None:
        return ["–", f"{ours:.{digits}f}"]
    difference = f"{ours - paper:+.{digits}f}".replace("-", "−")
    return [f"{paper:.{digits}f}", f"{ours:.{digits}f} {difference}"]


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


def test_differences_are_signed_and_coloured_by_their_sign(report, rng):
    accuracy = {"top1": 0.755, "top2": 0.854, "top3": 0.931}
    page = report([made_up_run(rng, accuracy=accuracy)])
    (row,) = [row for row in page.table("Method", "Top-1") if row[0] == "CNN_RGB"]
    assert row[1:] == ["73.5", "75.5 +2.0", "87.4", "85.4 −2.0", "93.1", "93.1 ±0.0"]
    for style, text in (("up", "+2.0"), ("down", "−2.0"), ("same", "±0.0")):
        assert f'<span class="difference {style}">{text}</span>' in page.source


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


def test_headline_training_settings_and_environment(report, rng):
    page = report([made_up_run(rng, seed=7)], command="scratchnet reproduce --seed 7", environment={
        "cpu": "a made-up processor", "commit": None, "date": "2001-02-03"})
    for name, value in (("computing time", "2 h 10 min"), ("date", "2001-02-03"), ("seed", "7"), ("data", "CIFAR-10")):
        assert f"<dt>{name}</dt><dd>{value}</dd>" in page.source
    assert page.table("Training Top-1, %")[1] == ["CNN_RGB", "1.2345", "56.7", "51.2", "31 s", "1 min 24 s", "42 s",
                                                  "2 h 8 min"]
    assert ["rate", "0.0123"] in page.table("Setting") and ["cpu", "a made-up processor"] in page.tables[-1]
    assert ["commit", "not recorded"] in page.tables[-1] and "<pre>scratchnet reproduce --seed 7</pre>" in page.source


def test_ledger_and_data_card(report, rng):
    page = report([made_up_run(rng)])
    assert page.table("Row")[1:] == [["1", "Padding unstated.", "Same.", ""], ["2", "Pooling unstated.", "Max.",
                                                                              "Mean. ablation"]]
    assert page.text.count("ciFAIR") >= 2 and "3.25 %" in page.text and "Krizhevsky: Learning Multiple" in page.text


def test_a_schedule_other_than_the_papers_is_named_once_for_all_it_concerns(report, rng):
    page = report([made_up_run(rng, method=method, epochs=2, train_images=512) for method in METHODS[:2]])
    assert ("Not like for like. CNN_RGB, CNN_RGB+DA: 2 epochs (the paper: 25), 512 training images "
            "(the paper: 50,000).") in page.text


def test_runs_of_one_method_are_told_apart(report, rng):
    runs = [made_up_run(rng, seed=seed, recipe=recipe) for seed, recipe in ((0, "paper"), (1, "paper"), (0, "paper+x"))]
    names = [row[0] for row in report(runs).table("Method", "Top-1") if row[0].startswith("CNN_RGB (")]
    assert names == ["CNN_RGB (seed 0)", "CNN_RGB (seed 1)", "CNN_RGB (recipe paper+x, seed 0)"]


def test_settings_that_differ_stand_side_by_side(report, rng):
    runs = [made_up_run(rng), made_up_run(rng, recipe="best", settings={"rate": 0.5, "crops": True})]
    assert report(runs).table("Setting") == [["Setting", "recipe paper", "recipe best"], ["rate", "0.0123", "0.5"],
                                             ["crops", "–", "True"]]


def test_pictures_are_embedded_and_nothing_is_loaded_or_run(report, rng, picture):
    runs = [made_up_run(rng, method=method) for method in METHODS]
    page = report(runs, [("Curves", "How it went.", picture), ("Again", "", picture)])
    assert page.tags.count("img") == 3  # the third compares several methods with the paper
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)
    assert not {"script", "link", "iframe", "object", "embed", "form"} & set(page.tags)
    assert "url(" not in page.source and "@import" not in page.source and "http" not in page.source
    assert "Curves. How it went." in page.text


def test_pictures_may_be_grouped_by_data_set(report, rng, picture):
    page = report([made_up_run(rng), made_up_run(rng, "mini")], {"mini": [("Curves", "", picture)], "cifar10": []})
    assert "Pictures mini (a sample of CIFAR-10) Curves." in page.text


def test_everything_from_outside_is_escaped(report, rng, picture):
    run = made_up_run(rng, HOSTILE, HOSTILE, recipe=HOSTILE, seed=HOSTILE, settings={HOSTILE: HOSTILE})
    run["retrieval"]["test-vs-test"][HOSTILE] = run["retrieval"]["test-vs-test"]["angular"]
    ledger = [{"number": HOSTILE, "paper": HOSTILE, "ours": HOSTILE, "alternatives": HOSTILE, "ablation": True}]
    page = report([run], [(HOSTILE, f'" onerror="{HOSTILE}', picture)], ledger, command=f"reproduce {HOSTILE}",
                  environment={HOSTILE: HOSTILE, "date": HOSTILE})
    assert "script" not in page.tags and "<script" not in page.source and "onerror=\"" not in page.source
    assert page.text.count(HOSTILE) > 12


@pytest.mark.parametrize("missing", ["recipe", "seed", "epochs", "train_images", "history", "accuracy", "confusion",
                                     "retrieval", "retrieval_before_relu", "seconds", "settings"])
def test_what_a_run_lacks_is_left_out(report, rng, missing):
    run = made_up_run(rng, method="pretrain_cnn_rgb_da")
    del run[missing]
    assert "Pre-train+CNN_RGB+DA" in report([run, made_up_run(rng)]).cells


def test_a_bare_run_and_no_run_at_all_make_a_page(report):
    assert "CNN_RGB" in report([{"dataset": "cifar10", "method": "cnn_rgb"}], ledger=[]).cells
    assert "No run is finished yet." in report([]).text


def test_unknown_data_sets_and_methods_stand_without_the_paper(report, rng):
    page = report([made_up_run(rng, "flowers", "rbm", classes=7)])
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


@pytest.mark.parametrize("seconds, text", [(None, "–"), (0.04, "0.0 s"), (42.4, "42 s"), (200, "3 min 20 s"),
                                           (3599.7, "1 h 0 min"), (3900, "1 h 5 min")])
def test_durations_read_well(seconds, text):
    assert html.duration(seconds) == text


@pytest.mark.parametrize("value, text", [(0.04, "±0.0"), (-0.04, "±0.0"), (0.05001, "+0.1"), (-1.26, "−1.3")])
def test_a_difference_always_has_its_sign(value, text):
    assert html.signed(value, 1) == text


@pytest.mark.parametrize("seconds, text", [(None, "–"), (0.00022, "0.220"), (0.262, "262"),
                                           (0.99951, "1,000"), (2, "2,000")])
def test_milliseconds_have_three_digits(seconds, text):
    assert html.milliseconds(seconds) == text


def test_a_missing_or_damaged_picture_is_one_line_and_leaves_the_old_page(report, rng, tmp_path):
    before = report([made_up_run(rng)]).source
    (tmp_path / "damaged.png").write_bytes(b"<html>")
    for name in ("missing.png", "damaged.png"):
        with pytest.raises(DataError) as error:
            report([], [("Curves", "", tmp_path / name)])
        assert "\n" not in str(error.value) and "run the command again" in str(error.value)
    assert (tmp_path / "report.html").read_text() == before


def test_a_page_that_cannot_be_written_is_one_line(rng, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write"):
        write_report({"runs": []}, [], [], tmp_path / "file" / "report.html")


def test_claims_are_differences_between_runs_of_one_seed(report, rng):
    runs = [made_up_run(rng, method=method, seed=seed, accuracy={"top1": top1, "top2": 0.9, "top3": 0.95})
            for method, seed, top1 in (("cnn_rgb", 0, 0.80), ("cnn_rgb", 1, 0.79), ("cnn_rgb", 2, 0.78),
                                       ("pretrain_cnn_rgb_da", 0, 0.81), ("pretrain_cnn_rgb_da", 1, 0.77))]
    runs.append(made_up_run(rng, method="pretrain_cnn_rgb_da", seed=2, recipe="best"))      # another recipe
    both, manhattan, angle = claim_rows(runs, "cifar10")
    assert (both["claim"], both["seeds"]) == ("both", [0, 1])
    np.testing.assert_allclose(both["ours"], [1, -2], atol=1e-9)
    np.testing.assert_allclose([both["paper"], both["noise"]], [5.8, 100 * noise(0.8)])
    maps = [run["retrieval"]["test-vs-test"] for run in runs]
    np.testing.assert_allclose(both["angular"],
                               [maps[i + 3]["angular"]["map"] - maps[i]["angular"]["map"] for i in (0, 1)])
    np.testing.assert_allclose(manhattan["ours"], [m["manhattan"]["map"] - m["euclidean"]["map"] for m in maps[3:5]])
    assert angle["claim"].startswith("angular") and angle["noise"] is None
    assert claim_rows(runs, "cifar100") == claim_rows(runs, "mini") == []
    rows = report(runs).table("Claim", "paper", "ours", "Noise")
    assert ["both", "Top-1", "+5.8", "+1.0, −2.0", "1.1"] in [row[:5] for row in rows]


def test_noise_is_twice_the_deviation_of_a_difference_of_two_shares(rng):
    difference = (rng.binomial(10_000, 0.8, 4000) - rng.binomial(10_000, 0.8, 4000)) / 10_000
    assert abs(noise(0.8) / (2 * difference.std()) - 1) < 0.05
