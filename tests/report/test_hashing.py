"""Binary codes beside published ones: each figure from its own protocol, and which are published only."""
import pytest
from reports import Page, hashed_run, made_up_run

from scratchnet.report.hashing import PUBLISHED, hashing_tables
from scratchnet.report.html import write_report
from scratchnet.retrieval.protocols import PROTOCOLS


def test_each_protocol_has_its_own_figures(rng):
    runs = [made_up_run(rng), hashed_run(rng, "deep_codes_48", 48, 0.3), hashed_run(rng, "cnnh_plus_12", 12, 0.2)]
    tables = {table["name"]: table for table in hashing_tables(runs)}
    assert list(tables) == list(PROTOCOLS)
    lin = tables["lin2015"]
    assert lin["figure"] == {"key": "map_at_1000", "title": "MAP at 1,000 / found"}
    rows = {(row["method"], row["bits"]): row for row in lin["rows"]}
    ours = rows["deep_codes", 48]
    assert ours["label"] == "Deep binary codes (Lin et al. 2015)"
    assert (ours["queries"], ours["gallery"]) == (2000, 40_000)
    assert [ours[key] for key in ("published", "codes", "low", "high", "descriptor", "floor")] == pytest.approx(
        [0.8973, 0.41, None, None, 0.44, 0.46])
    assert rows["deep_codes", 12] == {**rows["deep_codes", 12], "published": 0.893, "codes": None, "floor": None}
    assert rows["cnnh_plus", 12]["published"] is None
    for name, at in (("test-vs-test", 0.2), ("xia2014-all", 0.4), ("xia2014-unseen", 0.5)):
        row = next(row for row in tables[name]["rows"] if row["method"] == "cnnh_plus" and row["codes"])
        assert [row[key] for key in ("codes", "low", "high", "descriptor", "floor")] == pytest.approx(
            [at, at - 0.02, at + 0.02, at + 0.03, at + 0.05])
        assert row["published"] == (None if name == "test-vs-test" else 0.465)


def test_published_figures_stand_once_and_in_order(rng):
    rows = {t["name"]: t for t in hashing_tables([hashed_run(rng, "cnnh_plus_48", 48, 0.2)])}["xia2014-all"]["rows"]
    listed = [(row["method"], row["bits"]) for row in rows]
    assert len(set(listed)) == len(listed) == sum(map(len, PUBLISHED["xia2014-all"].values()))
    assert listed[:8] == [(m, b) for m in ("cnnh", "cnnh_plus") for b in (12, 24, 32, 48)]
    assert [row["codes"] is not None for row in rows].count(True) == 1


def test_images_learnt_from_are_those_by_which_the_galleries_differ(rng):
    run = hashed_run(rng, "cnnh_plus_48", 48, 0.2)
    run["hashing"]["protocols"]["xia2014-all"]["gallery"] = 59_000
    run["hashing"]["protocols"]["xia2014-unseen"]["gallery"] = 54_000
    assert {row["learnt"] for table in hashing_tables([run]) for row in table["rows"] if row["codes"]} == {5000}


def test_another_gallery_is_told(rng):
    runs = [hashed_run(rng, "cnnh_plus_48", 48, 0.2), hashed_run(rng, "deep_codes_48", 48, 0.3)]
    runs[0]["hashing"]["protocols"]["xia2014-unseen"]["gallery"] = 9000
    rows = {t["name"]: t for t in hashing_tables(runs)}["xia2014-unseen"]["rows"]
    assert {row["label"] for row in rows if row["codes"]} == {
        "Deep binary codes (Lin et al. 2015)", "CNNH+ (Xia et al. 2014), gallery of 9,000"}


def test_the_usual_gallery_is_that_of_whoever_learnt_from_as_many_as_published(rng):
    runs = [hashed_run(rng, "cnnh_plus_48", 48, 0.2), hashed_run(rng, "deep_codes_48", 48, 0.3)]
    for run, unseen in zip(runs, (54_000, 9000)):
        run["hashing"]["protocols"]["xia2014-all"]["gallery"] = 59_000
        run["hashing"]["protocols"]["xia2014-unseen"]["gallery"] = unseen
    table = {t["name"]: t for t in hashing_tables(runs)}["xia2014-unseen"]
    assert (table["gallery"], table["queries"]) == (54_000, 4000)
    assert {row["label"] for row in table["rows"] if row["codes"]} == {
        "Deep binary codes (Lin et al. 2015), gallery of 9,000", "CNNH+ (Xia et al. 2014)"}


def test_other_data_sets_have_no_published_figures(rng):
    run = hashed_run(rng, "cnnh_plus_48", 48, 0.2, dataset="cifar100")
    assert all(row["published"] is None for table in hashing_tables([run], "cifar100") for row in table["rows"])
    assert hashing_tables([made_up_run(rng)]) == []


def test_the_page_says_what_is_published_only(rng, tmp_path):
    run = hashed_run(rng, "cnnh_plus_48", 48, 0.2)
    del run["hashing"]["protocols"]["xia2014-unseen"]
    run["hashing"]["protocols"]["test-vs-test"]["class_floor"] = None
    results = {"command": "c", "environment": {"date": "2001-02-03"}, "runs": [run]}
    write_report(results, [], [], tmp_path / "report.html")
    page = Page(tmp_path / "report.html")
    tables = [table for table in page.tables if table[0][:3] == ["Codes", "labels", "Bits"]]
    assert len(tables) == 3
    assert tables[0][1] == ["CNNH+ (Xia et al. 2014)", "30,000", "48", "–", "0.200", "0.180 to 0.220", "0.230", "–"]
    assert ["KSH (Liu et al. 2012), published only", "5,000", "12", "0.303", "–", "–", "–", "–"] in tables[2]
    assert "xia2014-all: 100 test images of each class search all other images" in page.text
    assert "3,000 queries, 30,000 images" in page.text
