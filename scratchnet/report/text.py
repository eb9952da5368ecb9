"""The figures of one fitted system, as lines for a terminal."""
from textwrap import fill

from ..retrieval.figures import definitions
from .hashing import hashing_tables

DEPTH = 30
COLUMNS = f"{'':24}{'MAP':>9}{'MAP at 30, divided by':>30}{'precision':>11}{'ms per':>9}", \
    f"{'':24}{'full':>9}{'found':>10}{'min(30, R)':>12}{'R':>8}{'at 30':>11}{'query':>9}"
WIDTHS = (9, 10, 12, 8, 11)


def evaluation_lines(figures):
    """Yield lines that show what `experiments.evaluate` returned: each figure with its definition."""
    accuracy, clean = figures["accuracy"], figures.get("without_near_duplicates")
    if accuracy:
        yield _accuracy("accuracy", accuracy)
        if clean:
            yield _accuracy(f"  without a near-duplicate among the training images, {clean['images']:,} of them",
                            clean["accuracy"])
    for protocol, metrics in figures["retrieval"].items():
        where = "the other test images" if protocol == "test-vs-test" else "the training images"
        yield f"\n{protocol}: each test image searches {where}, {figures['gallery'][protocol]:,}"
        yield from COLUMNS
        for metric, row in metrics.items():
            yield _row(metric, row) + f"{row['seconds_per_query'] * 1e3:9.2f}"
        if clean:
            for metric, row in clean["retrieval"][protocol].items():
                yield _row(f"{metric}, no near-dupl.", row)
        for name, key in (("class floor", "class_floor"), ("chance", "chance")):
            if figures.get(key):
                yield _row(name, figures[key][protocol])
    if "hashing" in figures:
        yield ""
        yield from hashing_lines([figures])
    yield from _explained(clean)


def hashing_lines(runs):
    """Yield lines that show what codes are worth, a table for each protocol; see `hashing.hashing_tables`."""
    for table in hashing_tables(runs, runs[0]["dataset"]):
        yield fill(f"{table['name']}: {table['title']}; {table['queries']:,} queries, {table['gallery']:,} images; "
                   f"{table['figure']['title']}", 110)
        yield f"{'':42}  labels bits  published    ours   worst to best order  descriptors   floor"
        for row in table["rows"]:
            order = "" if row["low"] is None else f"{row['low']:.4f} to {row['high']:.4f}"
            yield (f"{row['label']:42.42}{row['learnt']:8,}{row['bits']:5}{_figure(row['published'], 11)}"
                   f"{_figure(row['codes'], 8)}"
                   f"{order:>22}{_figure(row['descriptor'], 13)}{_figure(row['floor'], 8)}")
        yield ""
    yield fill("labels: of how many images they were learnt from. ours: of codes, the mean over all orders of equal "
               "distances, of which the worst and the best are beside it. descriptors: what the codes stand for, "
               "ranked by angle. floor: what the predicted classes alone give.", 110)


def _figure(value, width):
    return " " * width if value is None else f"{value:{width}.4f}"


def _accuracy(what, accuracy):
    return f"{what}: " + ", ".join(f"{name.replace('top', 'Top-')} {value:.2%}" for name, value in accuracy.items())


def _row(name, row):
    return f"{name:24}" + "".join(f"{row[key]:{width}.4f}" for key, width in zip(definitions(DEPTH), WIDTHS))


def _explained(clean):
    rows = dict(definitions(DEPTH).values())
    rows["class floor"] = ("what the predicted classes alone give: images of the query's predicted class first, equal "
                           "ones in random order")
    rows["chance"] = "what a random order gives"
    if clean:
        rows["no near-dupl."] = (
            f"the {clean['queries']:,} test images that have no near-duplicate among the training or the other test "
            "images (ciFAIR, Barz and Denzler 2020) are the queries and, in test-vs-test, the gallery")
    yield "\nThe R images of the query's class are relevant. Each figure is the mean over all queries of:"
    for name, text in rows.items():
        yield fill(f"{name}: {text}", 110, initial_indent="  ", subsequent_indent="    ")
