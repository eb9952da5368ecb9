"""From results to one self-contained page: tables beside the paper's, pictures, ledger, settings.

What the page says is decided here and in paper_tables.py; how it looks, in report.html and style.html. The template
engine escapes everything that comes from outside (class names, the command, settings), and nothing on the page is
loaded from anywhere: pictures are embedded, there is no script.
"""
import base64
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined

from .. import plotting
from ..documents import RESULTS
from ..errors import DataError, InputError
from ..files import atomic_write, open_file
from ..schema import Misfit, check
from . import paper_tables as paper
from .claims import DIGITS, claim_rows
from .confusions import agreement, commonest
from .hashing import hashing_tables
from .references import KEYS, duplicate_rows, reference_rows

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"


def write_report(results, figures, ledger, path, kept=None):
    """Write the report of all runs in `results`, atomically.

    Parameters
    ----------
    results : dict
        The content of results.json; see `documents.RESULTS`.
    figures : list of (title, caption, path), or dict of str to such lists
        PNG files. A dict has one list a data set.
    ledger : list of dict
        "number", "paper", "ours", "alternatives", "ablation"; see `systems.ledger`.
    path : path
    kept : dict, optional
        What the runs found of each test image, for the intervals of differences; see `claims.claim_rows`.

    Raises
    ------
    InputError
        If results are not of that form.
    DataError
        If a picture is not there or is not a PNG file.
    OutputError
        If the page cannot be written.
    """
    try:
        check(results, RESULTS)
    except Misfit as error:
        raise InputError(f"these are not results: {error}") from None
    environment = Environment(loader=PackageLoader("scratchnet.report", ""), autoescape=True, undefined=StrictUndefined,
                              trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(number=number, signed=signed, milliseconds=milliseconds, duration=duration,
                               probability=probability)
    runs = results["runs"]
    datasets = list(dict.fromkeys(run["dataset"] for run in runs))
    page = environment.get_template("report.html").render(
        paper=paper, runs=runs, command=results["command"], environment=results["environment"],
        sections=[section(results, dataset, kept) for dataset in datasets], digits_of=DIGITS, definitions=KEYS,
        seconds=sum(sum(run["seconds"].values()) for run in runs),
        pictures=pictures(figures), ledger=ledger, settings=settings_table(runs))
    with atomic_write(path) as file:
        file.write(page.encode(errors="backslashreplace"))  # the command may hold bytes that are no text


def section(results, dataset, kept=None):
    """Return what the page shows of one data set."""
    runs = paper.runs_of(results, dataset)
    names = {id(run): paper.label(run, runs) for run in runs}
    departures = {}
    for run in runs:
        if unlike := tuple(paper.departures(run)):
            departures.setdefault(unlike, []).append(names[id(run)])
    retrieval = [(text, _grouped(paper.retrieval_rows(results, dataset, key)))
                 for key, text in (("retrieval", "after the ReLU"), ("retrieval_before_relu", "before the ReLU"))]
    return {
        "dataset": dataset, "title": paper.TITLES.get(dataset, dataset), "comparable": paper.comparable(dataset),
        "orientation": paper.COUNTERPARTS.get(dataset) is not None and not paper.comparable(dataset),
        "runs": [{"label": names[id(run)], "run": run, "angular": run["retrieval"]["test-vs-test"]["angular"]}
                 for run in runs],
        "departures": departures.items(),
        "accuracy": paper.accuracy_rows(results, dataset),
        "classes": [(names[id(run)], rows, commonest(run["confusion"]), agreement(run["confusion"]))
                    for run in runs if (rows := paper.class_rows(run))],
        "retrieval": [(text, groups) for text, groups in retrieval if groups],
        "references": [(protocol, [(names[id(run)], rows) for run, rows in group])
                       for protocol, group in reference_rows(runs)],
        "duplicates": [(names[id(run)], *figures) for run, *figures in duplicate_rows(runs)],
        "hashing": hashing_tables(runs, dataset),
        "comparison": _comparison(results, dataset), "claims": claim_rows(runs, dataset, kept),
    }


def _grouped(rows):
    """Return rows as [(protocol, [(label, rows), ...]), ...]."""
    return [(protocol, [(name, list(mine)) for name, mine in groupby(group, key=lambda row: row["label"])])
            for protocol, group in groupby(rows, key=lambda row: row["protocol"])]


def _comparison(results, dataset):
    """Return the dot plot of several methods beside the paper's, or None where there is nothing to compare."""
    rows = paper.comparison_rows(results, dataset)
    if not paper.comparable(dataset) or len({row["label"] for row in rows}) < 2:
        return None
    return picture("The paper's figures and ours", "Retrieval: test-vs-test, angular distance. The paper has one MAP, "
                   "of its last method, and does not say which.", plotting.png(plotting.comparison_figure(rows)))


def pictures(figures):
    """Return figures as [(title of the group, [picture, ...]), ...], read and embedded."""
    groups = figures if isinstance(figures, dict) else {"": figures}
    return [(paper.TITLES.get(name, name), [picture(title, caption, _read(path)) for title, caption, path in listed])
            for name, listed in groups.items() if listed]


def _read(path):
    try:
        with open_file(path) as file:
            return file.read()
    except OSError as error:
        raise DataError(f"cannot read the picture {path} ({error.strerror}): run the command again") from None


def picture(title, caption, png):
    """Return what the page needs of a picture: title, caption, size in CSS pixels, the file as a data URI."""
    if not png.startswith(b"\x89PNG\r\n\x1a\n") or len(png) < 24:
        raise DataError(f"the picture {title!r} is not a PNG file: run the command again")
    width, height = (round(int.from_bytes(png[i:i + 4]) * 96 / plotting.style.DPI) for i in (16, 20))
    return {"title": title, "caption": caption, "width": width, "height": height,
            "uri": "data:image/png;base64," + base64.b64encode(png).decode()}


def settings_table(runs):
    """Return (recipes, rows): one column for each distinct set of settings, one row (name, values) for each setting."""
    columns = []
    for run in runs:
        own = {"recipe": run["recipe"] or f"{run['method']}, {run['preset']}", **run["settings"]}
        if own not in columns:
            columns.append(own)
    names = [name for name in dict.fromkeys(name for own in columns for name in own) if name not in ("recipe", "name")]
    return [own["recipe"] for own in columns], [(name, [own.get(name) for own in columns]) for name in names]


def number(value, digits=0):
    """Return a number with so many decimals and thousands apart, or a dash for None."""
    return NOTHING if value is None else f"{value:,.{digits}f}".replace("-", MINUS)


def signed(value, digits):
    """Return a difference that always has its sign; what rounds to nothing is ±0."""
    rounded = f"{value:+.{digits}f}"
    return "±" + rounded[1:] if float(rounded) == 0 else rounded.replace("-", MINUS)


def probability(p):
    """Return a p-value with as many digits as it deserves, or a dash for None."""
    return NOTHING if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.0995 else f"{p:.2f}"


def milliseconds(seconds):
    """Return seconds as milliseconds with three digits, or a dash for None."""
    if seconds is None:
        return NOTHING
    return f"{1000 * seconds:#.3g}".rstrip(".") if seconds < 0.9995 else f"{1000 * seconds:,.0f}"


def duration(seconds):
    """Return a time as people say it: "42 s", "3 min 20 s", "1 h 5 min"; a dash for None."""
    if seconds is None:
        return NOTHING
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
