"""The ledger of what the paper leaves open."""
from scratchnet.systems.ledger import LEDGER


def test_the_ledger_is_complete():
    assert [row["number"] for row in LEDGER] == list(range(1, 14))
    assert [row["number"] for row in LEDGER if row["ablation"]] == [2, 3, 5, 8]
