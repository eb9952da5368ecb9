"""The ledger of what the publications leave open."""
from scratchnet import systems
from scratchnet.systems.ledger import LEDGER


def test_the_ledger_is_complete():
    numbers = {name: [row["number"] for row in LEDGER if row["system"] == name] for name in systems.names()}
    assert numbers["kuo2016"] == list(range(1, 14)) and sum(map(len, numbers.values())) == len(LEDGER)
    for name, found in numbers.items():
        assert found and found == list(range(1, len(found) + 1)), f"{name} has no rows, or their numbers have gaps"
    assert [row["number"] for row in LEDGER if row["ablation"]] == [2, 3, 5, 8]


def test_a_row_says_what_the_paper_has_and_what_we_do():
    assert {tuple(row) for row in LEDGER} == {("system", "number", "paper", "ours", "alternatives", "ablation")}
    assert all(row["paper"].endswith(".") and row["ours"].endswith(".") for row in LEDGER)


def test_what_is_worth_a_run_of_its_own_has_alternatives():
    assert [row["number"] for row in LEDGER if row["alternatives"]] == [
        row["number"] for row in LEDGER if row["ablation"]]
