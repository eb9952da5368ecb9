"""The ledger of what the paper leaves open."""
from scratchnet.systems.ledger import LEDGER


def test_the_ledger_is_complete():
    assert [row["number"] for row in LEDGER] == list(range(1, 14))
    assert [row["number"] for row in LEDGER if row["ablation"]] == [2, 3, 5, 8]


def test_a_row_says_what_the_paper_has_and_what_we_do():
    assert {tuple(row) for row in LEDGER} == {("number", "paper", "ours", "alternatives", "ablation")}
    assert all(row["paper"].endswith(".") and row["ours"].endswith(".") for row in LEDGER)


def test_what_is_worth_a_run_of_its_own_has_alternatives():
    assert [row["number"] for row in LEDGER if row["alternatives"]] == [
        row["number"] for row in LEDGER if row["ablation"]]
