"""`scratchnet benchmark`: what it measures, leaves out, writes and says; the GPU is a pretended one."""
import json

import numpy as np
import pytest
from matplotlib.image import imread
from terminal import refused, run

from scratchnet import __version__, backend
from scratchnet.benchmark import cases as timed_cases
from scratchnet.benchmark import run as module
from scratchnet.benchmark.run import FULL, QUICK, Effort, benchmark, figure

LAYERS = [*timed_cases.layers()]
CASES = ["training step", *LAYERS]
SHORT = Effort((1, 4), 1, 3, 0.01)


@pytest.fixture
def two_backends(gpu, monkeypatch):
    """Let every case compute what it does, and take 50 ms an image on the CPU, 100 ms and 5 an image on the GPU."""
    for case in (timed_cases.TrainingStep, timed_cases.LayerPass):
        def on(self, xp, stack, inputs, threads, real=case.on):
            step, n = real(self, np if xp is np else gpu, stack, inputs, threads), len(inputs[0])
            if xp is np:
                return lambda: (step(), gpu.clock.work(0.05 * n)) and None
            computed, step.step = step.step, lambda: (computed(), gpu.work(0.1 + 0.005 * n))
            return step
        monkeypatch.setattr(case, "on", on)
    return gpu


def read(folder):
    return json.loads((folder / "benchmark.json").read_text())


def test_two_backends_are_compared_and_the_crossover_is_drawn(two_backends, tmp_path, capsys):
    """1 image: 50 ms and 105; 4: 200 and 120. On logarithmic axes the curves cross at 2.4."""
    code, said, _ = run(capsys, "benchmark", "--quick", "--batch", "4,1", "--out", tmp_path / "new/out")
    assert code == 0 and "the GPU is faster from a batch of 3 on; with 4 it is 1.7 times as fast." in said
    found = read(tmp_path / "new/out")
    assert found["crossover"] == dict.fromkeys(CASES, 3) and found["summary"] in said and found["notes"] == []
    assert [(row["case"], row["batch"], row["backend"]) for row in found["rows"]] == [
        (case, batch, name) for case in CASES for batch in (1, 4) for name in ("numpy", "cupy")]
    for row in found["rows"]:
        expected = 50 * row["batch"] if row["backend"] == "numpy" else 100 + 5 * row["batch"]
        assert row["median_ms"] == pytest.approx(expected) == row.get("device_ms", expected)
    assert said.splitlines()[0] == "training step, batch     1: numpy 50 ms, cupy 105 ms"
    assert imread(tmp_path / "new/out/benchmark.png").shape[1] > 1500
    marked = [line for axes in figure(found).axes for line in axes.lines if line.get_linestyle() == ":"]
    assert len(marked) == len(CASES) and 2 < marked[0].get_xdata()[0] < 3


def test_the_json_says_where_its_figures_came_from(two_backends, tmp_path):
    benchmark(tmp_path, batches=[2], effort=SHORT, threads=2, command="scratchnet benchmark --batch 2")
    found = read(tmp_path)["environment"]
    assert {"scratchnet": __version__, "command": "scratchnet benchmark --batch 2", "seed": 0, "threads": 2,
            "backend": "cupy", "device": "A pretended GPU", "cupy": "14.2.0", "cuda": 13000,
            "numpy": np.__version__}.items() <= found.items()
    assert {"commit", "date", "cpu", "simd", "python", "blas", "precision"} <= found.keys()


def test_the_real_command_on_this_cpu_alone(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(backend, "probe_cupy", lambda: (None, "no driver"))
    code, said, err = run(capsys, "benchmark", "--quick", "--batch", "1,2", "--out", tmp_path, "--threads", "1")
    first, *_, summary, files = said.splitlines()
    assert code == 0 and err == ""  # no progress bar where nobody looks
    assert first == ("CuPy found no GPU (no driver): only the CPU is timed; see 'On a GPU' in README.md for "
                     "what it takes")
    assert summary.startswith("A training step takes this CPU ") and summary.endswith("no GPU was timed.")
    assert files == f"{tmp_path / 'benchmark.json'}, {tmp_path / 'benchmark.png'}"
    found = read(tmp_path)
    assert found["notes"] == [first] and found["crossover"] == {} and found["environment"]["threads"] == 1
    assert {(row["case"], row["batch"]) for row in found["rows"]} == {(case, n) for case in CASES for n in (1, 2)}
    assert all(0 < row["spread_ms"][0] <= row["median_ms"] <= row["spread_ms"][1] for row in found["rows"])


@pytest.fixture
def small_gpu(two_backends, monkeypatch):
    """A device that holds no more than three images."""
    def to_device(x, xp, real=timed_cases.to_device):
        if xp is two_backends and len(x) > 3:
            raise MemoryError
        return real(x, xp)
    monkeypatch.setattr(timed_cases, "to_device", to_device)


def test_what_does_not_fit_is_noted_and_left_out_there_only(small_gpu, tmp_path):
    said = []
    found = benchmark(tmp_path, batches=[2, 4, 8], effort=SHORT, say=said.append)
    assert found["notes"] == [f"{case}, cupy: a batch of 4 does not fit into memory; larger ones were not tried"
                              for case in CASES]
    assert set(found["notes"]) < set(said)
    assert {(row["backend"], row["batch"]) for row in found["rows"]} == {("numpy", 2), ("numpy", 4), ("numpy", 8),
                                                                         ("cupy", 2)}
    assert "with a batch of 2, the largest measured, the GPU takes 1.1 times as long" in found["summary"]


def test_a_batch_that_no_machine_holds_is_left_out_and_alone_it_is_an_error(two_backends, tmp_path, capsys):
    found = benchmark(tmp_path / "a", batches=[1, 10**30], effort=SHORT)
    assert {row["batch"] for row in found["rows"]} == {1} and len(found["notes"]) == 2 * len(CASES)
    said = refused(capsys, "benchmark", "--batch", 10**30, "--out", tmp_path / "b")
    assert "nothing fits into memory" in said and "smaller --batch" in said and not [*(tmp_path / "b").iterdir()]


@pytest.mark.parametrize("after", [0, 3])
def test_interrupted_it_keeps_and_draws_what_there_is(after, two_backends, tmp_path, capsys, monkeypatch):
    asked = []

    def timed(*arguments, real=module._timed):
        asked.append(arguments)
        if len(asked) > after:
            raise KeyboardInterrupt
        return real(*arguments)
    monkeypatch.setattr(module, "_timed", timed)
    code, said, err = run(capsys, "benchmark", "--quick", "--batch", "1,4", "--out", tmp_path)
    assert code == 130 and "interrupted" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == (["benchmark.json", "benchmark.png"] if after else [])
    if after:
        found = read(tmp_path)
        assert len(found["rows"]) == 2 * after and found["crossover"] == {"training step": 3, "conv1": None}
        assert found["notes"][-1].startswith("interrupted") and found["summary"] in said


def test_every_case_is_in_the_file_before_the_next_begins(two_backends, tmp_path, monkeypatch):
    """Nothing runs after a kill."""
    written, path = [], tmp_path / "benchmark.json"

    def timed(*arguments, real=module._timed):
        written.append(len(read(tmp_path)["rows"]) if path.exists() else 0)
        return real(*arguments)
    monkeypatch.setattr(module, "_timed", timed)
    benchmark(tmp_path, batches=[1], effort=SHORT)
    assert written == [2 * i for i in range(len(CASES))]


def test_no_gpu_is_a_note_unless_nothing_else_was_asked_for(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(backend, "probe_cupy", lambda: (None, "no driver"))
    for names in ("cupy", "cupy,cupy"):
        assert "CuPy found no GPU (no driver): use --backend numpy" in refused(
            capsys, "benchmark", "--backends", names, "--out", tmp_path / "a")
    said = []
    benchmark(tmp_path / "b", ["numpy"], [1], SHORT, say=said.append)
    assert not any("CuPy" in line for line in said)


def test_a_gpu_alone(two_backends, tmp_path):
    found = benchmark(tmp_path, ["cupy"], [2], SHORT)
    assert {row["backend"] for row in found["rows"]} == {"cupy"} and found["crossover"] == {}
    assert found["summary"] == "A training step takes this GPU 110 ms with a batch of 2; no CPU was timed."


def test_the_place_is_checked_before_anything_is_measured(two_backends, tmp_path, capsys, monkeypatch):
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full/benchmark.json").write_text("earlier")
    monkeypatch.setattr(module, "_timed", None)
    assert "cannot write to the folder" in refused(capsys, "benchmark", "--out", tmp_path / "file")
    assert "cannot write to the folder" in refused(capsys, "benchmark", "--out", tmp_path / "file/deeper")
    assert "choose another --out" in refused(capsys, "benchmark", "--out", tmp_path / "full")
    assert (tmp_path / "full/benchmark.json").read_text() == "earlier"


def test_full_goes_from_1_to_1024_and_quick_takes_less_of_everything():
    assert FULL.batches == tuple(2**i for i in range(11)) and {1, 256} <= {*QUICK.batches} < {*FULL.batches}
    assert QUICK.repeats < FULL.repeats and QUICK.seconds < FULL.seconds and QUICK.warm_up < FULL.warm_up
