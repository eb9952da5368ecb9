"""Figure 9 in numbers."""
import numpy as np
import pytest
from reports import made_up_run

from scratchnet.report.confusions import OFF, agreement, commonest, shares
from scratchnet.report.paper_tables import CLASSES, CONFUSION

PAPER = np.round(1000 * np.array(CONFUSION)).astype(int)


def test_the_paper_agrees_with_itself_and_a_reversed_order_is_its_opposite():
    assert agreement(PAPER) == pytest.approx(1, abs=1e-3)
    turned = np.where(OFF, 200 - PAPER, PAPER)  # what is common becomes rare
    turned[~OFF] = 1000 - np.where(OFF, turned, 0).sum(axis=1)
    assert agreement(np.where(OFF, turned, 0) + np.diag(np.full(10, 2000))) < -0.9


def test_the_diagonal_does_not_count_and_rows_may_be_of_any_size(rng):
    counts = rng.integers(1, 50, (10, 10))
    more_right = counts.copy()
    np.fill_diagonal(more_right, 0)
    more_right += np.diag(counts.sum(axis=1) - more_right.sum(axis=1))
    assert agreement(counts) == agreement(more_right) == pytest.approx(agreement(7 * counts))
    assert shares(counts).sum(axis=1) == pytest.approx(np.ones(10))


def test_rows_are_the_actual_classes():
    """Dogs are taken for cats more often than cats for dogs, in the paper: a transposed matrix agrees less."""
    first, second = commonest(PAPER)[:2]
    assert (first["actual"], first["predicted"]) == ("dog", "cat") and first["paper"] == pytest.approx(16.5)
    assert (second["actual"], second["predicted"]) == ("cat", "dog")
    assert agreement(PAPER.T) < 0.99


def test_the_commonest_of_either_are_listed_with_their_ranks():
    ours = PAPER.copy()
    ours[CLASSES.index("ship"), CLASSES.index("truck")] = 500
    rows = commonest(ours, count=3)
    assert [row["paper_rank"] for row in rows] == sorted(row["paper_rank"] for row in rows) and len(rows) == 4
    added = next(row for row in rows if row["actual"] == "ship")
    assert (added["predicted"], added["our_rank"]) == ("truck", 1) and added["paper"] == pytest.approx(2.0)
    assert added["ours"] == pytest.approx(100 * 500 / ours[8].sum()) and added["paper_rank"] > 3


def test_who_makes_no_mistake_has_no_order_of_them():
    assert agreement(np.diag(np.full(10, 100))) is None


def test_the_page_shows_them_beside_the_papers(rng, report):
    run = made_up_run(rng, method="pretrain_cnn_rgb_da", confusion=PAPER.tolist())
    page = report([run])
    assert page.table("Taken for", "ours")[1] == ["dog", "cat", "16.5 (1)", "16.5 (1)"]
    assert "90 cells off the diagonal: 1.00." in page.text
    assert "Taken for" not in report([made_up_run(rng, "cifar100", "pretrain_cnn_rgb_da", classes=100)]).cells
