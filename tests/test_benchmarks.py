"""Every benchmark runs in its quick mode and writes rows that the report can read."""
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from reports import hashed_run, made_up_run

from benchmarks import baselines, coates_figure3, harness, recipe_search, report
from benchmarks.report import __main__ as report_main
from benchmarks.report import ablations, claims, figure9, gpu, paper, search
from benchmarks.report import baselines as baselines_table
from benchmarks.report import coates as coates_table
from benchmarks.report import hashing as hashing_table
from benchmarks.report import pretraining as pretraining_table
from benchmarks.report import systems as systems_table
from benchmarks.report.__main__ import main as write_report
from scratchnet import documents, systems, trained
from scratchnet.data import Dataset, load
from scratchnet.experiments.results import read_predictions
from scratchnet.report.claims import claim_rows, run_key
from scratchnet.report.confusions import agreement
from scratchnet.report.hashing import hashing_tables
from scratchnet.report.paper_tables import CONFUSION
from scratchnet.report.references import KEYS
from scratchnet.retrieval import DISTANCES, evaluate_retrieval
from scratchnet.retrieval.floor import class_floor
from scratchnet.systems import measured
from scratchnet.systems.kuo2016 import RECIPES

ROOT = Path(__file__).parent.parent


SMALL = {"training_step": ["--batch", "8"], "layers": ["--batch", "8"], "features": ["--batch", "8"],
         "retrieval": ["--queries", "20", "--gallery", "300", "--ranked", "10"], "autoencoder": [], "memory": [],
         "breakdown": [], "scaling": ["--threads", "2"], "epochs": ["--batch", "64"],
         "pretraining": ["--dataset", "mini", "--counts", "60", "--seeds", "0"], "systems": [],
         "hamming": ["--queries", "20", "--gallery", "300", "--ranked", "10"]}


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
    environment = {"threads": 2, "cpu": "a processor", "date": "2026-01-02T00:00", "numpy": "2.0",
                   "blas": "openblas 0.3", "device": "a GPU", "backend": "cupy", "precision": "float32",
                   "peers": {"torch": "2.13"}}
    documents.write(path, {"environment": environment, "rows": rows})


def pair(case, own, peer, **more):
    return [{"case": case, "backend": name, "median_ms": ms, "spread_ms": [ms, ms], "peak_mb": None,
             "ratio_to_torch": ms / peer, **more} for name, ms in (("numpy", own), ("torch", peer))]


def test_report_takes_medians_over_runs_and_rewrites_only_its_own_lines(tmp_path):
    (tmp_path / "speed").mkdir()
    for i, (own, peer) in enumerate([(50, 100), (90, 100), (140, 200)]):
        write(tmp_path / f"speed/training_step-{i}.json", pair("training step", own, peer))
    write(tmp_path / "speed/scaling.json", [
        *pair("threads 1", 100, 150, curve="threads", x=1, ratio_to_one_thread=1.0),
        *pair("threads 2", 55, 90, curve="threads", x=2, ratio_to_one_thread=0.55),
        *pair("batch 16", 5, 9, curve="batch", x=16), *pair("gallery", 5, 9, curve="gallery", x=10, slope=1.0)])
    write(tmp_path / "speed/breakdown.json", pair("conv1, forward", 9, 9, layer="conv1", way="forward")[:1]
          + pair("conv1, backward", 9, 9, layer="conv1", way="backward")[:1]
          + [{"case": "page faults a step", "backend": "numpy", "page_faults": 1200, "system_ms": 3.4}])
    readme, second = tmp_path / "benchmarks/results/README.md", tmp_path / "benchmarks/README.md"
    readme.parent.mkdir(parents=True)
    front = tmp_path / "README.md"
    for path, name in ((readme, "speed"), (second, "breakdown"), (front, "headline")):
        path.write_text("above\n" + "old".join(mark.format(name) for mark in report.MARKS) + "below\n")
    arguments = ["--results", str(tmp_path), "--root", str(tmp_path)]
    write_report(arguments)
    text = readme.read_text()
    assert text.startswith("above\n") and text.endswith("below\n") and "old" not in text
    assert "| training step | 90 ms | 100 ms (PyTorch) | **0.70** (0.50 to 0.90 in 3 runs) |" in text
    assert "| training step, 2 threads | 55 ms | 100 ms (1 thread) | **0.55** |" in text
    assert "| training step ÷ PyTorch's, same two cores | **0.70** | 1 |" in front.read_text()
    assert "| conv1 | 9.0 + 9.0 |" in second.read_text() and "| 1,200 (3 ms) |" in second.read_text()
    assert all((tmp_path / f"speed/{name}.png").stat().st_size > 5000 for name in ("ratios", "scaling", "breakdown"))
    write_report(arguments)
    assert readme.read_text() == text


def test_results_of_ones_own_get_pages_of_their_own(tmp_path, monkeypatch):
    """Nothing that is published is touched, and no more than one core is called so."""
    for folder, run in (("speed", None), ("paper", finished("cnn_rgb", 0, 0.77)),
                        ("systems", finished("pixels", 0, 0.4, None))):
        (tmp_path / folder).mkdir()
        if run:
            run["run"]["system"] = "pixels" if folder == "systems" else "kuo2016"
            documents.write(tmp_path / folder / "a.json", run)
    write(tmp_path / "speed/layers.json", pair("conv1", 50, 100))
    content = documents.read(tmp_path / "speed/layers.json", report.TIMES, "")
    content["environment"]["threads"] = 1
    documents.write(tmp_path / "speed/layers.json", content)
    published = {path: path.read_bytes() for path in (ROOT / name for name in report_main.WRITTEN)}
    monkeypatch.chdir(tmp_path.parent)
    write_report(["--results", tmp_path.name])
    assert {path: path.read_bytes() for path in published} == published
    page = tmp_path / "benchmarks/results/README.md"
    text = page.read_text()
    assert "Measured on 1 core (" in text and "| conv1 | 50 ms |" in text and "| CNN_RGB | **77.0**" in text
    assert "Raw pixels" in text and not (tmp_path / "scratchnet").exists()
    assert "<!-- search: written" in (tmp_path / "benchmarks/README.md").read_text()
    write_report(["--results", tmp_path.name])
    assert page.read_text() == text
    write_report(["--results", tmp_path.name, "--root", tmp_path.name])  # a folder that is named is taken


def test_a_check_sees_a_page_that_was_edited_and_writes_nothing(tmp_path):
    results = tmp_path / "results"
    (results / "paper").mkdir(parents=True)
    documents.write(results / "paper/a.json", finished("cnn_rgb", 0, 0.77))
    root = report_main.make_pages(tmp_path / "root")
    (root / "scratchnet/systems").mkdir(parents=True)
    (root / "scratchnet/systems/measured.json").write_text("{}")
    command = ["--results", str(results), "--root", str(root)]
    write_report(command)
    write_report([*command, "--check"])
    page = root / "benchmarks/results/README.md"
    before = page.read_text()
    edited = before.replace("**77.0**", "**78.0**")
    page.write_text(edited)
    with pytest.raises(SystemExit, match="results/README.md is not what .* gives: run python -m benchmarks.report"):
        write_report([*command, "--check"])
    assert page.read_text() == edited != before
    assert sorted(path.name for path in results.rglob("*")) == ["a.json", "paper"]


def test_figure_9_stands_in_numbers():
    paper_itself = np.round(1000 * np.array(CONFUSION)).astype(int)
    runs = [{**finished("pretrain_cnn_rgb_da", seed, 0.79, recipe)["run"], "confusion": (paper_itself + seed).tolist()}
            for recipe, seed in (("paper", 0), ("paper", 1), ("2016", 3))]
    others = [{**finished("pixels", 0, 0.4)["run"], "confusion": paper_itself.T.tolist()}]
    lines = figure9.table(runs, others).splitlines()
    assert lines[0].endswith("| the paper | Pre-train+CNN_RGB+DA, recipe 2016, seed 3 | Pre-train+CNN_RGB+DA |")
    assert lines[2].startswith("| dog taken for cat | 16.5 (1) | **16.") and lines[2].endswith(" | **16.5** (1) |")
    assert lines[3].startswith("| cat taken for dog | 13.5 (2) |") and len(lines) == 2 + 6 + 2
    assert "recipe 2016 1.00 (seed 3); recipe paper 1.00, 1.00 (seeds 0, 1), among its own seeds 1.00;" in lines[-1]
    assert f"pixels {agreement(paper_itself.T):.2f}." in lines[-1] and "over the 90 cells" in lines[-1]


def test_the_baselines_have_chance_below_and_the_trained_network_above():
    def row(name, start):
        found = {protocol: {metric: {key: start + i / 1000 for i, key in enumerate(KEYS)} for metric in paper.METRICS}
                 for protocol in ("test-vs-test", "test-vs-train")}
        return {"baseline": name, "seed": 0, "dataset": "cifar10", "retrieval": found, "nearest_neighbour": 0.3,
                "chance": {protocol: found[protocol]["angular"] for protocol in found}}
    rows = [row("kernels", 0.2), row("untrained", 0.15)]
    runs = [finished("pretrain_cnn_rgb_da", 0, 0.8)["run"], finished("pixels", 0, 0.4)["run"],
            finished("cnn_rgb", 0, 0.7)["run"], finished("pretrain_cnn_rgb_da", 1, 0.8)["run"]]
    names = [line.partition(" | ")[0] for line in baselines_table.table(rows, runs, "cifar10").splitlines()[2:]]
    assert names == ["| chance", "| raw pixels", "| the untrained network",
                     "| the untrained network with pre-trained kernels", "| the same, trained, recipe paper"]
    line = baselines_table.table(rows, runs, "cifar10").splitlines()[5]
    assert line.endswith("| **0.200** | **0.200** | **0.200** | 0.200 | 0.201 | 0.202 | 0.203 | 0.204 | 30.0 |")


@pytest.mark.parametrize("folder, content", [("speed", {"rows": []}), ("speed", None), ("paper", {"about": {}}),
                                             ("systems", None), ("ablations", {"run": 3}), (".", {"rows": [{}]})])
def test_a_damaged_or_foreign_file_is_one_line_that_names_it(folder, content, tmp_path):
    (tmp_path / folder).mkdir(exist_ok=True)
    path = tmp_path / folder / ("recipe-search.json" if folder == "." else "a.json")
    if folder != "speed":
        (tmp_path / "speed").mkdir()
        write(tmp_path / "speed/memory.json", pair("memory", 1, 2))
        page = tmp_path / "benchmarks/results/README.md"
        page.parent.mkdir(parents=True)
        page.write_text("old".join(mark.format("speed") for mark in report.MARKS))
    if content is None:
        path.write_text("{}")
    else:
        documents.write(path, content)
    with pytest.raises(SystemExit, match=f"error: {path} (is damaged|does not hold what it should: )") as stop:
        write_report(["--results", str(tmp_path), "--root", str(tmp_path)])
    assert str(stop.value).isprintable()


def test_committed_results_are_whole_and_of_their_forms():
    results = ROOT / "benchmarks/results"
    for folder, form in (("speed", report.TIMES), ("gpu", report.TIMES), ("paper", documents.RESULT),
                         ("ablations", documents.RESULT), ("systems", documents.RESULT)):
        found = report.read(results / folder, form)
        assert found or folder == "gpu"
    for pattern, form in (("query.json", report.TIMES), ("recipe-search.json", report.SEARCH),
                          ("*-epochs.json", documents.RESULTS)):
        assert report.read(results, form, pattern)
    for path in (results / "systems").glob("*.json"):
        assert "predicted" in read_predictions(path, path.with_suffix(".npz"))


def test_report_without_results_is_one_line(tmp_path):
    with pytest.raises(SystemExit, match="--json"):
        write_report(["--results", str(tmp_path)])


def test_gpu_report_has_a_line_a_batch_and_the_picture_of_the_crossover(tmp_path):
    rows = [{"case": "training step", "backend": name, "median_ms": ms, "device_ms": ms, "precision": precision,
             "batch": batch, "ratio_to_torch": ms / 4.0} for precision in ("float32", "tf32")
            for batch, own in ((128, 2.0), (512, 3.0)) for name, ms in (("cupy", own), ("torch", 4.0))]
    curves = [{"case": "training step", "backend": name, "median_ms": ms, "spread_ms": [ms, ms], "batch": batch}
              for batch, own, other in ((1, 1.0, 4.0), (4, 4.0, 4.0), (16, 16.0, 5.0))
              for name, ms in (("numpy", own), ("cupy", other))]
    (tmp_path / "gpu/crossover").mkdir(parents=True)
    for name, content in (("training_step", rows), ("crossover/benchmark", curves)):
        write(tmp_path / f"gpu/{name}.json", content)
    (tmp_path / "benchmarks").mkdir()
    readme = tmp_path / "benchmarks/README.md"
    readme.write_text("old".join(mark.format("gpu") for mark in report.MARKS))
    gpu.write(tmp_path / "gpu", tmp_path)
    assert "| training step | 512 | tf32 | 3.00 ms | 4.00 ms | **0.75** |" in readme.read_text()
    assert "](results/gpu/crossover/benchmark.png)" in readme.read_text() and "old" not in readme.read_text()
    assert (tmp_path / "gpu/crossover/benchmark.png").stat().st_size > 5000


def finished(method, seed, top1, recipe="paper"):
    maps = {name: {"map": top1 / 2 + bonus, "map_at_30": top1 * 0.9, "seconds_per_query": 0.001}
            for name, bonus in (("euclidean", 0), ("manhattan", 0.02), ("angular", 0))}
    wrong = round(1000 * (1 - top1) / 9)
    confusion = np.full((10, 10), wrong) + np.diag(np.full(10, 1000 - 10 * wrong))
    return {"about": {}, "run": made_up_run(np.random.default_rng(0), method=method, recipe=recipe, seed=seed,
                                            accuracy={"top1": top1, "top2": 0.9, "top3": 0.95},
                                            confusion=confusion.tolist(),
                                            retrieval={"test-vs-test": maps, "test-vs-train": maps})}


def test_the_papers_tables_have_ours_beside_them_and_leave_out_what_was_not_run(tmp_path):
    (tmp_path / "paper").mkdir()
    runs = [finished("cnn_rgb", 1, 0.78), finished("cnn_rgb", 0, 0.77),
            finished("pretrain_cnn_rgb_da", 5, 0.85, "best")]
    for i, run in enumerate(runs):
        documents.write(tmp_path / f"paper/{i}.json", run)
    write(tmp_path / "query.json", [
        {"case": case, "backend": name, "metric": metric, "median_ms": ms} for metric in paper.METRICS
        for case, name, ms in (("one query at a time", "numpy", 1.0), ("one query at a time", "faiss", 3.0),
                               ("a query", "numpy", 9.0))])
    readme = tmp_path / "benchmarks/results/README.md"
    readme.parent.mkdir(parents=True)
    readme.write_text("old".join(mark.format("paper") for mark in report.MARKS))
    paper.write(tmp_path / "paper", tmp_path)
    text = readme.read_text()
    assert "| CNN_RGB | **77.0** (73.5, +3.5) | **90.0** (87.4, +2.6) |" in text and "77.0 to 78.0 (2) |" in text
    assert "| Pre-train+CNN_RGB+DA, recipe best, seed 5 | **85.0** (79.3, +5.7) |" in text
    assert ("| Pre-train+CNN_RGB+DA, recipe best, seed 5 | **0.425** (−0.246) | **0.445** (−0.249) | **0.425** "
            "(−0.282) | ") in text
    floors = [class_floor(run["run"]["confusion"])["map"] for run in runs[:2]]
    assert f"| CNN_RGB | **0.385** | **0.405** | **0.385** | {floors[1]:.3f} | – | 0.385 |" in text
    assert (f"| seeds 0, 1: lowest to highest | 0.385 to 0.390 | 0.405 to 0.410 | 0.385 to 0.390 | {floors[1]:.3f} to "
            f"{floors[0]:.3f} |" in text)
    assert "depth, denominator and gallery not stated | 0.671 | 0.694 | 0.707 | 0.567 |" in text
    assert "| chance | 0.101 | 0.101 | 0.101 |" in text and "| 1.00 (85) | 1.00 (83) | 1.00 (262) |" in text
    beneath = class_floor(runs[1]["run"]["confusion"])["map_at_30"]
    assert f"| CNN_RGB, test-vs-test | **0.693** ({beneath:.3f}) | – | – | – |" in text
    assert "Pre-train+CNN_RGB |" not in text and "CIFAR-100, accuracy" not in text
    assert "| both | Top-1 | +5.8 | no runs yet |" in text
    assert all(f"*{name}*: {sentence}" in text for name, sentence in KEYS.values())


def test_new_runs_have_every_figure_in_the_tables():
    run = finished("pretrain_cnn_rgb_da", 0, 0.8)["run"]
    for protocol, start in (("test-vs-test", 0.4), ("test-vs-train", 0.5)):
        run["retrieval"][protocol] = {metric: {key: start + i / 100 for i, key in enumerate(KEYS)}
                                      for metric in paper.METRICS}
    floors = {"test-vs-test": dict.fromkeys(KEYS, 0.61), "test-vs-train": dict.fromkeys(KEYS, 0.62)}
    clean = {"accuracy": {"top1": 0.789}, "retrieval": {"test-vs-test": {"angular": {"map": 0.377}}}}
    groups = paper.of([{**run, "class_floor": floors, "without_near_duplicates": clean}], "cifar10")
    assert "| 78.9 |" in paper.accuracy_table(groups, "cifar10")
    assert "| 0.610 | 0.377 | 0.500 (0.620) |" in paper.map_table(groups, "cifar10", {})
    table = paper.depth_table(groups, "cifar10")
    assert "DA, test-vs-test | **0.410** (0.610) | **0.420** (0.610) | **0.430** (0.610) | **0.440** (0.610) |" in table
    assert "DA, test-vs-train | **0.510** (0.620) | **0.520** (0.620) |" in table


def test_the_run_that_became_the_bundled_weights_stands_with_the_figures_of_their_card():
    card = trained.card("cifar10")
    other = {"accuracy": {"top1": 0.5}, "seed": card["seed"], "command": "another", "confusion": 7}
    assert paper.as_bundled(other) == other
    found = paper.as_bundled(other | card["training"])
    assert found["accuracy"] == card["accuracy"] and found["retrieval"] == card["retrieval"]
    assert found["confusion"] == 7 and found["command"] == card["training"]["command"]


def test_the_compared_systems_have_their_published_figure_beside_ours(tmp_path):
    for folder in ("systems", "paper", "scratchnet/systems"):
        (tmp_path / folder).mkdir(parents=True)
    pixels = {**finished("pixels", 0, 0.417, None)["run"], "system": "pixels", "peak_mb": 1234.5,
              "seconds": {"train": 13.6, "evaluate": 900.0}}
    own = {**finished("pretrain_cnn_rgb_da", 0, 0.8)["run"],
           "seconds": {"pretrain": 10.0, "train": 1100.0, "evaluate": 1.0}, "peak_mb": None}
    for name, run in (("systems/pixels-cifar10-cpu-seed0", pixels),
                      ("paper/cifar10-pretrain_cnn_rgb_da-paper-seed0", own)):
        documents.write(tmp_path / f"{name}.json", {"about": {}, "run": run})
    readme = tmp_path / "benchmarks/results/README.md"
    readme.parent.mkdir(parents=True)
    readme.write_text("old".join(mark.format("systems") for mark in report.MARKS))
    systems_table.write(tmp_path, tmp_path)
    lines = readme.read_text().splitlines()
    assert ("| CIFAR-10: Raw pixels (Krizhevsky 2009) | 37.3 | **41.7** (+4.4) | 0.208; 0.375 | 14 s | 1,234 MB |"
            in lines)
    assert lines[-2].startswith("| CIFAR-10: Pre-trained CNN, extra channels (this paper) | 79.3 | **80.0** (+0.7) |")
    assert documents.read(tmp_path / "scratchnet/systems/measured.json", measured.FORM, "") == {
        "pixels": {"cifar10": {"top1": 0.417, "seconds": 13.6}},
        "kuo2016": {"cifar10": {"top1": 0.8, "seconds": 1110.0}}}


def test_a_claim_is_a_paired_difference_and_what_is_missing_says_so(rng):
    runs = [finished("cnn_rgb", seed, 0.77 + seed / 100)["run"] for seed in (0, 1, 2)]
    runs += [finished("pretrain_cnn_rgb_da", seed, 0.80)["run"] for seed in (0, 1)]
    lines = claims.claims_tables(runs, {}).splitlines()
    assert "| both | Top-1 | +5.8 | **+2.5** | predictions not kept | – | 0, 1 |" in lines
    assert "| both | angular MAP (full ranking) | – | **+0.013** | predictions not kept | – | 0, 1 |" in lines
    assert "| extra channels | Top-1 | +1.8 | no runs yet |  |  |  |" in lines
    assert ("| Manhattan above Euclidean | MAP (full ranking) | +0.023 | **+0.020** | predictions not kept | – | 0, 1 |"
            in lines)
    assert [line.partition(" | ")[0] for line in lines if "the paper | ours" in line] == [
        "| CIFAR-10, recipe 2016", "| CIFAR-10, recipe paper", "| CIFAR-100, recipe 2016", "| CIFAR-100, recipe paper"]
    labels = (np.arange(500) % 10).astype(np.uint8)
    kept = {run_key(run): {"labels": labels, "predicted": np.where(rng.random(500) < 0.8, labels, 0).astype(np.uint8),
                           **{f"{metric}/map": rng.random(500).astype(np.float16) for metric in paper.METRICS}}
            for run in runs}
    row = next(row for row in claim_rows(runs, "cifar10", kept) if row["claim"] == "both")
    interval = f"{row['low']:+.1f} to {row['high']:+.1f}".replace("-", "−")
    line = f"| both | Top-1 | +5.8 | **+2.5** | {interval} | {row['p']:.2f} | 0, 1 |"
    assert line in claims.claims_tables(runs, kept).splitlines()


def test_an_ablation_is_a_difference_from_the_recipe():
    runs = {recipe: {**finished("cnn_rgb", 0, top1, recipe)["run"], "epochs": 10}
            for recipe, top1 in (("paper+kernel_scale=learned", 0.79), ("paper", 0.8), ("paper+pooling=mean", 0.82))}
    runs["paper"]["retrieval_before_relu"] = runs["paper+pooling=mean"]["retrieval"]
    lines = ablations.table(runs).splitlines()
    assert lines[0].startswith("| CIFAR-10, CNN_RGB, 10 epochs, seed 0 | ledger row |")
    assert lines[2:] == [
        "| recipe paper |  | **80.0** | **0.400** | **0.720** |",
        "| `--set pooling=mean` | 2 | **82.0** (+2.0) | **0.410** (+0.010) | **0.738** (+0.018) |",
        "| `--set kernel_scale=learned` | 5 | **79.0** (−1.0) | **0.395** (−0.005) | **0.711** (−0.009) |",
        "| descriptor before the ReLU | 8 | **80.0** (±0.0) | **0.410** (+0.010) | **0.738** (+0.018) |"]


def test_a_candidate_is_measured_once(tmp_path, monkeypatch, capsys):
    found = tmp_path / "found.json"
    monkeypatch.setattr(sys, "argv", [
        "recipe_search", "--dataset", "mini", "--method", "cnn_rgb", "--epochs", "1", "--validation", "1900",
        "--recipe", "best", "--set", "rate=0.02", "--out", str(tmp_path), "--json", str(found)])
    recipe_search.main()
    assert "rate=0.02: held-out Top-1" in capsys.readouterr().out
    row, = recipe_search.rows(found)
    del row["settings"]["test_shift"]  # as if measured before it was a setting
    documents.write(found, {"rows": [row]})
    recipe_search.main()
    assert "measured before" in capsys.readouterr().out
    row, = recipe_search.rows(found)
    assert row["settings"]["rate"] == 0.02 and row["settings"]["flip"] is True and len(row["history"]) == 1
    assert 0 < row["angular"]["map"] < row["angular"]["map_at_30"] < 1


@pytest.mark.parametrize("wrong, words", [
    (["--set", "rat=1"], "did you mean 'rate'"), (["--validation", "0"], "validation"),
    (["--validation", "3000"], "cannot take 3000 of 2000 images")])
def test_a_candidate_that_is_none_is_one_clear_line(wrong, words, tmp_path, monkeypatch, capsys):
    found = tmp_path / "found.json"
    monkeypatch.setattr(sys, "argv", [
        "recipe_search", "--dataset", "mini", "--out", str(tmp_path), "--json", str(found), *wrong])
    with pytest.raises(SystemExit) as stop:
        recipe_search.main()
    said = capsys.readouterr().err
    assert stop.value.code == 2 and words in said and said.count("\n") == 1 and not found.exists()


def test_the_search_has_a_line_a_candidate_best_first():
    def row(top1, recipe, **settings):
        return {"dataset": "cifar10", "method": "cnn_rgb", "epochs": 10, "recipe": recipe, "settings": settings,
                "history": [{"validation_top1": 0.1, "train_top1": 0.1}, {"validation_top1": top1, "train_top1": 0.9}]}
    best = recipe_search.settings(RECIPES["best"])
    earlier = {name: value for name, value in best.items() if name != "test_flip"}  # measured before it was a setting
    measured = {**row(0.8, "paper", rate=0.2, pooling="mean"), "angular": {"map": 0.3, "map_at_30": 0.5}}
    lines = search.table([row(0.7, "paper"), measured, row(0.6, "best", **best),
                          row(0.5, "best", **earlier)]).splitlines()
    assert lines[2:] == [
        "| CIFAR-10, CNN_RGB, 10 | paper | pooling=mean, rate=0.2 | **80.0%** | 0.300; 0.500 | 90.0% |",
        "| CIFAR-10, CNN_RGB, 10 | paper | nothing | **70.0%** |  | 90.0% |",
        "| CIFAR-10, CNN_RGB, 10 | best | nothing | **60.0%** |  | 90.0% |",
        "| CIFAR-10, CNN_RGB, 10 | best | test_flip=False | **50.0%** |  | 90.0% |"]
    lines = search.table([{**row(0.7, "paper"), "commit_lost": True}, row(0.6, "best", **best)]).splitlines()
    assert "| nothing † | **70.0%** |" in lines[2] and "| nothing | **60.0%** |" in lines[3]
    assert lines[-1] == "† Measured at a commit that is not in the history."


def test_baselines_rank_by_what_has_learnt_from_no_label(tmp_path, monkeypatch, capsys):
    few = load("mini")
    few = Dataset("mini", *(a[:100] for a in few), few.class_names)
    monkeypatch.setattr(baselines.data, "load", lambda name: few)
    command = ["--set", "patch_count=300", "--set", "pretrain_iterations=2", "--json", str(tmp_path / "found.json")]
    baselines.main(command)
    assert capsys.readouterr().out.count("nearest neighbour") == 2
    rows = documents.read(tmp_path / "found.json", report.BASELINES, "")["rows"]
    assert [row["baseline"] for row in rows] == ["untrained", "kernels"]
    maps = [row["retrieval"]["test-vs-test"]["angular"]["map"] for row in rows]
    assert maps[0] != maps[1] and all(row["chance"]["test-vs-test"]["map"] < figure for row, figure in zip(rows, maps))
    network = systems.create("kuo2016", method="cnn_rgb_da")  # as it is before its first step
    network.build(10)
    network.fit_standardizer(few.train_images)
    test, train = (network.descriptors(images) for images in (few.test_images, few.train_images))
    assert maps[0] == evaluate_retrieval(test, few.test_labels, test, few.test_labels, "angular", True)["map"]
    nearest = DISTANCES["angular"](test.astype(float), train.astype(float)).argmin(axis=1)
    assert rows[0]["nearest_neighbour"] == (few.train_labels[nearest] == few.test_labels).mean()
    assert rows[0]["environment"]["cpu"] and rows[0]["command"].startswith("python -m benchmarks.baselines --set")
    baselines.main([*command, "--baselines", "untrained"])
    again = documents.read(tmp_path / "found.json", report.BASELINES, "")["rows"]
    assert [row["baseline"] for row in again] == ["kernels", "untrained"]
    with pytest.raises(SystemExit):
        baselines.main(["--baselines", "untaught"])
    assert "no baseline 'untaught'" in capsys.readouterr().err


def test_a_peer_that_is_not_installed_is_left_out_with_a_note(monkeypatch, capsys):
    monkeypatch.setattr(harness, "find_spec", lambda name: None if name in ("torch", "faiss") else find_spec(name))
    options = harness.parser("", "numpy,torch,torch-nchw,scipy").parse_args([])
    assert harness.backends(options, ("numpy", "torch", "torch-nchw", "scipy")) == ["numpy", "scipy"]
    assert "torch is not installed and left out: pip install torch brings it" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="nothing left to measure"):
        harness.backends(harness.parser("", "faiss").parse_args([]), ("faiss",))
    assert "pip install faiss-cpu" in capsys.readouterr().err


def test_unknown_backend_is_one_line():
    done = subprocess.run([sys.executable, "-m", "benchmarks.layers", "--backends", "tensorflow"], cwd=ROOT,
                          capture_output=True, text=True)
    assert done.returncode != 0 and "tensorflow" in done.stderr and "Traceback" not in done.stderr


def test_coates_figure_3_has_their_points_beside_ours(tmp_path, capsys):
    file = tmp_path / "coates_figure3.json"
    command = ["--dataset", "mini", "--counts", "8,100", "--features", "kmeans", "--costs", "0.001,100",
               "--train-images", "100", "--quick", "--json", str(file)]
    coates_figure3.main(command)
    rows = documents.read(file, coates_table.FORM, "")["rows"]
    assert [(row["count"], row["whitened"], row["printed"]) for row in rows] == [
        (8, True, None), (8, False, None), (100, True, 65.6), (100, False, 56.8)]
    assert {(row["train_images"], row["held_images"]) for row in rows} == {(80, 20)}
    for row in rows:
        assert [tried["C"] for tried in row["tried"]] == [0.001, 100.0]
        assert row["top1"] == max(tried["top1"] for tried in row["tried"])
        assert {"C": row["C"], "top1": row["top1"]}.items() <= next(
            tried for tried in row["tried"] if tried["C"] == row["C"]).items()
    coates_figure3.main([*command, "--counts", "9"])  # keeps what is there
    found = documents.read(file, coates_table.FORM, "")["rows"]
    assert found[:4] == rows and [row["count"] for row in found[4:]] == [9, 9]
    coates_figure3.main(command)
    assert documents.read(file, coates_table.FORM, "")["rows"] == found
    readme = tmp_path / "benchmarks/results/README.md"
    readme.parent.mkdir(parents=True)
    readme.write_text("old".join(mark.format("coates") for mark in report.MARKS))
    coates_table.write(tmp_path, tmp_path)
    lines = readme.read_text().splitlines()
    assert (f"| K-means, triangle, whitened | –, **{100 * found[0]['top1']:.1f}** | –, "
            f"**{100 * found[4]['top1']:.1f}** | 65.6, **") in "".join(lines)
    assert (tmp_path / "coates_figure3.png").stat().st_size > 10_000


def test_starts_have_a_table_of_means_and_a_picture(tmp_path):
    rows = [{"case": "c", "start": start, "labels": labels, "seed": seed, "epochs": 25, "top1": top1 + seed / 100}
            for labels, seeds in ((50_000, [0]), (500, [0, 1])) for seed in seeds
            for start, top1 in (("sae", 0.5), ("random", 0.4))]
    documents.write(tmp_path / "pretraining.json", {"rows": rows})
    page = tmp_path / "benchmarks/results/README.md"
    page.parent.mkdir(parents=True)
    page.write_text("old".join(mark.format("pretraining") for mark in report.MARKS))
    pretraining_table.write(tmp_path, tmp_path)
    assert "| random | 40.5 (40.0 to 41.0) | 40.0 |" in page.read_text()
    assert page.read_text().index("| random |") < page.read_text().index("| sparse auto-encoder | 50.5 (50.0 to 51")
    above, below = pretraining_table.figure(rows).axes
    gain, = (box.lines[0] for box in below.containers)
    np.testing.assert_allclose(np.array(gain.get_data(), float), [[500, 50_000], [10, 10]])
    assert len(above.containers) == 2 and (tmp_path / "pretraining.png").stat().st_size > 10_000


def test_codes_have_a_table_for_each_protocol_and_a_picture(tmp_path, rng):
    for folder in ("systems", "codes"):
        (tmp_path / folder).mkdir()
    run = hashed_run(rng, "cnnh_plus_48", 48, 0.2)
    documents.write(tmp_path / "systems/cnnh.json", {"about": {}, "run": run})
    found = {key: run[key] for key in ("dataset", "seed", "hashing")}
    documents.write(tmp_path / "codes/best.json", {"command": "c", "environment": {"date": "2001-02-03"}, "runs": [
        {**found, "system": "kuo2016", "method": "cnn_rgb-best_48"}]})
    readme = tmp_path / "benchmarks/results/README.md"
    readme.parent.mkdir(parents=True)
    readme.write_text("old".join(mark.format("hashing") for mark in report.MARKS))
    hashing_table.write(tmp_path, tmp_path)
    text = readme.read_text()
    assert "| CNNH+ (Xia et al. 2014) | 10,000 | 48 | 0.532 | **0.400** | 0.380 to 0.420 | 0.430 | 0.450 |" in text
    assert "| cnn_rgb-best, thresholded |" in text and "| LSH (Gionis et al. 1999), published only | 0 | 12 |" in text
    assert "**lin2015**: each test image searches all training" in text and "2,000 queries, 40,000 images" in text
    assert "](hashing.png)" in text and (tmp_path / "hashing.png").stat().st_size > 10_000


def test_the_picture_of_codes_has_bits_above_and_depths_below(rng):
    runs = [hashed_run(rng, "cnnh_plus_12", 12, 0.1), hashed_run(rng, "cnnh_plus_48", 48, 0.2),
            hashed_run(rng, "deep_codes_48", 48, 0.3)]
    runs[1]["hashing"]["protocols"]["xia2014-all"]["gallery"] = 9  # not comparable: left out of the picture
    axes = hashing_table.figure(hashing_tables(runs)).axes

    def drawn(panel, style):
        return [np.transpose(line.get_data()).tolist() for line in panel.get_lines() if line.get_linestyle() == style]
    assert drawn(axes[0], "-")[1] == [[12, 0.1], [48, 0.2]]
    assert drawn(axes[2], "--")[1] == [[12, 0.465], [24, 0.521], [32, 0.521]]
    np.testing.assert_allclose(drawn(axes[2], "-")[1], [[12, 0.3]])
    np.testing.assert_allclose(drawn(axes[4], "-")[1], [[30, 0.4], [1000, 0.3]])
    np.testing.assert_allclose(drawn(axes[4], ":")[1], [[30, 0.5], [1000, 0.45]])
