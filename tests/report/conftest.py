"""Fixtures of the tests of reports."""
import pytest
from reports import LEDGER, Page

from scratchnet import plotting
from scratchnet.report import write_report


@pytest.fixture
def report(tmp_path):
    def write(runs, figures=(), ledger=LEDGER, kept=None, **results):
        path = tmp_path / "report.html"
        write_report({"runs": runs, "command": "", "environment": {"date": "2001-02-03"}, **results},
                     list(figures) if isinstance(figures, tuple) else figures, ledger, path, kept)
        return Page(path)
    return write


@pytest.fixture
def picture(tmp_path):
    plotting.save(plotting.curves_figure({}), tmp_path / "curves.png")
    return tmp_path / "curves.png"
