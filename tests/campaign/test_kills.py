"""SIGKILL at random moments of saving, training, evaluating and reporting: nothing is lost, the end stays the same."""
import json
import re
import sys
import time

import numpy as np
import pytest
from harness import kill, kill_within, start

from scratchnet import checkpoint, documents, systems
from scratchnet.experiments.results import read_predictions, read_results
from scratchnet.files import PART
from scratchnet.schema import anything

TINY = ["--train-images", "64", "--epochs", "2", "--set", "patch_count=300", "--set", "pretrain_iterations=2",
        "--checkpoint-seconds", "0", "--backend", "numpy", "--threads", "2"]
REPRODUCE = ["reproduce", "--methods", "pretrain_cnn_rgb", *TINY]
SAVING = ("import sys, numpy as np\nfrom scratchnet import checkpoint\nfrom scratchnet.files import write_json\n"
          "n = int(sys.argv[2])\nwhile True:\n    n += 1\n"
          "    checkpoint.save(sys.argv[1] + '/a.npz', {'a': np.full(300_000, n)}, {'n': n})\n"
          "    write_json(sys.argv[1] + '/a.json', {'n': n, 'more': list(range(20_000))})\n")


def leftovers(folder):
    """The temporary files of this package somewhere in a folder."""
    return [path for path in folder.rglob("*") if PART.fullmatch(path.name)]


def test_kills_while_saving(campaign, tmp_path):
    rng, newest, kills = np.random.default_rng(0), {"a.npz": 0, "a.json": 0}, 0
    for _ in range(campaign(short=8, long=120)):
        process = start([sys.executable, "-c", SAVING, str(tmp_path), str(max(newest.values()))])
        before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("a.*")}
        while not any(path.stat().st_mtime_ns != before.get(path) for path in tmp_path.glob("a.*")):
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.1))
        kills += kill(process)
        arrays, description = checkpoint.load(tmp_path / "a.npz")
        found = {"a.npz": description["n"]}
        if (tmp_path / "a.json").exists():
            found["a.json"] = json.loads((tmp_path / "a.json").read_text())["n"]
        assert (arrays["a"] == description["n"]).all() and all(found[name] >= newest[name] for name in found)
        newest |= found
        assert len(leftovers(tmp_path)) <= 1, "what kills leave piles up"
    checkpoint.save(tmp_path / "b.npz", {}, {})
    assert kills >= campaign(8, 120) and newest["a.npz"] >= kills and not leftovers(tmp_path)


def figures(out):
    """All that must come out the same, whatever happened on the way."""
    (run,) = read_results(out / "results.json")["runs"]
    folder = next((out / "runs").iterdir())
    arrays = {name: checkpoint.digest(checkpoint.load(folder / name)[0])
              for name in ("checkpoint.npz", "pretraining.npz", "system.npz")}
    predictions = checkpoint.digest(read_predictions(folder / "result.json"))
    times = re.compile(r"seconds|peak_mb|environment|command")
    kept = json.dumps(run, sort_keys=True)
    run = json.loads(kept, object_hook=lambda part: {key: part[key] for key in part if not times.match(key)})
    return {**arrays, "predictions": predictions, "run": run,
            "files": sorted(str(path.relative_to(out)) for path in out.rglob("*"))}


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What a run that nobody disturbs gives, and the seconds that it takes in a process of its own."""
    out = tmp_path_factory.mktemp("alone") / "out"
    seconds, code = kill_within([sys.executable, "-m", "scratchnet", *REPRODUCE, "--out", str(out)], 600)
    assert code == 0
    return figures(out), seconds


def test_kills_while_training_evaluating_and_reporting(campaign, alone, tmp_path):
    """Killed and resumed until it is through, again and again: each time it ends as the run left alone."""
    (expected, seconds), rng = alone, np.random.default_rng(1)
    kills, rounds = 0, 0
    while kills < campaign(short=3, long=140):
        out, code = tmp_path / f"round {rounds}", -9
        while code == -9:
            _, code = kill_within([sys.executable, "-m", "scratchnet", *REPRODUCE, "--resume", "--out", str(out)],
                                  rng.uniform(0.1, 1.2) * seconds)
            kills += code == -9
        assert code == 0 and figures(out) == expected
        rounds += 1
    print(f"{kills} kills in {rounds} rounds")


def test_kills_while_figures_of_a_file_are_written(campaign, tmp_path):
    rng = np.random.default_rng(2)
    images, labels = rng.integers(0, 256, (20, 32, 32, 3), dtype=np.uint8), rng.integers(0, 10, 20)
    path, found, kills = tmp_path / "system.npz", tmp_path / "figures.json", 0
    systems.create("pixels", "quick", epochs=1).fit(images, labels, classes=10, progress=False).save(
        path, {"dataset": "mini", "train_images": 20, "validation": 0})
    command = ["evaluate", str(path), "--backend", "numpy", "--json", str(found)]
    seconds, code = kill_within([sys.executable, "-m", "scratchnet", *command], 600)
    assert code == 0
    whole = documents.read(found, {...: anything}, "")["retrieval"]
    while kills < campaign(short=3, long=50):
        took, code = kill_within([sys.executable, "-m", "scratchnet", *command], rng.uniform(0.2, 1) * seconds)
        kills += code == -9
        seconds = took if code == 0 else seconds  # the machine may have other things to do, or no longer
        again = documents.read(found, {...: anything}, "")["retrieval"]
        for protocol, metrics in whole.items():
            assert {name: row["map"] for name, row in metrics.items()} == {
                name: row["map"] for name, row in again[protocol].items()}
        assert len(leftovers(tmp_path)) <= 1
