"""The paper's claims as paired differences, recipe by recipe: the paper's, ours with its interval, and the seeds.

`scratchnet.report.claims` computes them. A comparison whose runs are not there yet stands in the table and says so.
"""
from itertools import groupby

from scratchnet.report.claims import ANGULAR, CLAIMS, DIGITS, MAP, ORDER, TOP1, claim_rows
from scratchnet.report.html import probability, signed
from scratchnet.report.paper_tables import ACCURACY, RETRIEVAL, TITLES

RECIPES = ("2016", "paper")  # of which all claims are asked
EXPLAINED = (
    "Differences are paired, image by image and seed by seed: Top-1 in percentage points, MAP of test-vs-test. The "
    "interval contains the true difference in 95 of 100 such experiments. It covers the choice of test images and, "
    "with two or more seeds, that of the seed; with one seed it is about these two networks, not about the methods. p "
    "is that of McNemar's exact test for one pair of accuracies, otherwise of Student's; it is adjusted by Holm's "
    "method for the number of comparisons of one recipe on one data set. The runs are [`DATASET-METHOD-RECIPE-"
    "seedN.json`](paper/); what they kept of each image is in the `.npz` beside them.")


def claims_tables(runs, kept):
    """Return a table for each data set and recipe, and what they mean."""
    tables = []
    for dataset in ACCURACY:
        groups = groupby(claim_rows(runs, dataset, kept), lambda row: row["recipe"])
        found = {recipe: list(rows) for recipe, rows in groups}
        tables += [table(dataset, recipe, found.get(recipe, [])) for recipe in dict.fromkeys([*RECIPES, *found])]
    return "\n".join([*tables, EXPLAINED]) + "\n"


def table(dataset, recipe, rows):
    """Return the table of one recipe; of the recipes to which the paper's claims are put, with what is missing."""
    by_name = {(row["claim"], row["measure"]): row for row in rows}
    wanted = [(claim, measure) for claim, *_ in CLAIMS for measure in (TOP1, ANGULAR)]
    wanted += [(claim, MAP) for claim, *_ in ORDER]
    lines = [f"| {TITLES[dataset]}, recipe {recipe} | measure | the paper | ours | 95 % interval | p (Holm) | seeds |",
             "|---|---|---|---|---|---|---|"]
    for claim, measure in wanted:
        row = by_name.get((claim, measure))
        if row or recipe in RECIPES:
            cells = cells_of(row) if row else (printed(dataset, claim, measure), "no runs yet", "", "", "")
            lines.append(f"| {' | '.join([claim, measure, *cells])} |")
    return "\n".join(lines) + "\n"


def cells_of(row):
    """Return the cells of a comparison: the paper's difference, ours, interval, p, seeds."""
    digits = DIGITS[row["measure"]]
    interval = "predictions not kept" if row["low"] is None else \
        f"{signed(row['low'], digits)} to {signed(row['high'], digits)}"
    paper = "–" if row["paper"] is None else signed(row["paper"], digits)
    return (paper, f"**{signed(row['mean'], digits)}**", interval, probability(row["p"]),
            ", ".join(map(str, row["seeds"])))


def printed(dataset, claim, measure):
    """Return the paper's own difference as a cell."""
    sides = {name: (before, after) for name, before, after in (*CLAIMS, *ORDER)}
    table = {TOP1: ACCURACY, MAP: RETRIEVAL}.get(measure)
    if table is None:
        return "–"
    before, after = sides[claim]
    return signed(table[dataset][after][0] - table[dataset][before][0], DIGITS[measure])
