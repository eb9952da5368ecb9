"""The run for a borrowed GPU, where there is none: nothing that is cut off takes anything else with it."""
import dataclasses
import hashlib
import json
import sys
import tarfile

import numpy as np
import pytest

from benchmarks import harness
from benchmarks.gpu import carry, kernels, run, smoke
from scratchnet.benchmark.timing import Timing
from scratchnet.data import catalog, load
from scratchnet.data.records import pack
from scratchnet.errors import DataError
from scratchnet.layers import Conv2D


@pytest.fixture
def places(tmp_path, monkeypatch):
    monkeypatch.setenv("OUT", str(tmp_path / "out"))
    monkeypatch.setenv("WORK", str(tmp_path / "work"))
    return tmp_path / "out/gpu.tar.gz"


def members(archive):
    with tarfile.open(archive) as tar:
        return {name: tar.extractfile(name).read() for name in tar.getnames()}


def test_what_is_cut_off_or_fails_loses_only_itself(places, monkeypatch):
    """Each part leaves its output and JSON in one archive; few files, as most places take back only some."""
    slow = "import time; print('begun', flush=True); open('{}', 'w').write('[1]'); time.sleep(60)"
    monkeypatch.setattr(run, "parts", lambda work, rehearse: [
        run.Part("slow", 1, ("-c", slow.format(work / "slow.json"))),
        run.Part("wrong", 9, ("-c", "raise SystemExit(3)")),
        run.Part("right", 9, ("-c", "print('all is well')")), run.Part("late", 9, ("-c", ""))])
    said = run.main(["--seconds", "8"])
    assert said == "not done: slow (cut off), wrong (exit code 3)"
    found = members(places)
    assert found["slow.log"] == b"begun\n" and found["slow.json"] == b"[1]" and found["right.log"] == b"all is well\n"
    assert run.main(["--seconds", "1"]).count("no time left") == 4


def test_the_most_needed_comes_first_and_all_fits_into_one_call(tmp_path):
    parts = run.parts(tmp_path, rehearse=False)
    assert [part.name for part in parts][:4] == ["smoke", "training_step", "kernels", "training_step-tf32"]
    assert parts[-1].name == "training"
    assert {part.name for part in run.parts(tmp_path, rehearse=True)} == {part.name for part in parts}


def test_a_smoke_test_sees_a_wrong_gradient(monkeypatch):
    monkeypatch.setattr("sys.argv", ["smoke", "--backend", "numpy"])
    with pytest.raises(SystemExit) as stop:
        smoke.main()
    assert stop.value.code is None
    calls = []

    def wrong(self, dy, cache, need_dx=True, right=Conv2D.backward):
        dx, grads = right(self, dy, cache, need_dx)
        calls.append(1)
        return dx, {**grads, "b": grads["b"] * (1 + 1e-3 * (len(calls) > 3))}
    monkeypatch.setattr(Conv2D, "backward", wrong)
    with pytest.raises(SystemExit, match="differs from NumPy: conv3.b, conv2.b, conv1.b"):
        smoke.main()


def test_kernels_are_counted_per_step():
    rows = kernels.table([("a", 100.0), ("b", 500.0), ("a", 200.0), ("b", 700.0)], "cupy", 128)
    assert [(row["case"], row["calls"], row["step_ms"]) for row in rows] == [
        ("all kernels", 4 / 5, pytest.approx(0.3)), ("b", 2 / 5, pytest.approx(0.24)),
        ("a", 2 / 5, pytest.approx(0.06))]


def test_ratios_are_to_pytorchs_faster_layout():
    timings = {name: Timing([ms]) for name, ms in (("cupy", 3.0), ("torch", 6.0), ("torch-nchw", 4.0))}
    rows = harness.rows("a step", timings)
    assert [row["ratio_to_torch"] for row in rows] == [0.75, 1.5, 1.0]
    assert harness.with_layouts(["cupy", "torch"]) == ["cupy", "torch", "torch-nchw"]
    assert harness.with_layouts(["numpy", "torch"]) == ["numpy", "torch"]


def test_rows_are_kept_case_by_case(tmp_path, monkeypatch):
    options = harness.parser("", "numpy").parse_args(["--json", str(tmp_path / "rows.json")])
    monkeypatch.setitem(sys.modules, "__main__", harness)
    report = harness.Report(options)
    for case in ("first", "second"):
        report.add(harness.rows(case, {"numpy": Timing([1.0])}))
        assert json.loads((tmp_path / "rows.json").read_text())["rows"][-1]["case"] == case


def test_pictures_travel_losslessly_and_are_checked(tmp_path, monkeypatch):
    images, labels, *_ = load("mini")
    parts = {f"part{i}": pack(images[i::2], labels[i::2].astype(np.uint8)) for i in range(2)}
    fake = dataclasses.replace(catalog.CIFAR10, binary={name: hashlib.sha1(content).hexdigest()
                                                        for name, content in parts.items()})
    monkeypatch.setattr(carry, "CIFAR10", fake)
    monkeypatch.setattr(carry, "read", lambda catalog, place: parts)
    carry.pack_sheets(tmp_path, tmp_path / "sheets")
    later = (tmp_path / "sheets/1.webp").rename(tmp_path / "1.webp")
    assert carry.unpack_sheets(tmp_path / "sheets", tmp_path) == ["part1"]
    later.rename(tmp_path / "sheets/1.webp")
    assert carry.unpack_sheets(tmp_path / "sheets", tmp_path) == []
    for name, content in parts.items():
        assert (tmp_path / fake.binary_folder / name).read_bytes() == content
        (tmp_path / fake.binary_folder / name).unlink()
    (tmp_path / "sheets/0.webp").write_bytes((tmp_path / "sheets/1.webp").read_bytes())
    with pytest.raises(DataError, match="part0 is damaged"):
        carry.unpack_sheets(tmp_path / "sheets", tmp_path)
