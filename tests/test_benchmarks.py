"""Every benchmark runs in its quick mode and writes rows that the report can read."""
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


SMALL = {"training_step": ["--batch", "8"], "layers": ["--batch", "8"], "features": ["--batch", "8"],
         "retrieval": ["--queries", "20", "--gallery", "300"], "autoencoder": []}


@pytest.mark.parametrize("name", SMALL)
def test_quick_mode(name, tmp_path):
    done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", "--quick", "--backends", "numpy", *SMALL[name],
                           "--json", str(tmp_path / "rows.json")], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    content = json.loads((tmp_path / "rows.json").read_text())
    assert content["environment"]["cpu"] and content["rows"]
    for row in content["rows"]:
        low, high = row["spread_ms"]
        assert row["backend"] == "numpy" and 0 < low <= row["median_ms"] <= high


def test_unknown_backend_is_one_line():
    done = subprocess.run([sys.executable, "-m", "benchmarks.layers", "--backends", "tensorflow"], cwd=ROOT,
                          capture_output=True, text=True)
    assert done.returncode != 0 and "tensorflow" in done.stderr and "Traceback" not in done.stderr
