"""The report: every figure is on the page, nothing on it runs or is loaded from elsewhere. All results are made up."""
import pytest
from reports import HOSTILE, METHODS, METRICS, made_up_run

from scratchnet import documents
from scratchnet.errors import DataError, InputError, OutputError
from scratchnet.report import html, write_report
from scratchnet.schema import fits


def test_differences_are_signed_and_coloured_by_their_sign(report, rng):
    accuracy = {"top1": 0.755, "top2": 0.854, "top3": 0.931}
    page = report([made_up_run(rng, accuracy=accuracy)])
    (row,) = [row for row in page.table("Method", "Top-1") if row[0] == "CNN_RGB"]
    assert row[1:] == ["73.5", "75.5 +2.0", "87.4", "85.4 −2.0", "93.1", "93.1 ±0.0"]
    for style, text in (("up", "+2.0"), ("down", "−2.0"), ("same", "±0.0")):
        assert f'<span class="difference {style}">{text}</span>' in page.source


def test_headline_training_settings_and_environment(report, rng):
    page = report([made_up_run(rng, seed=7)], command="scratchnet reproduce --seed 7", environment={
        "cpu": "a made-up processor", "commit": None, "date": "2001-02-03"})
    for name, value in (("computing time", "2 h 10 min"), ("date", "2001-02-03"), ("seed", "7"), ("data", "CIFAR-10")):
        assert f"<dt>{name}</dt><dd>{value}</dd>" in page.source
    assert page.table("Training Top-1, %")[1] == ["CNN_RGB", "1.2345", "56.7", "51.2", "31 s", "1 min 24 s", "42 s",
                                                  "2 h 8 min"]
    assert ["rate", "0.0123"] in page.table("Setting") and ["cpu", "a made-up processor"] in page.tables[-1]
    assert ["commit", "not recorded"] in page.tables[-1] and "<pre>scratchnet reproduce --seed 7</pre>" in page.source


def test_in_short_the_map_is_that_of_the_angle_among_the_test_images(report, rng):
    runs = [made_up_run(rng), made_up_run(rng, method="cnn_rgb_da", accuracy=None)]
    page = report(runs)
    rows = [row for row in page.table("Method", "Top-1, %", "MAP at 30") if row[0] in ("CNN_RGB", "CNN_RGB+DA")]
    angular = [run["retrieval"]["test-vs-test"]["angular"] for run in runs]
    assert [row[4:] for row in rows] == [[top1, f"{found['map']:.3f}", f"{found['map_at_30']:.3f}"] for top1, found in
                                         zip((f"{100 * runs[0]['accuracy']['top1']:.1f}", "–"), angular)]
    assert "<dt>computing time</dt><dd>4 h 20 min</dd>" in page.source  # of both


def test_each_descriptor_has_tables_of_its_own(report, rng):
    run = made_up_run(rng)
    found = report([run]).tables
    found = [table[3:6] for table in found if table[0][0] == "Distance"]
    expected = [[f"{run[key][protocol][metric]['map']:.3f}" for metric in METRICS]
                for key in ("retrieval", "retrieval_before_relu") for protocol in ("test-vs-test", "test-vs-train")]
    assert [[row[2] for row in table] for table in found] == expected


def test_ledger_and_data_card(report, rng):
    page = report([made_up_run(rng)])
    assert page.table("Row")[1:] == [["1", "Padding unstated.", "Same.", ""], ["2", "Pooling unstated.", "Max.",
                                                                              "Mean. ablation"]]
    assert page.text.count("ciFAIR") >= 2 and "3.25 %" in page.text and "Krizhevsky: Learning Multiple" in page.text


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
    run = made_up_run(rng, HOSTILE, HOSTILE, recipe=HOSTILE, preset=HOSTILE, settings={HOSTILE: HOSTILE})
    run["retrieval"]["test-vs-test"][HOSTILE] = run["retrieval"]["test-vs-test"]["angular"]
    ledger = [{"number": HOSTILE, "paper": HOSTILE, "ours": HOSTILE, "alternatives": HOSTILE, "ablation": True}]
    page = report([run], [(HOSTILE, f'" onerror="{HOSTILE}', picture)], ledger, command=f"reproduce {HOSTILE}",
                  environment={HOSTILE: HOSTILE, "date": HOSTILE})
    assert "script" not in page.tags and "<script" not in page.source and "onerror=\"" not in page.source
    assert page.text.count(HOSTILE) > 12


def test_a_run_may_have_one_descriptor_and_no_classes(report, rng):
    run = made_up_run(rng, method="pretrain_cnn_rgb_da", accuracy=None, confusion=None, recipe=None, peak_mb=None)
    del run["retrieval_before_relu"]
    assert "Pre-train+CNN_RGB+DA" in report([run, made_up_run(rng)]).cells


def test_no_run_at_all_makes_a_page(report):
    assert "No run is finished yet." in report([]).text


def test_what_a_run_lacks_or_has_of_another_kind_is_refused_by_its_name(report, rng, tmp_path):
    before = report([made_up_run(rng)]).source
    for key in set(made_up_run(rng)) - {"retrieval_before_relu"}:
        for value in (None, "text", -1, [], {}, [None]):
            run = made_up_run(rng, **{key: value})
            if value is None:
                del run[key]
            if value is None or not fits(value, documents.FIELDS[key]):
                with pytest.raises(InputError, match=rf"these are not results: runs\[0\](\.| lacks '){key}"):
                    report([run])
    assert (tmp_path / "report.html").read_text() == before


def test_a_command_of_bytes_that_are_no_text_is_shown(report, rng):
    assert r"--out \udcff" in report([made_up_run(rng)], command="reproduce --out \udcff").source


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
        write_report({"command": "", "environment": {"date": ""}, "runs": []}, [], [], tmp_path / "file/report.html")
