"""Cluster-robust standard errors and intervals from the influence of each row.

A statistic is given with its influence: one number a row, which sums to zero and
says how much that row moves the statistic (its first-order, or "delta", term).
Rows of one cluster (a brand, a query) are not independent, so their influences are
summed first. One pass over the rows gives the interval of any smooth statistic.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from stats.distributions import LEVEL as LEVEL
from stats.distributions import t_quantile
from stats.estimate import Estimate
from stats.few_clusters import (
    hidden_variance,
    hidden_weight,
    outer_size,
    rarer_parts,
    share_bounds,
    unseen_bounds,
)

_TINY = 1e-12
"""A standard error up to this is 0 but for the rounding of floats."""
ALIKE = "no interval: every group is alike, and the statistic has no bounds"


class Spread(NamedTuple):
    """How far a statistic may lie from its value.

    Attributes
    ----------
    error, df
        The cluster-robust standard error, NaN below two clusters, and its degrees of freedom.
    n_clusters
        Clusters that the statistic rests on.
    effective
        Their effective number (Kish 1965), at least 1.
    weight
        `stats.few_clusters.hidden_weight`.
    mean_size
        The mean absolute value of a cluster, for a difference.
    """

    error: float
    df: float
    n_clusters: int
    effective: float
    weight: float = 0.0
    mean_size: float = math.nan


def standard_error(influence: np.ndarray, clusters: np.ndarray | None) -> tuple[float, int]:
    """The cluster-robust standard error of a statistic, and the number of clusters.

    ``sqrt(C / (C - 1) * sum_c (sum_{i in c} influence_i)^2)``: Liang and Zeger's
    sandwich with the finite-cluster correction.

    Parameters
    ----------
    influence
        What each row adds to the error of the statistic, shape ``(n,)``; for a mean it
        is ``(x_i - mean) / n``.
    clusters
        Codes from 0, shape ``(n,)``; None where each row is its own cluster.

    Returns
    -------
    The standard error (NaN with fewer than two clusters) and the number of clusters.
    """
    sums, _ = summed_by_cluster(influence, clusters)
    return _error(sums), len(sums)


def _error(sums: np.ndarray) -> float:
    n_clusters = len(sums)
    if n_clusters < 2:
        return math.nan
    return float(np.sqrt(n_clusters / (n_clusters - 1) * np.square(sums).sum()))


def summed_by_cluster(
    influence: np.ndarray, clusters: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The influence and the rows of each cluster that has any, shape ``(C,)`` each."""
    if clusters is None:
        return influence, np.ones(len(influence))
    sizes = np.bincount(clusters)
    sums, there = np.bincount(clusters, weights=influence), sizes > 0
    return (sums, sizes) if there.all() else (sums[there], sizes[there])


def spread_of_sums(
    value: float, sums: np.ndarray, sizes: np.ndarray, *, is_difference: bool = False
) -> Spread:
    """The spread of a statistic from the influence and the rows of each cluster.

    Parameters
    ----------
    is_difference
        Whether a cluster holds a difference, which may be of either sign; else its part of a
        share.
    """
    df = freedom_of_sizes(sizes)
    if len(sums) < 2 or math.isnan(value):
        return Spread(_error(sums), df, len(sums), 1.0)
    shares = sizes / sizes.sum()
    held = np.abs(sums + value * shares) if is_difference else rarer_parts(value, sums, shares)
    total, effective = float(held.sum()), df + 1
    weight = float(hidden_weight(total, float(held @ held), effective))
    size = total if is_difference else math.nan
    return Spread(_error(sums), df, len(sums), effective, weight, size)


def degrees_of_freedom(n: int, clusters: np.ndarray | None) -> float:
    """Student's degrees of freedom of a clustered standard error of ``n`` rows.

    The effective number of clusters (Kish 1965), ``n**2 / sum_c n_c**2``, less one: clusters of
    one size count fully, and one that holds most of the rows hides that there are others. Never
    below 1 where there are two clusters; 0 where there are fewer.

    Examples
    --------
    >>> degrees_of_freedom(4, None), degrees_of_freedom(4, np.array([0, 0, 1, 1]))
    (3.0, 1.0)
    >>> degrees_of_freedom(8, np.array([0, 0, 0, 0, 1, 2, 3, 4]))  # 64 / 20 - 1
    2.2
    """
    if clusters is None:
        return max(0.0, float(n - 1))
    return freedom_of_sizes(np.bincount(clusters))


def freedom_of_sizes(sizes: np.ndarray) -> float:
    """`degrees_of_freedom` from the rows of each cluster."""
    if np.count_nonzero(sizes) < 2:
        return 0.0
    rows = sizes.astype(float)
    return max(1.0, float(round(np.square(rows.sum()) / np.square(rows).sum() - 1, 9)))


def bounded_estimate(
    value: float,
    influence: np.ndarray,
    clusters: np.ndarray | None,
    *,
    n: int | None = None,
    most: float | None = None,
) -> Estimate:
    """An estimate of a statistic in [0, 1], its interval inside [0, 1].

    Wilson's score interval (1927) at the effective sample size that the clustered
    standard error implies, ``value * (1 - value) / se**2``, with Student's t at
    `degrees_of_freedom` (Dean and Pagano 2015). The end away from the bound allows for what few
    clusters hide (`stats.few_clusters`). At 0 and 1, where the standard error is 0 and says
    nothing, each effective cluster counts as one observation.

    The effective size is at most ``most``, what the rows would be worth if they were
    independent: that few clusters happen to agree makes nothing surer. For a share of rows
    it is ``n``; for a mean of partial credits, which vary less, it is more.

    Examples
    --------
    >>> hit = np.array([1.0, 1.0, 1.0, 0.0])
    >>> one = bounded_estimate(0.75, (hit - 0.75) / 4, None)
    >>> one.low > 0 and one.high < 1
    True
    """
    return _estimate(value, influence, clusters, 0.0, 1.0, n, most=most)


def free_estimate(
    value: float,
    influence: np.ndarray,
    clusters: np.ndarray | None,
    *,
    lower: float = -math.inf,
    upper: float = math.inf,
    n: int | None = None,
    is_difference: bool = False,
) -> Estimate:
    """An estimate of any statistic: value plus and minus t times the standard error.

    The interval is cut at ``lower`` and ``upper``, the statistic's own bounds. That of a difference
    of two means allows for what few clusters hide (`side_errors`). Where every cluster is alike
    the standard error is 0 and says nothing: the interval is then
    `stats.few_clusters.unseen_bounds`, and undefined, with the reason, without bounds.
    """
    return _estimate(
        value, influence, clusters, lower, upper, n, is_share=False, is_difference=is_difference
    )


def _estimate(
    value: float,
    influence: np.ndarray,
    clusters: np.ndarray | None,
    lower: float,
    upper: float,
    n: int | None,
    *,
    is_share: bool = True,
    is_difference: bool = False,
    most: float | None = None,
) -> Estimate:
    sums, sizes = summed_by_cluster(influence, clusters)
    spread = spread_of_sums(value, sums, sizes, is_difference=is_difference)
    return interval_estimate(
        value,
        spread,
        n=len(influence) if n is None else n,
        told=None if clusters is None else spread.n_clusters,
        lower=lower,
        upper=upper,
        is_share=is_share,
        most=most,
    )


def interval_estimate(
    value: float,
    spread: Spread,
    *,
    n: int,
    told: int | None,
    lower: float = 0.0,
    upper: float = 1.0,
    is_share: bool | None = None,
    most: float | None = None,
) -> Estimate:
    """An estimate from its spread: Wilson's interval for a share, else plus and minus t.

    Parameters
    ----------
    told
        The number of clusters to be told; None where rows are independent.
    is_share
        Whether it is a share; where None, if its bounds are 0 and 1.
    most
        The largest effective size (`bounded_estimate`); ``n`` where None.
    """
    if math.isnan(value):
        return Estimate.undefined("the statistic is undefined", n)
    if math.isnan(spread.error):
        reason = f"no interval: {spread.n_clusters} independent group"
        return Estimate(value, math.nan, math.nan, n, told, reason)
    if (lower, upper) == (0.0, 1.0) if is_share is None else is_share:
        size = effective_size(value, spread, n if most is None else most)
        z = t_quantile(0.5 + LEVEL / 2, spread.df)
        ends = share_bounds(value, size, spread.weight, spread.effective, z)
        return Estimate(value, float(ends[0]), float(ends[1]), n, told)
    low, high = _free_bounds(value, spread, lower, upper)
    if math.isinf(low) or math.isinf(high):
        return Estimate(value, math.nan, math.nan, n, told, ALIKE)
    return Estimate(value, max(lower, low), min(upper, high), n, told)


def effective_size(value: float, spread: Spread, most: float) -> float:
    """Independent rows that would leave as much in doubt; the effective clusters at 0 and 1."""
    inside = value * (1 - value)
    if inside <= 0 or spread.error <= _TINY:
        return spread.effective
    return min(inside / spread.error**2, most)


def share_errors(value: float, spread: Spread) -> tuple[float, float]:
    """The standard errors of a share towards its low and its high end.

    The one away from the bound allows for what few clusters hide.
    """
    inside = value * (1 - value)
    if inside <= 0 or spread.error <= _TINY:
        return spread.error, spread.error
    size = outer_size(inside / spread.error**2, spread.weight, spread.effective)
    outer = math.sqrt(inside / float(size))
    return (outer, spread.error) if value >= 0.5 else (spread.error, outer)


def side_errors(value: float, spread: Spread, upper: float) -> tuple[float, float]:
    """The standard errors towards the low and the high end of a statistic that is no share.

    Of a difference, the one away from 0 allows for what few clusters hide; the other, which a
    test of no difference rests on, is as it was seen.
    """
    error = spread.error
    if math.isinf(upper) or math.isnan(spread.mean_size):
        return error, error
    outer = math.sqrt(
        hidden_variance(error**2, spread.weight, spread.mean_size, value, upper, spread.effective)
    )
    return (outer if value < 0 else error), (outer if value > 0 else error)


def _free_bounds(value: float, spread: Spread, lower: float, upper: float) -> tuple[float, float]:
    if spread.error <= _TINY:
        low, high = unseen_bounds(value, spread.n_clusters, lower, upper)
        return float(low), float(high)
    z = t_quantile(0.5 + LEVEL / 2, spread.df)
    below, above = side_errors(value, spread, upper)
    return value - z * below, value + z * above


def mean_estimate(values: np.ndarray, clusters: np.ndarray | None = None) -> Estimate:
    """The mean of values in [0, 1], with its clustered interval; NaN over no rows.

    Examples
    --------
    >>> mean_estimate(np.array([])).reason
    'no rows'
    """
    if len(values) == 0:
        return Estimate.undefined("no rows")
    value = float(np.mean(values))
    return bounded_estimate(value, (values - value) / len(values), clusters)


def ratio_estimate(
    numerators: np.ndarray, denominators: np.ndarray, clusters: np.ndarray | None = None
) -> Estimate:
    """A ratio of two sums in [0, 1], with its clustered interval; NaN over a zero sum."""
    total = float(denominators.sum())
    if total == 0:
        return Estimate.undefined("nothing to divide by", len(denominators))
    value = float(numerators.sum()) / total
    moves = (numerators - value * denominators) / total
    return bounded_estimate(
        value, moves, clusters, most=independent_size(value, float(moves @ moves))
    )


def independent_size(value: float, squares: float) -> float | None:
    """What rows are worth if independent, from the sum of their squared influences.

    Examples
    --------
    >>> hits = np.array([1.0, 1.0, 1.0, 0.0])
    >>> moves = (hits - 0.75) / 4
    >>> independent_size(0.75, moves @ moves)
    4.0
    """
    return float(value * (1 - value) / squares) if squares > _TINY**2 else None
