"""What `scratchnet evaluate` prints: every figure under its name, and what the name means."""
from reports import hashed_run

from scratchnet.report.text import evaluation_lines, hashing_lines
from scratchnet.retrieval.figures import definitions

KEYS = list(definitions(30))


def figures(start, **more):
    return {key: start + i / 1000 for i, key in enumerate(KEYS)} | more


def evaluated(**more):
    return {"accuracy": {"top1": 0.8762, "top2": 0.95, "top3": 0.98}, "gallery": {"test-vs-test": 9999,
                                                                                 "test-vs-train": 50_000},
            "retrieval": {protocol: {"euclidean": figures(start, seconds_per_query=0.00123),
                                     "angular": figures(start + 0.1, seconds_per_query=0.02)}
                          for protocol, start in (("test-vs-test", 0.2), ("test-vs-train", 0.4))},
            "class_floor": {"test-vs-test": figures(0.7), "test-vs-train": figures(0.8)},
            "chance": {"test-vs-test": figures(0.01), "test-vs-train": figures(0.02)},
            "without_near_duplicates": {
                "images": 9714, "queries": 9671, "accuracy": {"top1": 0.8712, "top2": 0.94, "top3": 0.97},
                "retrieval": {"test-vs-test": {"angular": figures(0.25)}, "test-vs-train": {"angular": figures(0.45)}}},
            **more}


def numbers(lines, start):
    return [[float(cell) for cell in line[24:].split()] for line in lines if line.startswith(start)]


def test_every_row_stands_under_its_protocol_in_the_order_of_the_columns():
    lines = list(evaluation_lines(evaluated()))
    assert lines[0] == "accuracy: Top-1 87.62%, Top-2 95.00%, Top-3 98.00%"
    assert "without a near-duplicate" in lines[1] and "9,714 of them: Top-1 87.12%" in lines[1]
    for name, first, second in (("euclidean ", 0.2, 0.4), ("angular, no", 0.25, 0.45), ("class floor ", 0.7, 0.8),
                                ("chance ", 0.01, 0.02)):
        expected = [[round(value, 4) for value in figures(start).values()] for start in (first, second)]
        assert [row[:5] for row in numbers(lines, name)] == expected
    assert [row[5] for row in numbers(lines, "euclidean")] == [1.23, 1.23]
    places = [lines.index(line) for line in lines if line.startswith("\ntest-vs-")]
    assert "9,999" in lines[places[0]] and "50,000" in lines[places[1]]
    heads = [line for line in lines if line.startswith(" " * 24)]
    assert len(heads) == 4 and heads[1].split() == ["full", "found", "min(30,", "R)", "R", "at", "30", "query"]
    assert all(len(line) <= 120 for line in lines[2:places[1] + 8])


def test_every_name_is_explained():
    text = " ".join("\n".join(evaluation_lines(evaluated())).split())
    for name, definition in definitions(30).values():
        assert f"{name}: {definition}" in text
    assert "class floor: what" in text and "9,671 test images" in text and "Barz" in text


def test_what_there_is_not_is_not_printed():
    lines = list(evaluation_lines(evaluated(accuracy=None, class_floor=None, without_near_duplicates=None)))
    text = "\n".join(lines)
    assert "accuracy" not in text and "near" not in text and not numbers(lines, "class floor ")
    assert numbers(lines, "chance ")
    bare = evaluated()
    bare["without_near_duplicates"]["accuracy"] = None  # a system that does not classify
    assert not any("Top-1" in line for line in evaluation_lines({**bare, "accuracy": None}))


def test_codes_have_a_table_for_each_protocol(rng):
    run = hashed_run(rng, "cnnh_plus_48", 48, 0.2)
    lines = list(hashing_lines([run]))
    assert "test-vs-test: each test image" in lines[0] and "1,000 queries, 50,000 images" in " ".join(lines[0].split())
    assert lines[2].split()[-7:] == ["48", "0.2000", "0.1800", "to", "0.2200", "0.2300", "0.2500"]
    assert sum("bits  published" in line for line in lines) == 4
    only = next(line for line in lines if line.startswith("KSH"))
    assert only.split()[-3:] == ["5,000", "12", "0.3030"]
    text = "\n".join(evaluation_lines({**evaluated(), **run, "gallery": evaluated()["gallery"],
                                       "retrieval": evaluated()["retrieval"]}))
    assert lines[2] in text and "the mean over all orders of equal distances" in text
