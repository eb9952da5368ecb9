"""Convert files of an older version: ``python -m scratchnet.experiments.upgrade FILE ...``.

Older versions wrote checkpoints whose description, and results of which nothing at all, was covered by a digest. What
they hold is taken as it stands, checked as far as it can be, and signed: whoever does that vouches for the file. Arrays
stay what they are, to the bit; of a run, what was not recorded then is null.
"""
import hashlib
import json
import sys
from pathlib import Path

from .. import checkpoint, documents, schema
from ..errors import CheckpointError, ScratchnetError
from ..files import open_file
from .results import LIMIT, PREDICTIONS

UNRECORDED = {"system": "kuo2016", "preset": None, "peak_mb": None}
KINDS = {"state": "training", "about": "pretraining"}  # of a checkpoint, by what its description has
FORMS = {"run": documents.RESULT, "runs": documents.RESULTS}


def upgrade(path):
    """Convert one file, in its place.

    Raises
    ------
    CheckpointError
        If it is not a file of an older version, or damaged.
    """
    path = Path(path)
    if path.suffix == ".npz":
        arrays, description = checkpoint.load(path, older=True)
        if isinstance(description, dict) and "kind" not in description:
            kind = next((kind for key, kind in KINDS.items() if key in description), "unknown")
            description = {"kind": kind, **description}
        checkpoint.save(path, arrays, description)
    else:
        documents.write(path, _document(path))


def _document(path):
    try:
        with open_file(path) as file:
            content = json.loads(file.read(documents.LIMIT))
        content = {"rows": content} if isinstance(content, list) else content
        if content.pop("digest", None) not in (None, documents.digest(content)):
            raise CheckpointError(f"{path} is damaged: its contents do not match its digest")
        content.pop("schema", None)
        if "run" in content:
            content = {**content, "run": _run(content["run"]), **_predictions(path)}
        elif "runs" in content:
            content["runs"] = [_run(run) for run in content["runs"]]
        for key in FORMS.keys() & content:
            schema.check(content, FORMS[key])
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{path} is not a file of an older version ({type(error).__name__}: {error})") from None
    return content


def _run(run):
    """Return a run with what the first versions did not record; theirs were all of the paper's own system."""
    return dict(run) | {key: value for key, value in UNRECORDED.items() if key not in run}


def _predictions(path):
    """Return the hash of the predictions that lie beside a result, under their own name or under that of the result."""
    for beside in (path.with_name(PREDICTIONS), path.with_suffix(".npz")):
        if beside.exists():
            with open_file(beside) as file:
                return {"predictions": hashlib.sha256(file.read(LIMIT + 1)).hexdigest()}
    return {}


if __name__ == "__main__":
    for name in sys.argv[1:] or sys.exit(__doc__):
        try:
            upgrade(name)
        except ScratchnetError as error:
            sys.exit(f"error: {error}")
        print(f"{name}: converted")
