"""``scratchnet benchmark``: every case, batch by batch, on CPU and GPU; as JSON, a picture and a sentence.

No measurement is lost: the JSON is rewritten after each case and batch, and an interrupted command still draws the
picture of what it has.
"""
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import backend
from ..environment import environment
from ..errors import CapacityError, OutputError
from ..files import write_json
from ..plotting import crossover_figure, save
from ..progress import bar, say
from .cases import SEED, TrainingStep, layers
from .crossover import crossovers, sentence
from .timing import duration, interleave, rows

BACKENDS = ("numpy", "cupy")
JSON, PICTURE = "benchmark.json", "benchmark.png"


@dataclass(frozen=True)
class Effort:
    """How long to time, see `timing.interleave`, and up to which batch where nobody says."""

    batches: tuple
    warm_up: int
    repeats: int
    seconds: float


FULL = Effort((1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024), 10, 40, 1.0)
QUICK = Effort((1, 4, 16, 64, 256), 3, 10, 0.1)


def benchmark(out, names=BACKENDS, batches=None, effort=FULL, threads=None, command="", say=say):
    """Time the training step and each layer, and write what was found.

    Parameters
    ----------
    out : path
        A folder for benchmark.json and benchmark.png.
    names : sequence of {"numpy", "cupy"}
        Where there is no GPU, "cupy" is left out with a note, unless nothing else was asked for.
    batches : sequence of int, optional
        None means those of `effort`. What does not fit into memory is left out with a note.
    effort : Effort
        `FULL` or `QUICK`.
    threads : int, optional
        On the CPU; None means one per core.
    command : str
        What was typed, for the JSON.
    say : callable
        Takes the lines that a person should read.

    Returns
    -------
    dict
        The content of the JSON: "environment", "notes", "rows" (see `timing.rows`), "crossover" (the batch, by case),
        "summary".

    Raises
    ------
    BackendError, CapacityError, OutputError
        Where nothing can be measured at all, or not be written.
    """
    folder = _folder(out)
    modules, notes = _answering(names)
    where = environment(modules.get("cupy", np), threads)
    content = {"environment": {**where, "command": command, "seed": SEED}, "notes": notes, "rows": []}
    for note in notes:
        say(note)
    try:
        _measure(content, folder / JSON, modules, sorted({*(batches or effort.batches)}), effort, threads, say)
    except KeyboardInterrupt:
        notes.append("interrupted: what comes after the last row was not measured")
        raise
    finally:
        if content["rows"]:
            content["crossover"] = {case: at and at.batch for case, at in crossovers(content["rows"]).items()}
            content["summary"] = sentence(content["rows"])
            write_json(folder / JSON, content)
            save(figure(content), folder / PICTURE)
            say(content["summary"])
            say(f"{folder / JSON}, {folder / PICTURE}")
    if not content["rows"]:
        raise CapacityError(f"nothing fits into memory: {notes[-1]}; try a smaller --batch")
    return content


def _folder(out):
    """Return the folder, made, and without a benchmark in it."""
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write to the folder {folder}: {error.strerror}") from None
    if (folder / JSON).exists():
        raise OutputError(f"{folder / JSON} is there already and is not written over: choose another --out")
    return folder


def _answering(names):
    """Return {name: array module} of the backends that answer, and a line about the one that does not."""
    modules, notes = {}, []
    for name in names:
        module, trouble = backend.probe_cupy() if name == "cupy" else (backend.select(name), None)
        if module is not None:
            modules[name] = module
        elif {*names} == {name}:
            backend.select(name)  # which says why it cannot
        else:
            notes.append(f"CuPy found no GPU ({trouble}): only the CPU is timed; "
                         "see 'On a GPU' in README.md for what it takes")
    return modules, notes


def _measure(content, path, modules, batches, effort, threads, say):
    """Time every case with every batch; keep the rows and write all there are after each."""
    cases, precision = [TrainingStep(), *layers().values()], content["environment"]["precision"]
    with bar(total=len(cases) * len(batches), unit=" cases") as shown:
        for case in cases:
            left = dict(modules)
            for batch in batches:
                shown.set_description(f"{case.name}, batch {batch:,}")
                timings = _timed(case, batch, left, effort, threads)
                for name in sorted(left.keys() - timings.keys()):
                    del left[name]
                    content["notes"].append(f"{case.name}, {name}: a batch of {batch:,} does not fit into memory; "
                                            "larger ones were not tried")
                    say(content["notes"][-1])
                if timings:
                    found = rows(case.name, timings, batch * case.multiply_adds(), precision, batch=batch)
                    content["rows"] += found
                    write_json(path, content)
                    if case is cases[0]:
                        each = ", ".join(f"{row['backend']} {duration(row['median_ms'])}" for row in found)
                        say(f"{case.name}, batch {batch:5,}: {each}")
                shown.update()


def _timed(case, batch, modules, effort, threads):
    """Return {name: Timing} of the backends on which the batch fits into memory."""
    with ExitStack() as stack:
        inputs, candidates = _if_it_fits(lambda: case.inputs(batch)), {}
        for name, xp in modules.items() if inputs else ():
            step = _if_it_fits(lambda xp=xp: _tried(case.on(xp, stack, inputs, threads)))
            if step:
                candidates[name] = step
        return interleave(candidates, effort.warm_up, effort.repeats, effort.seconds)


def _if_it_fits(function):
    """Return what a function returns, or None if memory does not suffice (CuPy's error is a MemoryError, too)."""
    try:
        return function()
    except MemoryError:
        return None


def _tried(step):
    step()
    return step


def figure(content):
    """Return the picture of a benchmark's rows, and where they came from."""
    where, found = content["environment"], content["rows"]
    device = f"GPU: {where['device']}, {where['precision']}; " if where["backend"] != "numpy" else ""
    about = (f"{device}CPU: {where['cpu']}, {where['threads']} threads; NumPy {where['numpy']}; {where['date'][:10]}. "
             "Medians; shaded: 10 to 90 %.")
    return crossover_figure(found, crossovers(found), sentence(found), about)
