"""Cluster-robust standard errors and intervals from the influence of each row.

A statistic is given with its influence: one number a row, which sums to zero and
says how much that row moves the statistic (its first-order, or "delta", term).
Rows of one cluster (a brand, a query) are not independent, so their influences are
summed first. One pass over the rows gives the interval of any smooth statistic.
"""

from __future__ import annotations

import math

import numpy as np

from stats.distributions import t_quantile
from stats.estimate import Estimate

LEVEL = 0.95


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
    if clusters is None:
        sums = influence
        n_clusters = len(influence)
    else:
        sums = np.bincount(clusters, weights=influence)
        n_clusters = int(np.count_nonzero(np.bincount(clusters)))
    if n_clusters < 2:
        return math.nan, n_clusters
    return float(np.sqrt(n_clusters / (n_clusters - 1) * np.square(sums).sum())), n_clusters


def bounded_estimate(
    value: float, influence: np.ndarray, clusters: np.ndarray | None, *, n: int | None = None
) -> Estimate:
    """An estimate of a statistic in [0, 1], its interval inside [0, 1].

    Wilson's score interval (1927) at the effective sample size that the clustered
    standard error implies, ``value * (1 - value) / se**2``, with Student's t at clusters
    minus one degrees of freedom. At 0 and 1, where the standard error is 0 and says
    nothing, each cluster counts as one observation.

    Examples
    --------
    >>> hit = np.array([1.0, 1.0, 1.0, 0.0])
    >>> one = bounded_estimate(0.75, (hit - 0.75) / 4, None)
    >>> one.low > 0 and one.high < 1
    True
    """
    rows = len(influence) if n is None else n
    if math.isnan(value):
        return Estimate.undefined("the statistic is undefined", rows)
    error, n_clusters = standard_error(influence, clusters)
    told = None if clusters is None else n_clusters
    if math.isnan(error):
        reason = f"no interval: {n_clusters} independent group"
        return Estimate(value, math.nan, math.nan, rows, told, reason)
    spread = value * (1 - value)
    if spread > 0 and error > 0:
        effective = min(spread / error**2, float(rows))
    else:
        effective = float(n_clusters)
    z = t_quantile(0.5 + LEVEL / 2, n_clusters - 1)
    centre = (value + z**2 / (2 * effective)) / (1 + z**2 / effective)
    half = z / (1 + z**2 / effective) * math.sqrt(spread / effective + z**2 / (4 * effective**2))
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return Estimate(value, min(low, value), max(high, value), rows, told)


def free_estimate(
    value: float,
    influence: np.ndarray,
    clusters: np.ndarray | None,
    *,
    lower: float = -math.inf,
    upper: float = math.inf,
    n: int | None = None,
) -> Estimate:
    """An estimate of any statistic: value plus and minus t times the standard error.

    The interval is cut at ``lower`` and ``upper``, the statistic's own bounds.
    """
    rows = len(influence) if n is None else n
    if math.isnan(value):
        return Estimate.undefined("the statistic is undefined", rows)
    error, n_clusters = standard_error(influence, clusters)
    told = None if clusters is None else n_clusters
    if math.isnan(error):
        reason = f"no interval: {n_clusters} independent group"
        return Estimate(value, math.nan, math.nan, rows, told, reason)
    half = t_quantile(0.5 + LEVEL / 2, n_clusters - 1) * error
    return Estimate(value, max(lower, value - half), min(upper, value + half), rows, told)


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
    return bounded_estimate(value, (numerators - value * denominators) / total, clusters)
