"""Intervals that cover what they say, by simulation; tests that notice when pairs, seeds or images are forgotten."""
from math import comb

import numpy as np
import pytest
from scipy import stats

from scratchnet.errors import InputError
from scratchnet.statistics import bootstrap_interval, holm, mcnemar, paired_difference

TRIALS, IMAGES = 500, 100


def drawn(rng, seeds, by_seed, by_image, images=IMAGES):
    """Differences without any true difference: by what varies from seed to seed, image to image, and both."""
    return (rng.standard_normal((seeds, images)) + by_seed * rng.standard_normal((seeds, 1)) / np.sqrt(images)
            + by_image * rng.standard_normal(images))


def coverage(rng, interval, *design):
    """The share of trials whose interval holds the true difference, which is 0."""
    found = [interval(drawn(rng, *design)) for _ in range(TRIALS)]
    return np.mean([low <= 0 <= high for low, high in found])


def closed(d):
    found = paired_difference(d)
    return found.low, found.high


def pooled(d):
    """What one would do who takes every seed and image for a measurement of its own."""
    return closed(d.reshape(1, -1))


def of_seeds_alone(d):
    """What one would do who forgets that all seeds meet the same images."""
    means = d.mean(axis=1)
    half = stats.sem(means) * stats.t.ppf(0.975, len(means) - 1)
    return means.mean() - half, means.mean() + half


@pytest.mark.parametrize("seeds, by_seed, by_image", [(1, 0, 0), (1, 0, 1), (3, 0, 0), (3, 0, 1), (3, 3, 0),
                                                      (5, 0, 0.5), (5, 1, 0), (5, 1, 1), (5, 5, 1)])
def test_intervals_cover_what_they_say(rng, seeds, by_seed, by_image):
    assert 0.91 < coverage(rng, closed, seeds, by_seed, by_image) < 0.98


def test_who_forgets_seeds_or_images_covers_too_little(rng):
    assert coverage(rng, pooled, 3, 3, 0) < 0.75
    assert coverage(rng, of_seeds_alone, 5, 0, 2) < 0.75


def test_narrow_levels_that_a_correction_asks_for_are_covered_too(rng):
    found = [paired_difference(drawn(rng, 5, 1, 0.5)).p for _ in range(2000)]
    assert np.mean(np.array(found) < 0.004) < 0.012


def test_pairs_are_seen(rng):
    """The same images are hard for both: only image by image does a point of difference show."""
    hard = rng.random(10_000) < 0.3
    before, after = ~hard, ~hard
    after[np.flatnonzero(hard)[:140]] = True
    after[np.flatnonzero(~hard)[:40]] = False
    paired = paired_difference([after.astype(float) - before])
    assert paired.mean == pytest.approx(0.01) and paired.low > 0.007
    assert paired.p < 1e-6 and mcnemar(before, after) < 1e-6
    apart = paired_difference([after.astype(float) - before[rng.permutation(10_000)]])
    assert apart.mean == paired.mean and apart.p > 0.05 and apart.low < 0 < apart.high
    assert mcnemar(before, after[rng.permutation(10_000)]) > 1e-3


def test_one_seed_is_the_paired_t_test(rng):
    a, b = rng.random((2, 40))
    found, expected = paired_difference([b - a], level=0.9), stats.ttest_rel(b, a)
    assert (found.mean, found.p, found.seeds) == pytest.approx(((b - a).mean(), expected.pvalue, 1))
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval(0.9)))


def test_several_seeds_by_hand():
    """Two seeds, three images: V, C and the degrees of freedom worked out on paper."""
    found = paired_difference([[1, 4, 4], [3, 4, 8]])
    # Means of seeds 3 and 5: V / S = 2 / 2. Means of images 2, 4, 6: MS = 2 · 4.
    rest = np.array([[0, 1, -1], [0, -1, 1]])
    V, C = 1, (8 - (rest**2).sum() / 2) / 6
    half = stats.t.ppf(0.975, (V + C)**2) * np.sqrt(V + C)
    assert (found.mean, found.low, found.high) == pytest.approx((4, 4 - half, 4 + half))
    assert found.p == pytest.approx(2 * stats.t.sf(4 / np.sqrt(V + C), (V + C)**2))


def test_seeds_alone_decide_where_images_have_nothing_in_common():
    d = np.array([[1.0, -1], [-1, 1]]) * 5 + [[1.0], [3.0]]  # MS of images 0: C is cut off there
    found, expected = paired_difference(d), stats.ttest_1samp([1, 3], 0)
    assert (found.p, found.low) == pytest.approx((expected.pvalue, expected.confidence_interval().low))


@pytest.mark.parametrize("value, p", [(0.0, 1.0), (0.5, 0.0)])
def test_differences_that_do_not_vary(value, p):
    found = paired_difference(np.full((3, 10), value))
    assert (found.mean, found.low, found.high, found.p) == (value, value, value, p)


@pytest.mark.parametrize("wrong", [np.zeros(5), np.zeros((0, 5)), np.zeros((2, 1)), np.array([[0.0, np.nan]])])
def test_what_has_no_interval_is_refused(wrong):
    with pytest.raises(InputError, match="differences"):
        paired_difference(wrong)


@pytest.mark.parametrize("gained, lost", [(10, 2), (2, 10), (3, 3), (1, 0)])
def test_mcnemar_by_hand(gained, lost):
    before = np.repeat([True, False, False, True], [7, 5, gained, lost])
    after = np.repeat([True, False, True, False], [7, 5, gained, lost])
    n = gained + lost
    tail = sum(comb(n, k) for k in range(max(gained, lost), n + 1)) / 2**n
    assert mcnemar(before, after) == pytest.approx(min(1, 2 * tail))


def test_mcnemar_of_twins_says_nothing():
    assert mcnemar([True, False], [True, False]) == 1.0


def test_a_bootstrap_over_images_agrees(rng):
    d = rng.choice([-1, 0, 1], 2000, p=[0.06, 0.85, 0.09])
    found = paired_difference([d])
    own = bootstrap_interval(d[None], rng, 1500)
    theirs = stats.bootstrap((d,), np.mean, n_resamples=1500, method="percentile", random_state=rng).confidence_interval
    for low, high in (own, theirs):
        assert low == pytest.approx(found.low, abs=0.1 * (found.high - found.low))
        assert high == pytest.approx(found.high, abs=0.1 * (found.high - found.low))


def test_a_bootstrap_of_three_seeds_is_too_wide_or_too_narrow(rng):
    def width(interval, *design):
        return np.mean([high - low for low, high in (interval(drawn(rng, *design)) for _ in range(60))])

    def drawn_again(d):
        return bootstrap_interval(d, rng, 100)
    assert width(drawn_again, 3, 10, 0) < 0.6 * width(closed, 3, 10, 0)
    assert width(drawn_again, 3, 0, 0) > 1.2 * 2 * 1.96 / np.sqrt(3 * IMAGES)  # the true interval's, for known variance


def test_a_bootstrap_is_its_generators():
    d = np.random.default_rng(1).standard_normal((3, 20))
    first, again, other = (bootstrap_interval(d, np.random.default_rng(seed), 50) for seed in (5, 5, 6))
    assert first == again != other


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.6, 0.04]) == pytest.approx([1, 1, 0.12])
    assert holm([]).shape == (0,)


def test_holm_keeps_the_error_of_the_whole_family(rng):
    """Ten comparisons without any difference: some are below 0.05 in four tables of ten, adjusted in one of twenty."""
    p = rng.random((3000, 10))
    assert np.mean(p.min(axis=1) < 0.05) > 0.35
    assert np.mean([holm(row).min() < 0.05 for row in p]) == pytest.approx(0.05, abs=0.012)
