"""The campaign itself sees what it is there to see."""
import time

import harness
import numpy as np
import pytest
from harness import BYTES, Kind, edit, mutated, run_cases

from scratchnet.errors import DataError

GOOD = '{"a": [1, 2, {"b": "c"}], "d": 2.5}'


def kind(use):
    def make(folder):
        (folder / "a.json").write_text(GOOD)
        return folder / "a.json"
    return Kind(make, use, (edit,))


def guarded(path):
    if path.read_text() != GOOD:
        raise DataError("refused")
    return "good"


def believing(path):
    return path.read_text()


def raising(path):
    return "good" if path.read_text() == GOOD else [][0]


def wordy(path):
    try:
        return guarded(path)
    except DataError:
        raise DataError("two\nlines") from None


@pytest.mark.parametrize("use, words", [(believing, "another result"), (raising, "IndexError"),
                                        (wordy, "not printable")])
def test_it_sees_what_is_not_handled(use, words):
    report = run_cases(kind(use), 0, 0, 8)
    assert len(report["failures"]) > 4 and all(words in failure["what"] for failure in report["failures"])


def test_it_sees_a_hang(monkeypatch):
    monkeypatch.setattr(harness, "SECONDS", 1)
    good = []

    def endless(path):
        while good[0] != GOOD:
            pass
        return "good"

    def waiting(path):
        while good[0] != GOOD:
            time.sleep(100)
        return "good"

    def of(wait):
        def use(path):
            good[:] = [path.read_text()]  # read once: a reading that is broken off leaves its file open
            return wait(path)
        return use
    for use, seconds in ((of(endless), 0.9), (of(waiting), 0)):
        report = run_cases(kind(use), 0, 0, 1)
        assert "hangs" in report["failures"][0]["what"] and seconds <= report["slowest_s"] < 3


def test_it_sees_what_is_handled():
    report = run_cases(kind(guarded), 0, 0, 20)
    assert not report["failures"] and report["refused"] + report["same"] == 20 and report["refused"] > 15
    assert report["slowest_s"] < 10 and report["peak_mb"] < 1000


def test_a_case_is_determined_by_its_seed_and_number(tmp_path):
    path = tmp_path / "a"
    for damage in BYTES[:4]:
        found = []
        for seed in (3, 3, 4):
            path.write_bytes(bytes(range(256)) * 10)
            damage(np.random.default_rng([0, seed]), path)
            found.append(path.read_bytes())
        assert found[0] == found[1] != found[2]
        assert found[0] != bytes(range(256)) * 10


def test_every_node_is_reached():
    value, changed = {"a": [1, {"b": 2}], "c": None}, set()
    for seed in range(200):
        found = mutated(np.random.default_rng(seed), {"a": [1, {"b": 2}], "c": None})
        changed |= {repr(found)} if found != value else set()
    assert len(changed) > 60
