"""The files in which finished runs lie: result.json has one, results.json those of a folder; see `documents`.

Beside a run's result.json lies predictions.npz, what the system said of each test image. Its SHA-256 is in the
result, whose digest thus covers both.
"""
import hashlib
import io
import json

import numpy as np

from .. import documents
from ..documents import digest
from ..errors import CheckpointError
from ..files import atomic_write, open_file
from ..training.trainer import same_run

__all__ = ["digest", "read_predictions", "read_result", "read_results", "write_result", "write_results"]

PREDICTIONS = "predictions.npz"
LIMIT = 2**26  # bytes of predictions; ours have 0.1 MB
AGAIN = "delete it, and --resume evaluates that run again"


def write_result(path, about, run, of_each_image=None):
    """Write a run's entry, whole or not at all, and before it what was found `of_each_image`, a dict of arrays."""
    vouched = {}
    if of_each_image is not None:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **of_each_image)
        with atomic_write(path.with_name(PREDICTIONS)) as file:
            file.write(buffer.getvalue())
        vouched["predictions"] = hashlib.sha256(buffer.getvalue()).hexdigest()
    documents.write(path, {"about": about, "run": run, **vouched})


def read_result(path, about=None):
    """Return a run's entry.

    Raises
    ------
    CheckpointError
        If the file is damaged, or says of itself something else than `about`.
    """
    stored = documents.read(path, documents.RESULT, AGAIN)
    if about is not None:
        same_run(stored["about"], json.loads(json.dumps(about)), path)
    return stored["run"]


def read_predictions(path, predictions=None):
    """Return what the run of a result.json found of each test image, as `evaluation.evaluate` returned it.

    Parameters
    ----------
    path : Path
        The result.
    predictions : Path, optional
        None means predictions.npz beside it.

    Raises
    ------
    CheckpointError
        If either file is damaged, or the predictions are not those of that run.
    """
    wanted = documents.read(path, documents.RESULT, AGAIN).get("predictions")
    predictions = predictions or path.with_name(PREDICTIONS)
    try:
        with open_file(predictions) as file:
            content = file.read(LIMIT + 1)
    except OSError as error:
        raise CheckpointError(f"cannot read {predictions} ({error.strerror or error}): delete {path}, and --resume "
                              "evaluates that run again") from None
    if hashlib.sha256(content).hexdigest() != wanted:
        raise CheckpointError(f"{predictions} is damaged, or of another run than {path}: delete both, and --resume "
                              "evaluates that run again")
    with np.load(io.BytesIO(content)) as arrays:
        return dict(arrays)


def write_results(path, results):
    """Write the content of results.json, whole or not at all."""
    documents.write(path, results)


def read_results(path):
    """Return the content of results.json.

    Raises
    ------
    CheckpointError
        If the file is damaged.
    """
    return documents.read(path, documents.RESULTS, "delete it; --resume writes it again from the runs")
