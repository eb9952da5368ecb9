"""Damaged files of every kind that the project itself writes: refused in one line, or without effect."""
import pytest
from harness import damage_files
from project_files import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_refused_or_without_effect(kind, campaign):
    report = damage_files("project_files", kind, campaign(short=40, long=500), seed=2016)
    assert report["refused"] > report["same"] and report["peak_mb"] < 1000 and report["slowest_s"] < 10
