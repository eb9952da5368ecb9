"""From which batch on the GPU is faster, by made-up numbers."""
import pytest

from scratchnet.benchmark.crossover import Crossover, crossover, crossovers, sentence, times

SIZES = (1, 4, 16, 64)


def of(*milliseconds, sizes=SIZES):
    return dict(zip(sizes, milliseconds))


def test_between_two_batches_the_curves_are_straight_on_logarithmic_axes():
    """The GPU's time does not change, the CPU's is proportional to the batch: they cross where both are 24 ms."""
    found = crossover(of(1, 4, 16, 64), of(24, 24, 24, 24))
    assert found.at == pytest.approx(24) and found.batch in (24, 25)
    found = crossover(of(1, 4, 16, 64), of(23.5, 23.5, 23.5, 23.5))
    assert found.at == pytest.approx(23.5) and found.batch == 24


def test_always_never_and_just_at_the_end():
    assert crossover(of(2, 8, 32, 128), of(1, 1, 1, 1)) == Crossover(1, 1.0)
    assert crossover(of(1, 2, 4, 8), of(2, 4, 8, 16)) is None
    found = crossover(of(1, 4, 16, 64), of(63.9, 63.9, 63.9, 63.9))
    assert 16 < found.at < 64 and found.batch == 64


def test_a_tie_is_not_faster():
    assert crossover(of(1, 1, 1, 1), of(1, 1, 1, 1)) is None
    assert crossover(of(1, 4, 16, 64), of(2, 2, 2, 64)) is None
    found = crossover(of(1, 4, 16, 64), of(4, 4, 4, 4))
    assert found.at == pytest.approx(4) and found.batch == 5


def test_of_two_crossings_the_last_counts():
    found = crossover(of(1, 4, 16, 64), of(2, 3, 20, 30))
    assert 16 < found.at < 64
    assert crossover(of(1, 4, 16, 64), of(2, 3, 8, 65)) is None  # ahead, and behind again at the largest
    assert crossover(of(1, 4, 16, 64), of(0.5, 5, 8, 9)).batch in (5, 6, 7)  # ahead with one image, then for good


def test_only_batches_that_both_have_count_in_whatever_order():
    assert crossover({64: 64, 1: 1, 16: 16}, {16: 20, 64: 20, 256: 900}) == crossover(of(16, 64, sizes=(16, 64)),
                                                                                 of(20, 20, sizes=(16, 64)))
    assert crossover({8: 3.0}, {8: 2.0}) == Crossover(8, 8.0) and crossover({8: 2.0}, {8: 3.0}) is None


@pytest.mark.parametrize("slope", [0.3, 0.7, 1.0])
def test_the_crossing_is_between_its_neighbours_and_the_batch_is_the_first_beyond(slope):
    for level in (1.001, 1.7, 2.9, 5.0, 11.0, 40.0):
        cpu = of(*(size**slope for size in SIZES))
        found = crossover(cpu, of(*[level**slope] * 4))
        assert found.at == pytest.approx(level) and found.at < found.batch <= found.at + 1


def made(case="training step", **curves):
    return [{"case": case, "backend": name, "batch": batch, "median_ms": ms, "spread_ms": [ms, ms]}
            for name, points in curves.items() for batch, ms in points.items()]


def test_one_sentence_says_it():
    sizes = (1, 1024)
    assert sentence(made(numpy=of(1, 1024, sizes=sizes), cupy=of(23.5, 33, sizes=sizes))) == (
        "For a training step, the GPU is faster from a batch of 28 on; with 1,024 it is 31 times as fast.")
    assert sentence(made(numpy=of(2, 20, sizes=sizes), cupy=of(1, 7.9, sizes=sizes))) == (
        "For a training step, the GPU is faster whatever the batch, from 1 on; with 1,024 it is 2.5 times as fast.")
    assert sentence(made(numpy=of(2, 20, sizes=sizes), cupy=of(1, 36, sizes=sizes))) == (
        "For a training step, the CPU is faster: with a batch of 1,024, the largest measured, the GPU takes 1.8 times "
        "as long.")


def test_one_backend_alone_is_said_too():
    assert sentence(made(numpy=of(3.1, 1580, sizes=(1, 1024)))) == (
        "A training step takes this CPU 1.6 s with a batch of 1,024 and 3.10 ms with 1; no GPU was timed.")
    assert sentence(made(cupy={8: 2.0})) == (
        "A training step takes this GPU 2.00 ms with a batch of 8; no CPU was timed.")
    assert sentence([]) == "Nothing was measured."


def test_the_step_speaks_for_all_and_else_the_first_case():
    rows = [*made("conv1", numpy={1: 1.0}, cupy={1: 2.0}), *made(numpy={1: 2.0}, cupy={1: 1.0})]
    assert sentence(rows).startswith("For a training step, the GPU is faster")
    assert sentence(rows[:2]).startswith("For a conv1, the CPU is faster")
    assert crossovers(rows) == {"conv1": None, "training step": (1, 1.0)}
    assert crossovers(made(numpy={1: 1.0})) == {}


@pytest.mark.parametrize("ratio, words", [(1.04, "1.0"), (9.94, "9.9"), (9.96, "10"), (31.4, "31"), (1234, "1,234")])
def test_ratios_are_said_with_as_many_digits_as_they_deserve(ratio, words):
    assert times(ratio) == words
