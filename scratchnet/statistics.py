"""Is a difference more than chance? Paired comparisons on the same test images, over one training or several.

Two systems are compared image by image, so what is hard or easy for both cancels. Two things are drawn by chance: the
test images, and the seed of a training. They are crossed: each pair of trainings meets the same images. Reader studies
in radiology have that design, several readers who see the same cases by two methods, and the analysis here is theirs,
with seeds as readers (Obuchowski and Rockette 1995, degrees of freedom by Hillis 2007).
"""
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from .errors import InputError


@dataclass(frozen=True)
class Difference:
    """A mean difference, its interval, and the probability of one as large if there were none.

    With one seed the interval speaks of these two trainings, not of the methods: `seeds` says so.
    """

    mean: float
    low: float
    high: float
    p: float
    seeds: int


def paired_difference(differences, level=0.95):
    """Return the `Difference` of two methods from what was measured on the same images, seed by seed.

    Parameters
    ----------
    differences : (S, n) array
        After less before, of each seed and test image: right or wrong as 1 and 0, or average precisions.
    level : float
        Of the interval.

    Notes
    -----
    Let V be the variance of the S means over images. It holds what a seed changes in all images or in some, but not
    what an image does to all seeds alike. That is their covariance C = max(0, MS_images − MS_rest) / (S n), from the
    mean squares of images and of what neither seed nor image explains. The variance of the mean of all is V / S + C,
    with (V / S + C)² / ((V / S)² / (S − 1)) degrees of freedom. One seed has no V: there it is the paired t-test over
    images.

    For one seed a bootstrap over images gives the same interval. Of three seeds a bootstrap makes no more than 27
    samples, too few for the small levels that a correction for many comparisons asks for; see `bootstrap_interval`.
    """
    d = np.asarray(differences, float)
    if d.ndim != 2 or d.shape[0] < 1 or d.shape[1] < 2 or not np.isfinite(d).all():
        raise InputError(f"differences must be finite numbers of S seeds and n > 1 images, got shape {d.shape}")
    S, n = d.shape
    mean, of_images = d.mean(), d.mean(axis=0)
    variance, freedom = of_images.var(ddof=1) / n, n - 1
    if S > 1:
        of_seeds = d.mean(axis=1)
        rest = ((d - of_seeds[:, None] - of_images + mean)**2).sum() / ((S - 1) * (n - 1))
        V = of_seeds.var(ddof=1) / S
        variance = V + max(0.0, S * of_images.var(ddof=1) - rest) / (S * n)
        freedom = min((S - 1) * (variance / V)**2, S * n - 1) if V else n - 1
    error = np.sqrt(variance)
    half = special.stdtrit(freedom, (1 + level) / 2) * error  # a quantile of Student's t
    p = 2 * special.stdtr(freedom, -abs(mean) / error) if error else float(mean == 0)
    return Difference(float(mean), float(mean - half), float(mean + half), float(p), S)


def mcnemar(before, after):
    """Return the exact p of McNemar's test for one pair of classifiers.

    Images that both have right, or both wrong, say nothing; of the others, half should favour each if they are equally
    good: two-sided binomial probability.

    Parameters
    ----------
    before, after : (n,) bool arrays
        Which of the same images each has right.
    """
    before, after = np.asarray(before, bool), np.asarray(after, bool)
    gained, lost = int((after & ~before).sum()), int((before & ~after).sum())
    return float(stats.binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


def bootstrap_interval(differences, rng, repeats=2000, level=0.95):
    """Return (low, high) of the mean of `differences` (S, n) by drawing seeds, then images, with replacement.

    A second opinion on `paired_difference`, without a model. Where seeds matter little it is too wide, since a draw
    varies what neither seed nor image explains twice over; where they decide and there are three, it is too narrow.

    Parameters
    ----------
    differences : (S, n) array
    rng : numpy.random.Generator
    repeats : int
    level : float
    """
    d = np.asarray(differences, float)
    S, n = d.shape
    means = [(d[rng.integers(0, S, S)].mean(axis=0))[rng.integers(0, n, n)].mean() for _ in range(repeats)]
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def holm(p):
    """Return p-values (m,) adjusted for their number by Holm's method (1979).

    The i-th smallest is multiplied by m − i + 1, and is no less than the one before it. Whoever calls significant what
    is then below 0.05 errs in one table of twenty, not in one line of twenty.
    """
    p = np.asarray(p, float)
    order = p.argsort(kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return adjusted
