"""Expectations over random orders of ties: every order counted, simulated, and the cases that need no formula."""
from itertools import permutations, product

import numpy as np
import pytest
from scipy.stats import hypergeom

from scratchnet.errors import InputError, SettingsError
from scratchnet.metrics import average_precisions
from scratchnet.retrieval import ties
from scratchnet.retrieval.figures import definitions, of_rankings

DEPTHS = (1, 2, 3, 5, 7, 30)
SMALL = [  # (n, k): images at each distance, relevant ones
    ([3, 2, 2], [1, 1, 2]), ([0, 4, 0, 3], [0, 2, 0, 1]), ([1, 1, 1, 1], [0, 1, 0, 1]), ([6], [2]), ([2, 5], [2, 0]),
    ([2, 5], [0, 3]), ([1, 5, 1], [0, 1, 0]), ([3, 0, 0, 4], [3, 0, 0, 4])]


def orders(n, k):
    """Return every order that the ties of one ranking allow: (m, N) bool."""
    levels = [list(permutations([True] * found + [False] * (size - found))) for size, found in zip(n, k)]
    return np.array([np.concatenate(parts) for parts in product(*levels)]).astype(bool)


@pytest.mark.parametrize("n, k", SMALL)
def test_expectations_and_bounds_over_all_orders(n, k):
    found = ties.expected(np.array([n]), np.array([k]), DEPTHS)
    every = of_rankings(orders(n, k), DEPTHS)
    assert list(found) == list(every) == list(definitions(DEPTHS))
    for name, values in every.items():
        assert found[name].dtype == np.float64 and found[name] == pytest.approx([values.mean()], rel=1e-12), name
    best, worst = ties.bounds(np.array([n]), np.array([k]))
    assert (best[0], worst[0]) == pytest.approx((every["map"].max(), every["map"].min()), rel=1e-12)


def test_queries_of_one_call_do_not_disturb_each_other(monkeypatch):
    n, k = (np.array([[*row, *[0] * (4 - len(row))] for row in rows]) for rows in zip(*SMALL))
    alone = [ties.expected(n[i:i + 1], k[i:i + 1], DEPTHS) for i in range(len(n))]
    monkeypatch.setattr(ties, "QUERIES", 3)
    for name, values in ties.expected(n, k, DEPTHS).items():
        np.testing.assert_allclose(values, [row[name][0] for row in alone], rtol=1e-13, err_msg=name)


def test_without_ties_nothing_is_expected_it_is_known(rng):
    relevant = rng.random((30, 60)) < 0.2
    relevant[:, 40] = True
    found = ties.expected(np.ones_like(relevant, int), relevant.astype(int), (4, 50))
    for name, values in of_rankings(relevant, (4, 50)).items():
        np.testing.assert_allclose(found[name], values, rtol=1e-12, err_msg=name)
    for values in ties.bounds(np.ones_like(relevant, int), relevant.astype(int)):
        np.testing.assert_allclose(values, average_precisions(relevant), rtol=1e-12)


def test_a_simulation_at_the_depths_of_publications(rng):
    n = rng.multinomial(20_000, rng.dirichlet(np.ones(20) / 2), 1)
    k = rng.binomial(n, np.linspace(0.9, 0.02, 20))
    level = np.repeat(np.arange(20), n[0])
    relevant = np.concatenate([np.arange(size) < found for size, found in zip(n[0], k[0])])
    samples = []
    for _ in range(200):
        order = np.lexsort((rng.random(len(level)), level))
        samples.append([values[0] for values in of_rankings(relevant[order][None], (1000, 5000)).values()])
    samples = np.array(samples)
    expected = np.concatenate(list(ties.expected(n, k, (1000, 5000)).values()))
    assert (np.abs(samples.mean(axis=0) - expected) <= 4 * samples.std(axis=0, ddof=1) / np.sqrt(200) + 1e-12).all()
    best, worst = ties.bounds(n, k)
    assert worst[0] < samples[:, 0].min() <= samples[:, 0].max() < best[0]


@pytest.mark.parametrize("n, k, w", [(50_000, 5_000, 1_000), (50_000, 5_000, 5_000), (5_000, 4_999, 4_000), (90, 3, 80),
                                     (7, 7, 3), (9, 0, 4), (40, 20, 40), (10_000, 1, 5_000)])
def test_draws_are_hypergeometric_and_few(n, k, w):
    f, probability = (found[0] for found in ties._draws(*(np.array([[float(x)]]) for x in (n, k, w))))
    np.testing.assert_allclose(probability, hypergeom.pmf(f, n, k, w), rtol=1e-8, atol=1e-14)
    assert hypergeom.pmf(f, n, k, w).sum() == pytest.approx(1, abs=1e-11) and len(f) <= 2 * np.sqrt(21 * w) + 5


@pytest.mark.parametrize("n, k, message", [
    ([[2, 3]], [[1, 4]], "0 to n can be relevant"), ([[2, 3]], [[-1, 3]], "0 to n can be relevant"),
    ([[2, 3], [4, 1]], [[0, 1], [0, 0]], "query 1 has no relevant"), ([[2, 3]], [[1, 1, 0]], "two arrays of whole"),
    ([2, 3], [1, 1], "two arrays of whole"), ([[2.0, 3]], [[1, 1]], "two arrays of whole")])
def test_counts_that_cannot_be_are_refused(n, k, message):
    for function in (ties.expected, ties.bounds):
        with pytest.raises(InputError, match=message) as caught:
            function(np.array(n), np.array(k))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("depth", [0, 2.5, (), (3, 3), (3, 0), None])
def test_depths_that_cannot_be_are_refused(depth):
    with pytest.raises(SettingsError, match="depth"):
        ties.expected(np.array([[2, 3]]), np.array([[1, 1]]), depth)
