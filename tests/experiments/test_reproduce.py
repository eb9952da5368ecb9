"""`scratchnet reproduce` from outside: what it writes, that it resumes, that kills do not change its end."""
import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from toys import OneHot, dataset

from scratchnet import checkpoint, data
from scratchnet.cli import main
from scratchnet.data import load
from scratchnet.experiments import reproduce
from scratchnet.experiments.plan import Plan

TINY = ["--train-images", "64", "--epochs", "2", "--set", "patch_count=300", "--set", "pretrain_iterations=2",
        "--seed", "1"]


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    out = tmp_path_factory.mktemp("reproduced")
    assert main(["reproduce", "--methods", "cnn_rgb,pretrain_cnn_rgb_da", "--out", str(out), *TINY]) == 0
    return out


@pytest.fixture(scope="module")
def results(out):
    return json.loads((out / "results.json").read_text())


def test_results_have_the_promised_schema(results):
    assert results["schema"] == 2 and results["command"].startswith("scratchnet reproduce --methods cnn_rgb")
    assert {"python", "numpy", "scipy", "blas", "cpu", "cores", "threads", "backend", "device", "commit",
            "date"} <= set(results["environment"])
    assert [run["method"] for run in results["runs"]] == ["cnn_rgb", "pretrain_cnn_rgb_da"]
    for run in results["runs"]:
        assert (run["dataset"], run["seed"], run["epochs"], run["train_images"]) == ("mini", 1, 2, 64)
        assert (run["system"], run["preset"]) == ("kuo2016", "cpu") and run["peak_mb"] > 50
        assert run["recipe"].startswith("paper+") and len(run["history"]) == 2
        assert {"epoch", "loss", "train_top1", "seconds"} <= set(run["history"][0])
        assert 0 <= run["accuracy"]["top1"] <= run["accuracy"]["top2"] <= run["accuracy"]["top3"] <= 1
        assert np.isclose(np.trace(run["confusion"]) / 500, run["accuracy"]["top1"])
        for key in ("retrieval", "retrieval_before_relu"):
            for protocol in ("test-vs-test", "test-vs-train"):
                for metric in ("euclidean", "manhattan", "angular"):
                    row = run[key][protocol][metric]
                    assert 0 < row["map"] < 1 and 0 < row["map_at_30"] < 1 and row["seconds_per_query"] > 0
        assert set(run["seconds"]) == {"pretrain", "train", "evaluate"}
        for example in run["examples"]:
            assert len(example["ids"]) == 30 and example["query"] not in example["ids"]
            assert example["distances"] == sorted(example["distances"])


def test_each_run_keeps_what_a_paired_comparison_needs(out, results):
    test = load("mini").test_labels
    for run in results["runs"]:
        folder = next(out.glob(f"runs/mini-{run['method']}-paper*"))
        kept = dict(np.load(folder / "predictions.npz"))
        assert set(kept) == {"labels", "predicted", "euclidean/map", "manhattan/map", "angular/map",
                             "angular/map_at_30"}
        assert (kept["labels"] == test).all() and (kept["predicted"] == test).mean() == run["accuracy"]["top1"]
        found = run["retrieval"]["test-vs-test"]
        for name, values in kept.items():
            if "/" in name:
                metric, figure = name.split("/")
                assert values.shape == (500,)
                assert values.mean(dtype=float) == pytest.approx(found[metric][figure], abs=1e-4)


def test_figures_and_report_are_there(out):
    names = {path.name for path in (out / "figures").iterdir()}
    for part in ("channels", "curves", "pretrain_cnn_rgb_da-filters", "pretrain_cnn_rgb_da-patches",
                 "cnn_rgb-confusion", "pretrain_cnn_rgb_da-retrieval-dog", "cnn_rgb-retrieval-automobile"):
        assert f"mini-{part}.png" in names
    page = (out / "report.html").read_text()
    assert page.count("data:image/png;base64,") == len(names) and "Kuo" in page


def test_resume_reports_again_without_computing(out, results, monkeypatch, capsys):
    monkeypatch.setattr("scratchnet.experiments.run.Experiment.fit", None)
    (out / "report.html").unlink()
    command = ["reproduce", "--methods", "cnn_rgb,pretrain_cnn_rgb_da", "--out", str(out), *TINY]
    assert main([*command, "--resume"]) == 0
    again = json.loads((out / "results.json").read_text())
    assert again["runs"] == results["runs"] and (out / "report.html").exists()
    assert main(command) == 2 and "--resume" in capsys.readouterr().err


def test_runs_of_other_systems_and_seeds_stay_and_a_run_stands_once(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "load", lambda name, folder=None: dataset())
    monkeypatch.setattr(reproduce, "draw", lambda *arguments: [])

    def runs(*kinds):
        plan = Plan("toy", tmp_path, kinds, backend="numpy", threads=1, resume=True)
        found = reproduce.reproduce(plan)["runs"]
        assert json.loads((tmp_path / "results.json").read_text())["runs"] == json.loads(json.dumps(found))
        return [(run["system"], run["preset"], run["seed"]) for run in found]
    assert runs(OneHot(seed=1)) == [("onehot", "cpu", 1)]
    assert runs(OneHot(seed=2)) == [("onehot", "cpu", 1), ("onehot", "cpu", 2)]
    assert runs(OneHot("quick", seed=2), OneHot(seed=2)) == [("onehot", "cpu", 1), ("onehot", "quick", 2),
                                                             ("onehot", "cpu", 2)]


def test_damaged_results_are_one_line(out, capsys):
    command = ["reproduce", "--methods", "cnn_rgb", "--out", str(out), "--resume", *TINY]
    path = next(out.glob("runs/*-cnn_rgb-*/result.json"))
    whole = path.read_text()
    for wrong in (whole[:100], whole.replace('"top1": 0.', '"top1": 0.9')):  # damaged, edited
        path.write_text(wrong)
        assert main(command) == 2 and "damaged" in capsys.readouterr().err
    path.write_text(whole)


def test_twenty_kills_do_not_change_the_end(tmp_path):
    """SIGKILL at random moments, then --resume: the parameters are those of the run left alone."""
    def command(out):
        return [sys.executable, "-m", "scratchnet", "train", "--method", "cnn_rgb", "--train-images", "448",
                "--epochs", "10", "--checkpoint-seconds", "0", "--set", "batch=32", "--threads", "2",
                "--out", str(out), "--resume"]

    def parameters(out):
        arrays, description = checkpoint.load(next(out.rglob("checkpoint.npz")))
        history = [{k: v for k, v in row.items() if k != "seconds"} for row in description["state"]["history"]]
        return checkpoint.digest({k: a for k, a in arrays.items() if k.startswith("param/")}), history

    def saved(out):
        return [path.stat().st_mtime_ns for path in out.rglob("checkpoint.npz")]

    subprocess.run(command(tmp_path / "alone"), check=True, capture_output=True)
    rng, out = np.random.default_rng(0), tmp_path / "killed"
    for life in range(20):
        before = saved(out)
        child = subprocess.Popen(command(out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if life % 5 < 4:  # let it get somewhere; each fifth is killed wherever it is, starting up too
            while saved(out) == before and child.poll() is None:
                time.sleep(0.005)
            time.sleep(rng.uniform(0, 0.1))
        else:
            time.sleep(rng.uniform(0, 1))
        assert child.poll() is None, "it ended before it could be killed"
        child.send_signal(signal.SIGKILL)
        child.wait()
    done = subprocess.run(command(out), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert parameters(out) == parameters(tmp_path / "alone")
