"""Retrieval by every definition, beside class floor, chance and the figures without near-duplicates."""
import pytest
from reports import made_up_run

from scratchnet.report.references import KEYS, duplicate_rows, reference_rows

TEST, TRAIN = "test-vs-test", "test-vs-train"


def figures(start):
    return {key: start + i / 1000 for i, key in enumerate(KEYS)}


@pytest.fixture
def run(rng):
    run = made_up_run(rng, accuracy={"top1": 0.8123, "top2": 0.9, "top3": 0.95})
    for protocol, start in ((TEST, 0.5), (TRAIN, 0.6)):
        run["retrieval"][protocol]["angular"] |= figures(start)
    return run | {"class_floor": {TEST: figures(0.4), TRAIN: figures(0.45)}, "chance": {TEST: figures(0.1),
                                                                                      TRAIN: figures(0.12)},
                  "without_near_duplicates": {"images": 9714, "queries": 9671,
                                              "accuracy": {"top1": 0.8012, "top2": 0.8, "top3": 0.9}, "retrieval": {
                                                  TEST: {"angular": figures(0.3)}, TRAIN: {"angular": figures(0.35)}}}}


def test_each_protocol_has_its_own_rows(run, rng):
    (test, ((first, rows),)), (train, ((_, others),)) = reference_rows([made_up_run(rng), run])
    assert (test, train) == (TEST, TRAIN) and first is run
    assert rows == [(name, list(figures(start).values())) for name, start in (
        ("angular", 0.5), ("without near-duplicates", 0.3), ("class floor", 0.4), ("chance", 0.1))]
    assert [values[0] for _, values in others] == [0.6, 0.35, 0.45, 0.12]


def test_what_a_run_lacks_is_left_out(run, rng):
    run |= {"class_floor": None, "without_near_duplicates": None}
    assert [name for name, _ in reference_rows([run])[0][1][0][1]] == ["angular", "chance"]
    assert duplicate_rows([run]) == reference_rows([made_up_run(rng)]) == []


def test_near_duplicates_have_accuracy_and_map_with_and_without(run):
    assert duplicate_rows([run]) == [(run, pytest.approx([81.23, 80.12]), [0.5, 0.3])]
    run["accuracy"] = run["without_near_duplicates"]["accuracy"] = None
    assert duplicate_rows([run])[0][1] == [None, None]


def test_they_are_on_the_page_with_their_definitions(run, report):
    page = report([run])
    assert page.table("without", "angular MAP")[1] == ["CNN_RGB", "81.23", "80.12", "0.500", "0.300"]
    tables = [table for table in page.tables if table[0][0] == "Ranked by"]
    assert tables[0][0][1:] == [name for name, _ in KEYS.values()] and len(tables) == 2
    assert tables[0][4] == ["class floor", *(f"{value:.3f}" for value in figures(0.4).values())]
    assert all(f"{name}: {text}." in page.text for name, text in KEYS.values())
