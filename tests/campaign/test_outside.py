"""Damaged and forged data: the official images come out, or one line."""
import outside
import pytest
from harness import damage_files, run_cases

CASES = {"binary folder": (30, 600), "python folder": (60, 1200), "binary archive": (60, 1200),
         "python archive": (30, 600), "embedded sheet": (5, 100), "embedded index": (5, 100)}


@pytest.mark.parametrize("kind", outside.KINDS)
def test_nothing_is_believed(kind, campaign):
    report = damage_files("outside", kind, campaign(*CASES[kind]))
    assert report["forged"] == 0 and report["refused"] > 0  # also a forged file gives the official images or none


@pytest.mark.parametrize("kind", ["binary folder", "python folder"])
def test_it_would_see_a_reader_that_checks_no_hash(kind, monkeypatch):
    monkeypatch.setattr("scratchnet.data.records.check_hash", lambda content, digest, what: None)
    try:
        report = run_cases(outside.KINDS[kind], 0, 0, 40)
    finally:
        outside.PATCH.undo()
    assert "another result" in str(report["failures"])
