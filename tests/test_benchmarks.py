"""Every benchmark runs in its quick mode and writes rows that the report can read."""
import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import report

ROOT = Path(__file__).parent.parent


SMALL = {"training_step": ["--batch", "8"], "layers": ["--batch", "8"], "features": ["--batch", "8"],
         "retrieval": ["--queries", "20", "--gallery", "300", "--ranked", "10"], "autoencoder": [], "memory": [],
         "breakdown": [], "scaling": ["--threads", "2"]}


@pytest.mark.parametrize("name", SMALL)
def test_quick_mode(name, tmp_path):
    done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", "--quick", "--backends", "numpy", *SMALL[name],
                           "--json", str(tmp_path / "rows.json")], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    content = json.loads((tmp_path / "rows.json").read_text())
    assert content["environment"]["cpu"] and content["rows"]
    assert f"benchmarks.{name} --quick" in content["environment"]["command"]
    for row in content["rows"]:
        assert row["backend"] == "numpy" and (row["peak_mb"] is None or row["peak_mb"] >= 0)
        low, high = row.get("spread_ms", (1, 1))
        assert 0 < low <= row.get("median_ms", 1) <= high


def write(path, rows):
    environment = {"threads": 2, "cpu": "a processor", "date": "2026-01-02", "numpy": "2.0", "blas": "openblas 0.3",
                   "peers": {"torch": "2.13"}}
    path.write_text(json.dumps({"environment": environment, "rows": rows}))


def pair(case, own, peer, **more):
    return [{"case": case, "backend": name, "median_ms": ms, "spread_ms": [ms, ms], "peak_mb": None,
             "ratio_to_torch": ms / peer, **more} for name, ms in (("numpy", own), ("torch", peer))]


def test_report_takes_medians_over_runs_and_rewrites_only_its_own_lines(tmp_path):
    for i, (own, peer) in enumerate([(50, 100), (90, 100), (140, 200)]):
        write(tmp_path / f"training_step-{i}.json", pair("training step", own, peer))
    write(tmp_path / "scaling.json", [
        *pair("threads 1", 100, 150, curve="threads", x=1, ratio_to_one_thread=1.0),
        *pair("threads 2", 55, 90, curve="threads", x=2, ratio_to_one_thread=0.55),
        *pair("batch 16", 5, 9, curve="batch", x=16), *pair("gallery", 5, 9, curve="gallery", x=10, slope=1.0)])
    write(tmp_path / "breakdown.json", pair("conv1, forward", 9, 9, layer="conv1", way="forward")[:1]
          + pair("conv1, backward", 9, 9, layer="conv1", way="backward")[:1]
          + [{"case": "page faults a step", "backend": "numpy", "page_faults": 1200, "system_ms": 3.4}])
    readme, second = tmp_path / "README.md", tmp_path / "benchmarks/README.md"
    second.parent.mkdir()
    for path, name in ((readme, "speed"), (second, "breakdown")):
        path.write_text("above\n" + "old".join(mark.format(name) for mark in report.MARKS) + "below\n")
    arguments = ["--results", str(tmp_path), "--root", str(tmp_path)]
    report.main(arguments)
    text = readme.read_text()
    assert text.startswith("above\n") and text.endswith("below\n") and "old" not in text
    assert "| training step | 90 ms | 100 ms (PyTorch) | **0.70** (0.50 to 0.90 in 3 runs) |" in text
    assert "| training step, 2 threads | 55 ms | 100 ms (1 thread) | **0.55** |" in text
    assert "| conv1 | 9.0 + 9.0 |" in second.read_text() and "| 1,200 (3 ms) |" in second.read_text()
    assert all((tmp_path / f"{name}.png").stat().st_size > 5000 for name in ("ratios", "scaling", "breakdown"))
    report.main(arguments)
    assert readme.read_text() == text


def test_report_without_results_is_one_line(tmp_path):
    with pytest.raises(SystemExit, match="--json"):
        report.main(["--results", str(tmp_path)])


def test_unknown_backend_is_one_line():
    done = subprocess.run([sys.executable, "-m", "benchmarks.layers", "--backends", "tensorflow"], cwd=ROOT,
                          capture_output=True, text=True)
    assert done.returncode != 0 and "tensorflow" in done.stderr and "Traceback" not in done.stderr
