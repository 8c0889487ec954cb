"""What few clusters hide: that rows may be more dependent than those seen happen to be.

Near a bound a cluster-robust standard error rests on the few clusters that hold the rarer outcome.
A cluster that fails whole is seldom among few, so the error is most often too small, and the end of
the interval that lies away from the bound too near: with a share of .95, 20 clusters and an
intra-cluster correlation of .5, Wilson's interval at the effective size covers 86 %. The variance is
therefore mixed with that of complete dependence, in which every cluster is one observation, as if
one cluster more had been seen beside those that hold the rarer outcome. Clusters are counted by
their effective number, the inverse of the sum of squared shares (Kish 1965; Laakso and Taagepera
1979). The mixture is ours; ``benchmarks/interval_coverage.py`` prints what it covers.

All functions take arrays as well as numbers.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from stats.distributions import LEVEL

Numbers: TypeAlias = float | np.ndarray


def hidden_weight(held: Numbers, held_squares: Numbers, effective: Numbers) -> np.ndarray:
    """How much of the variance complete dependence is given, in [0, 1].

    ``(1 - E / C) / (E + 1)``, with ``E`` the effective number of clusters that hold the rarer
    outcome and ``C`` that of all: none where every cluster holds its part.

    Parameters
    ----------
    held, held_squares
        What the clusters hold of the rarer outcome, summed, and its squares summed.
    effective
        The effective number of clusters, at least 1.

    Examples
    --------
    >>> float(hidden_weight(3.0, 3.0, 12.0))  # E = 3: .75 / 4
    0.1875
    """
    held, squares = np.asarray(held, dtype=float), np.asarray(held_squares, dtype=float)
    holders = np.divide(np.square(held), squares, out=np.zeros_like(held), where=squares > 0)
    return np.asarray(np.clip(1 - holders / effective, 0, 1) / (holders + 1))


def hidden_variance(
    variance: Numbers,
    weight: Numbers,
    mean: Numbers,
    centre: Numbers,
    bound: float,
    effective: Numbers,
) -> np.ndarray:
    """The variance mixed with that of complete dependence; never below itself.

    Where a cluster is either ``bound`` or nothing, the variance of a mean over clusters is
    ``(bound * mean - centre**2) / effective``.

    Parameters
    ----------
    mean
        The mean absolute value of a cluster.
    centre
        The mean itself.
    """
    whole = np.maximum(bound * mean - np.square(centre), 0.0) / effective
    return np.asarray(np.maximum(variance, (1 - weight) * variance + weight * whole))


def rarer_parts(value: Numbers, sums: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """What each cluster holds of the rarer outcome of a share, from its summed influence.

    Parameters
    ----------
    value
        The share; broadcast over the clusters.
    sums, shares
        The influence of each cluster, and its share of the rows.

    Examples
    --------
    >>> hits = np.array([1.0, 1.0, 1.0, 0.0])
    >>> rarer_parts(0.75, (hits - 0.75) / 4, np.full(4, 0.25)).tolist()
    [0.0, 0.0, 0.0, 0.25]
    """
    held = np.where(np.asarray(value) >= 0.5, (1 - value) * shares - sums, value * shares + sums)
    return np.asarray(np.where(held > 1e-12, held, 0.0))


def wilson(value: Numbers, size: Numbers, z: Numbers) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's score interval (1927) of a share at a sample size, any quantile in place of 1.96.

    Examples
    --------
    >>> low, high = wilson(0.5, 10.0, 1.96)
    >>> round(float(low), 3), round(float(high), 3)
    (0.237, 0.763)
    """
    centre = (value + z**2 / (2 * size)) / (1 + z**2 / size)
    spread = value * (1 - value) / size + z**2 / (4 * size**2)
    half = z / (1 + z**2 / size) * np.sqrt(spread)
    return np.asarray(np.maximum(0.0, centre - half)), np.asarray(np.minimum(1.0, centre + half))


def share_bounds(
    value: Numbers, size: Numbers, weight: Numbers, effective: Numbers, z: Numbers
) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's interval; its end away from the bound at `outer_size`.

    Parameters
    ----------
    size
        The effective sample size that the clusters seen imply.
    weight, effective
        `hidden_weight`, and the effective number of clusters.
    """
    outer, is_high = outer_size(size, weight, effective), np.asarray(value) >= 0.5
    low, _ = wilson(value, np.where(is_high, outer, size), z)
    _, high = wilson(value, np.where(is_high, size, outer), z)
    return np.minimum(low, value), np.maximum(high, value)


def outer_size(size: Numbers, weight: Numbers, effective: Numbers) -> np.ndarray:
    """The effective sample size of a share whose variance is `hidden_variance`."""
    return np.asarray(np.minimum(size, 1 / ((1 - weight) / size + weight / effective)))


def unseen_share(n_clusters: Numbers) -> np.ndarray:
    """The largest share of clusters that may be unlike those seen, which are all alike.

    ``1 - 0.025 ** (1 / C)``, about 3.7 / C: Clopper and Pearson's (1934) exact bound at none of C.

    Examples
    --------
    >>> round(float(unseen_share(10)), 3)
    0.308
    """
    tail = (1 - LEVEL) / 2
    return np.asarray(1 - tail ** (1 / np.maximum(n_clusters, 1)))


def unseen_bounds(
    value: Numbers, n_clusters: Numbers, lower: float, upper: float
) -> tuple[np.ndarray, np.ndarray]:
    """An interval where every cluster seen is alike and the standard error, 0, says nothing.

    Conservative: `unseen_share` of the clusters at the bound ``lower``, or as many at ``upper``.

    Examples
    --------
    >>> low, high = unseen_bounds(2.0, 10, 1.0, 6.0)
    >>> round(float(low), 2), round(float(high), 2)
    (1.69, 3.23)
    """
    share = unseen_share(n_clusters)
    return np.asarray(value - share * (value - lower)), np.asarray(value + share * (upper - value))
