"""Files of older versions come through with all that they hold, or are refused."""
import io
import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from reports import made_up_run

from scratchnet import checkpoint
from scratchnet.errors import CheckpointError
from scratchnet.experiments.results import digest, read_predictions, read_result, read_results
from scratchnet.experiments.upgrade import upgrade

ARRAYS = {"param/a": np.arange(6, dtype=np.float16).reshape(2, 3), "mean": np.array([0.1, 1 / 3])}


def older(path, arrays, description, sha256=None):
    """Write a checkpoint as version 1 did."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.json", json.dumps({"schema": 1, "sha256": sha256 or checkpoint.digest(arrays),
                                                    "description": description}))
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array)
            archive.writestr(f"{name}.npy", member.getvalue())


@pytest.mark.parametrize("description, kind", [
    ({"kind": "system", "about": {}}, "system"), ({"about": {}, "state": {}}, "training"),
    ({"about": {}, "seconds": 1.5}, "pretraining"), ({"kind": "FlatIndex", "source": "a"}, "FlatIndex")])
def test_checkpoints_keep_every_bit_of_their_arrays(description, kind, tmp_path):
    path = tmp_path / "a.npz"
    older(path, ARRAYS, description)
    with pytest.raises(CheckpointError, match="older version: python -m scratchnet.experiments.upgrade"):
        checkpoint.load(path)
    upgrade(path)
    arrays, found = checkpoint.load(path)
    assert found == {**description, "kind": kind} and arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype and arrays[name].tobytes() == array.tobytes()


def test_a_new_checkpoint_stays_as_it_is(tmp_path):
    checkpoint.save(tmp_path / "a.npz", ARRAYS, {"kind": "x"})
    before = (tmp_path / "a.npz").read_bytes()
    upgrade(tmp_path / "a.npz")
    assert (tmp_path / "a.npz").read_bytes() == before


def test_a_damaged_checkpoint_is_refused_and_stays(tmp_path):
    older(tmp_path / "a.npz", ARRAYS, {}, sha256="0" * 64)
    before = (tmp_path / "a.npz").read_bytes()
    with pytest.raises(CheckpointError, match="its arrays do not match"):
        upgrade(tmp_path / "a.npz")
    assert (tmp_path / "a.npz").read_bytes() == before


def first_version(rng):
    run = made_up_run(rng)
    return {key: value for key, value in run.items() if key not in ("system", "preset", "peak_mb")}


@pytest.mark.parametrize("signed", [False, True])
def test_results_get_what_was_not_recorded_as_null(signed, tmp_path, rng):
    run, path = first_version(rng), tmp_path / "result.json"
    content = {"about": {"dataset": "cifar10"}, "run": run}
    path.write_text(json.dumps({**content, **({"digest": digest(content)} if signed else {})}))
    np.savez_compressed(tmp_path / "predictions.npz", predicted=np.arange(3))
    with pytest.raises(CheckpointError):
        read_result(path)
    upgrade(path)
    assert read_result(path) == {**run, "system": "kuo2016", "preset": None, "peak_mb": None}
    assert (read_predictions(path)["predicted"] == np.arange(3)).all()
    upgrade(path)
    assert read_result(path)["epochs"] == 25


def test_results_of_a_folder_and_rows_of_a_search_are_signed(tmp_path, rng):
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"schema": 1, "command": "c", "environment": {"date": "d"},
                                "runs": [first_version(rng)]}))
    upgrade(path)
    assert read_results(path)["runs"][0]["system"] == "kuo2016"
    path.write_text(json.dumps([{"a": 1}]))
    upgrade(path)
    stored = json.loads(path.read_text())
    assert stored["rows"] == [{"a": 1}] and stored["schema"] == 2


@pytest.mark.parametrize("content", [
    "", "3", "null", "{", '{"run": 3, "about": {}}', '{"run": {}, "about": {}}', '{"runs": 3}', '{"run": []}',
    '{"rows": [], "digest": "0"}', "[" * 100_000])
def test_what_is_no_older_file_is_refused_and_stays(content, tmp_path):
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(CheckpointError) as error:
        upgrade(path)
    assert path.read_text() == content and "\n" not in str(error.value)


def test_it_is_a_command(tmp_path):
    older(tmp_path / "a.npz", ARRAYS, {})
    (tmp_path / "b.json").write_text("")

    def call(*names):
        return subprocess.run([sys.executable, "-m", "scratchnet.experiments.upgrade", *(tmp_path / n for n in names)],
                              capture_output=True, text=True)
    done = call("a.npz", "b.json")
    assert done.returncode == 1 and "a.npz: converted" in done.stdout
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    checkpoint.load(tmp_path / "a.npz")
    assert "upgrade FILE" in call().stderr
