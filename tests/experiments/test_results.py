"""A result is whole, its own and of the form that is promised, or it is refused in one line."""
import copy
import hashlib
import json
import re

import numpy as np
import pytest
from reports import made_up_run

from scratchnet import documents
from scratchnet.errors import CheckpointError
from scratchnet.experiments.results import (
    digest,
    read_predictions,
    read_result,
    read_results,
    write_result,
    write_results,
)

ABOUT = {"dataset": "mini", "system": "pixels", "settings": {"epochs": 3, "sizes": (1, 2)}}
RUN = made_up_run(np.random.default_rng(0), settings={"name": "ü", "rate": 0.1 + 0.2})
RESULTS = {"command": "scratchnet reproduce", "environment": {"date": "2026-01-02"}, "runs": [RUN, RUN]}
EACH = {"predicted": np.arange(50, dtype=np.uint8), "angular/map": np.linspace(0, 1, 50).astype(np.float16)}


@pytest.fixture
def path(tmp_path):
    write_result(tmp_path / "run/result.json", ABOUT, RUN, EACH)
    return tmp_path / "run/result.json"


def test_what_is_written_is_read(path):
    assert read_result(path) == read_result(path, ABOUT) == RUN
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["predictions.npz", "result.json"]
    write_results(path.with_name("results.json"), RESULTS)
    assert read_results(path.with_name("results.json")) == RESULTS


def test_tuples_and_lists_are_the_same_to_a_reader(path):
    """JSON has no tuples: the digest is of what a reader will find."""
    write_result(path, {"a": (1, 2)}, {**RUN, "settings": {"b": ((3,), 4)}})
    assert read_result(path, {"a": (1, 2)})["settings"] == {"b": [[3], 4]}


@pytest.mark.parametrize("edit", [
    lambda stored: stored["run"]["accuracy"].update(top1=0.99),
    lambda stored: stored["about"].update(dataset="cifar10"),
    lambda stored: stored["run"].update(more=1), lambda stored: stored["run"].pop("seed"),
    lambda stored: stored.update(digest="0" * 64), lambda stored: stored.update(digest=None),
    lambda stored: stored.pop("digest"), lambda stored: stored.pop("run"), lambda stored: stored.pop("about")])
def test_an_edited_file_is_refused(edit, path):
    stored = json.loads(path.read_text())
    edit(stored)
    path.write_text(json.dumps(stored))
    with pytest.raises(CheckpointError, match="is damaged: delete it, and --resume") as error:
        read_result(path)
    assert "\n" not in str(error.value) and str(path) in str(error.value)


@pytest.mark.parametrize("about, words", [
    ({**ABOUT, "dataset": "cifar10"}, "another dataset:"), ({"dataset": "mini", "system": "pixels"}, "settings:"),
    ({**ABOUT, "seed": 0}, "another seed:"),
    ({**ABOUT, "settings": {"epochs": 4}, "system": "a"}, "settings, system:")])
def test_another_runs_file_is_refused(about, words, path):
    with pytest.raises(CheckpointError, match=words):
        read_result(path, about)


def nodes(value, where=""):
    """Yield (holder, key, name) of every value inside."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        name = f"{where}[{key}]" if isinstance(key, int) else f"{where}.{key}".removeprefix(".")
        yield value, key, name
        yield from nodes(inner, name)


def test_each_field_must_be_there_and_of_its_kind_whoever_signed(path):
    """Of each kind of field one: taken away, or something else in its place."""
    taken, seen = set(), set()
    for _, _, name in nodes({"run": RUN}):
        kind = re.sub(r"\d+", "", name)
        if kind in seen or any(part in kind for part in ("settings.", "environment.cpu")):
            continue
        seen.add(kind)
        for way in ("gone", None, "text", -1, [], {}):
            stored = {"run": copy.deepcopy(RUN)}
            holder, key, _ = next(found for found in nodes(stored) if found[2] == name)
            if way == "gone":
                del holder[key]
            else:
                holder[key] = way
            documents.write(path, {"about": ABOUT, **stored})
            try:
                read_result(path)
            except CheckpointError as error:
                assert f"{path} does not hold what it should: " in str(error) and str(error).isprintable()
            else:
                taken.add(f"{kind}: {way}")
    assert len(seen) > 40 and taken == {
        "run.preset: None", "run.recipe: None", "run.accuracy: None", "run.confusion: None", "run.peak_mb: None",
        *(f"run.{key}: text" for key in ("dataset", "system", "method", "preset", "recipe", "command",
                                         "environment.date")),
        "run.retrieval_before_relu: gone", "run.seconds.pretrain: gone", "run.settings: {}", "run.history[].loss: -1",
        "run.examples: []", "run.examples[]: gone", "run.history[]: gone"}


@pytest.mark.parametrize("change, words", [
    ({"confusion": [[1, 2], [3]]}, "confusion should be a square matrix"),
    ({"confusion": [[1, 2.5], [3, 4]]}, r"confusion\[0\]\[1\] should be a whole number"),
    ({"examples": [{"query": 0, "ids": [1, 2], "distances": [0.5]}]}, "as many ids as distances"),
    ({"examples": [{"query": 10**6, "ids": [1], "distances": [0.5]}]}, "no images beyond"),
    ({"history": [RUN["history"][0], {"epoch": 2, "loss": 1, "train_top1": 0}]}, "rows of the same fields"),
    ({"accuracy": {"top1": 1.01, "top2": 1, "top3": 1}}, "accuracy.top1 should be a share"),
    ({"retrieval_other": {}}, "retrieval_other lacks 'test-vs-test'")])
def test_what_does_not_go_together_is_refused_whoever_signed(change, words, path):
    write_result(path, ABOUT, {**RUN, **change})
    with pytest.raises(CheckpointError, match=words):
        read_result(path)


def test_results_are_checked_run_by_run(tmp_path):
    path = tmp_path / "results.json"
    write_results(path, {**RESULTS, "runs": [RUN, {**RUN, "seed": None}]})
    with pytest.raises(CheckpointError, match=r"runs\[1\].seed should be a whole number"):
        read_results(path)
    write_results(path, RESULTS)
    path.write_text(path.read_text().replace('"epochs": 25', '"epochs": 26'))
    with pytest.raises(CheckpointError, match="is damaged: delete it; --resume writes it again"):
        read_results(path)


def test_numbers_come_back_to_the_bit(path, rng):
    values = rng.standard_normal(50).tolist()
    write_result(path, ABOUT, {**RUN, "settings": {"values": values, "float16": float(np.float16(0.1))}})
    assert read_result(path)["settings"] == {"values": values, "float16": float(np.float16(0.1))}


def test_predictions_are_vouched_for_by_their_result(path):
    for found in (read_predictions(path), read_predictions(path, path.with_name("predictions.npz"))):
        assert found.keys() == EACH.keys()
        assert all((found[name] == EACH[name]).all() and found[name].dtype == EACH[name].dtype for name in EACH)
    stored = path.with_name("predictions.npz")
    whole = stored.read_bytes()
    assert json.loads(path.read_text())["predictions"] == hashlib.sha256(whole).hexdigest()
    for content in (whole[:-1], whole[:50] + b"x" + whole[51:], b""):
        stored.write_bytes(content)
        with pytest.raises(CheckpointError, match="predictions.npz is damaged, or of another run"):
            read_predictions(path)
    stored.unlink()
    with pytest.raises(CheckpointError, match="cannot read .*predictions.npz"):
        read_predictions(path)
    write_result(path, ABOUT, RUN)
    stored.write_bytes(whole)
    with pytest.raises(CheckpointError, match="of another run"):
        read_predictions(path)


def test_equal_predictions_make_equal_bytes(path):
    before = path.with_name("predictions.npz").read_bytes()
    write_result(path, ABOUT, RUN, EACH)
    assert path.with_name("predictions.npz").read_bytes() == before


def test_the_digest_is_that_of_documents():
    assert digest is documents.digest
