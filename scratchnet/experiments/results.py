"""The file in which a finished run lies: {"about", "run", "digest"}.

The digest is a SHA-256 over the other two, so that a file that was damaged or edited is refused. The paper's first runs
were written before there was one.
"""
import hashlib
import json

from ..errors import CheckpointError
from ..files import write_json
from ..training.trainer import same_run


def write_result(path, about, run):
    """Write a run's entry, whole or not at all."""
    content = json.loads(json.dumps({"about": about, "run": run}))  # as a reader will find it
    write_json(path, {**content, "digest": digest(content)})


def read_result(path, about=None):
    """Return a run's entry.

    Raises
    ------
    CheckpointError
        If the file is damaged, or says of itself something else than `about`.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        found, run = stored["about"], stored["run"]
        whole = isinstance(found, dict) and isinstance(run, dict) and (
            "digest" not in stored or stored["digest"] == digest({"about": found, "run": run}))
    except (ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise CheckpointError(f"{path} is damaged: delete it, and --resume evaluates that run again")
    if about is not None:
        same_run(found, json.loads(json.dumps(about)), path)
    return run


def digest(content):
    """Return the SHA-256 of what JSON holds, whatever the order of its keys, as hexadecimal text."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
