"""The JSON files of this package: what they contain, and the digest that proves their integrity.

Each is an object with "schema", the version of what follows, and "digest", a SHA-256 over all the rest. A file that was
damaged or edited, that lacks a field or has it of another kind, is refused in one line as it is read. So
code that uses its content need not check it again.
"""
import hashlib
import json

from . import schema
from .errors import CheckpointError
from .files import open_file, write_json
from .schema import All, amount, anything, check, count, nothing, number, positive, sha256, share, text

SCHEMA = 2
LIMIT = 2**26  # bytes; our largest has 0.1 MB


def write(path, content):
    """Write a dict as a document, whole or not at all."""
    content = json.loads(json.dumps({"schema": SCHEMA, **content}))  # as a reader will find it
    write_json(path, {**content, "digest": digest(content)})


def read(path, form, remedy):
    """Return the content of a document.

    Parameters
    ----------
    path : path
    form : form
        See `schema`.
    remedy : str
        What to do if it is damaged.

    Raises
    ------
    CheckpointError
        If it cannot be read, is damaged or edited, does not fit `form`, or was written by another version.
    """
    try:
        with open_file(path) as file:
            return parse(file.read(LIMIT + 1), path, form, remedy)
    except OSError as error:
        raise CheckpointError(f"cannot read {path} ({error.strerror or error}): {remedy}") from None


def parse(data, name, form, remedy):
    """Return the content of a document of these bytes, which is called `name`; see `read`."""
    try:
        content = json.loads(data.decode()) if len(data) <= LIMIT else None
        signed = content.pop("digest") == digest(content)
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        signed = False
    if not signed:
        raise CheckpointError(f"{name} is damaged: {remedy}")
    version = content.pop("schema", 1)
    if version != SCHEMA:
        raise CheckpointError(f"{name} was written by another version of scratchnet (schema {version!r:.9}, this one "
                              f"reads {SCHEMA}): upgrade scratchnet, or convert it with "
                              f"python -m scratchnet.experiments.upgrade {name}")
    try:
        check(content, form)
    except schema.Misfit as error:
        raise CheckpointError(f"{name} does not hold what it should: {error}: {remedy}") from None
    return content


def digest(content):
    """Return the SHA-256 of what JSON holds, whatever the order of its keys, as hexadecimal text."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


# ---- what they hold ----

def square(rows):
    """a square matrix"""
    return all(len(row) == len(rows) for row in rows)


def paired(example):
    """a query with as many ids as distances"""
    return len(example["ids"]) == len(example["distances"])


def uniform(rows):
    """rows of the same fields"""
    return all(row.keys() == rows[0].keys() for row in rows)


def within(run):
    """a run that found no images beyond those which it classified"""
    images = sum(map(sum, run["confusion"] or []))
    return not images or all(max(example["query"], *example["ids"]) < images for example in run["examples"])


ENVIRONMENT = {"date": text, ...: anything}
ACCURACY = {"top1": share, "top2": share, "top3": share}
FIGURES = {"map": share, "map_at_30": share, "map_at_30_possible": share, "map_at_30_all": share,
           "precision_at_30": share}
FOUND = {"map": share, "map_at_30": share, "seconds_per_query": amount,  # earlier runs have no other denominators
         **{f"{key}?": share for key in ("map_at_30_possible", "map_at_30_all", "precision_at_30")}}
PROTOCOLS = ("test-vs-test", "test-vs-train")
RETRIEVAL = dict.fromkeys(PROTOCOLS, {"euclidean": FOUND, "manhattan": FOUND, "angular": FOUND, ...: FOUND})
BESIDE = {  # see experiments.beside
    "gallery": dict.fromkeys(PROTOCOLS, positive),
    "class_floor": (nothing, dict.fromkeys(PROTOCOLS, FIGURES)), "chance": dict.fromkeys(PROTOCOLS, FIGURES),
    "without_near_duplicates": (nothing, {
        "images": positive, "accuracy": (nothing, ACCURACY), "queries": positive,
        "retrieval": dict.fromkeys(PROTOCOLS, {"angular": FIGURES})})}
BOUNDED = {"map_optimistic": share, "map_pessimistic": share, "map_by_id": share}  # luck with equal distances
HASHING = {  # see experiments.hashing
    "bits": positive, "balance": [share],
    "protocols": {...: {"queries": positive, "gallery": positive, "codes": {**BOUNDED, "map": share, ...: amount},
                        "descriptor": {"map": share, ...: amount},
                        "class_floor": (nothing, {"map": share, ...: share})}}}
EPOCH = {"epoch": positive, "loss": number, "train_top1": share, "validation_top1?": share, "seconds?": amount,
         ...: anything}
FIELDS = {
    "dataset": text, "system": text, "method": text, "preset": (nothing, text), "recipe": (nothing, text),
    "seed": count, "epochs": positive, "train_images": positive, "history": All(([EPOCH, ...], uniform)),
    "accuracy": (nothing, ACCURACY), "confusion": (nothing, All(([[count], ...], square))), "retrieval": RETRIEVAL,
    "examples": [All(({"query": count, "ids": [count, ...], "distances": [amount]}, paired))],
    "seconds": {"train": amount, "evaluate": amount, ...: amount}, "peak_mb": (nothing, amount),
    "settings": {...: anything}, "command": text, "environment": ENVIRONMENT,
    **{f"{key}?": form for key, form in BESIDE.items()}, "hashing?": HASHING,
    ...: RETRIEVAL}  # of further descriptors
RUN = All((FIELDS, within))  # of one system: result.json has one, results.json several
RESULT = {"about": {...: anything}, "run": RUN, "predictions?": sha256}
RESULTS = {"command": text, "environment": ENVIRONMENT, "runs": [RUN]}
CODES = {"command": text, "environment": ENVIRONMENT, "runs": [  # made of the descriptors of a fitted system
    {"dataset": text, "system": text, "method": text, "seed": count, "hashing": HASHING}]}
CARD = {  # of the weights that come with the package
    "name": text, "sha256": sha256, "bytes": positive, "limits": text, "accuracy": ACCURACY,
    "accuracy_before_rounding": ACCURACY, "retrieval": RETRIEVAL,
    **{f"{key}?": form for key, form in BESIDE.items()}, "training": {"command": text, "environment": ENVIRONMENT},
    **{key: FIELDS[key] for key in ("dataset", "system", "method", "preset", "recipe", "seed", "epochs", "train_images",
                                 "settings", "command", "environment")}}
