"""What the systems reached in our own runs: measured.json, written by ``python -m benchmarks.report``."""
from importlib.resources import as_file, files

from .. import documents
from ..schema import amount, share

FORM = {...: {...: {"top1": share, "seconds": amount}}}


def measured():
    """Return {system: {data set: {"top1", "seconds"}}}.

    Raises
    ------
    CheckpointError
        If the file is missing or damaged.
    """
    with as_file(files(__package__) / "measured.json") as path:
        return documents.read(path, FORM, "reinstall scratchnet")
