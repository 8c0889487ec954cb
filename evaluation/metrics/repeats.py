"""Several runs of one checkpoint: seeds, samples or repeats as a level of their own.

Groups of rows and repeats are crossed: every repeat answers every row. The mean over repeats varies
with the groups that are in the test set and with the repeats that were run. The first part is the
cluster-robust variance of the mean; the second the variance between the repeats' values, less what
rows alone would give it, over their number. Degrees of freedom are Satterthwaite's (1946).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from evaluation.metrics.metric import Statistic
from stats.estimate import Estimate
from stats.intervals import Spread, interval_estimate


def mean_of(repeats: Sequence[Statistic]) -> Statistic:
    """The mean of one metric over repeats on the same rows; undefined where one of them is."""
    first = repeats[0]
    if len(repeats) == 1:
        return first
    supports = [one.support for one in repeats if one.support is not None]
    return Statistic(
        float(np.mean([one.value for one in repeats])),
        np.mean([one.influence for one in repeats], axis=0),
        np.logical_or.reduce(supports) if len(supports) == len(repeats) else None,
        next((one.reason for one in repeats if one.reason), None),
        first.lower,
        first.upper,
    )


def spread_of(
    statistic: Statistic, sides: Sequence[Sequence[Statistic]], clusters: np.ndarray | None
) -> Spread:
    """The standard error of a mean over repeats, or of a difference of two such means.

    Parameters
    ----------
    statistic
        The mean, or the difference of the means.
    sides
        The repeats that each mean is of; a side of one run adds nothing, for nothing is known of
        its other repeats.
    """
    own = statistic.spread(clusters)
    parts = [_between(side, clusters) for side in sides if len(side) > 1]
    if not parts or math.isnan(own.error):
        return own
    variance = own.error**2 + sum(max(0.0, found - expected) for found, expected, _ in parts)
    doubt = own.error**4 / own.df + sum(found**2 / (n - 1) for found, _, n in parts)
    df = max(1.0, variance**2 / doubt) if doubt else own.df
    return own._replace(error=math.sqrt(variance), df=df)


def _between(repeats: Sequence[Statistic], clusters: np.ndarray | None) -> tuple[float, float, int]:
    """The variance of a mean from its repeats' values; what rows alone give it; how many."""
    n = len(repeats)
    found = float(np.var([one.value for one in repeats], ddof=1)) / n
    moves = np.stack([one.influence for one in repeats])
    if clusters is not None:
        moves = np.stack([np.bincount(clusters, one) for one in moves])
    expected = float(np.square(moves - moves.mean(axis=0)).sum()) / (n * (n - 1))
    return found, expected, n


def repeated_estimate(repeats: Sequence[Statistic], clusters: np.ndarray | None) -> Estimate:
    """The mean over repeats with an interval for groups and repeats; one run's own where alone."""
    if len(repeats) == 1:
        return repeats[0].estimate(clusters)
    mean = mean_of(repeats)
    if math.isnan(mean.value):
        return Estimate.undefined(mean.reason or "the statistic is undefined", mean.n)
    spread = spread_of(mean, [repeats], clusters)
    told = None if clusters is None else spread.n_clusters
    return interval_estimate(
        mean.value,
        spread,
        n=mean.n,
        told=told,
        lower=mean.lower,
        upper=mean.upper,
    )
