"""The clustered bootstrap: clusters drawn with replacement, everything else a sum of what they hold.

A statistic of sums needs no rows: a resample is a whole weight for each cluster (how often it was
drawn), and the sums of a resample are weights times the clusters' sums. Blocks of resamples keep
memory small.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy.special import ndtr

from stats.distributions import t_quantile
from stats.estimate import Estimate
from stats.intervals import LEVEL

MOST_CLUSTERS = 50_000
"""Independent rows past this many are dealt at random into so many clusters."""
_BLOCK = 400_000
_LEAST_DEFINED = 0.95
_TINY = 1e-12
_FURTHEST = 3.0


def resampling_codes(clusters: np.ndarray | None, n: int, seed: int) -> np.ndarray:
    """The cluster that each of ``n`` rows is resampled with, codes from 0, shape ``(n,)``.

    Independent rows are their own clusters; past `MOST_CLUSTERS` they are dealt at random into
    that many, of one size give or take a row, which leaves the spread of sums as it is.
    """
    if clusters is not None:
        return clusters
    if n <= MOST_CLUSTERS:
        return np.arange(n)
    return np.random.default_rng(seed).permutation(n) % MOST_CLUSTERS


def cluster_weights(
    n_clusters: int, n_resamples: int, seed: int, *, at_once: int | None = None
) -> Iterator[np.ndarray]:
    """Blocks of resamples: how often each cluster was drawn, shape ``(resamples, n_clusters)``.

    A block is small enough for a processor's cache, unless ``at_once`` asks for more.

    Examples
    --------
    >>> block = next(cluster_weights(4, 2, seed=0))
    >>> block.shape, block.sum(axis=1).tolist()
    ((2, 4), [4.0, 4.0])
    """
    generator = np.random.default_rng(seed)
    at_once = at_once or max(1, _BLOCK // max(n_clusters, 1))
    for start in range(0, n_resamples, at_once):
        weights = np.empty((min(at_once, n_resamples - start), n_clusters))
        bits = generator.integers(0, 2**32, size=weights.shape, dtype=np.uint32)
        drawn = bits.astype(np.uint64)
        drawn *= np.uint64(n_clusters)
        drawn >>= np.uint64(32)
        for row, clusters in zip(weights, drawn.view(np.int64), strict=True):
            row[:] = np.bincount(clusters, minlength=n_clusters)
        yield weights


def resampled_sums(sums: np.ndarray, n_resamples: int, seed: int) -> np.ndarray:
    """Sums over resampled clusters.

    Parameters
    ----------
    sums
        What each cluster holds, shape ``(k, C)``.

    Returns
    -------
    Shape ``(n_resamples, k)``. The same seed and number of clusters give the same resamples, so
    that two runs on the same rows stay paired.
    """
    held = np.ascontiguousarray(sums, dtype=float)
    blocks = cluster_weights(held.shape[1], n_resamples, seed)
    # A product a row: small enough to stay on one core, where threads would wait for each other.
    return np.concatenate([np.stack([weights @ row for row in held], axis=1) for weights in blocks])


def bootstrap_estimate(
    estimate: Estimate,
    resampled: np.ndarray,
    errors: tuple[float, float] = (0.0, 0.0),
    df: float = math.inf,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> Estimate:
    """An estimate with the bootstrap's interval in place of its own: expanded percentiles.

    Resamples vary too little where clusters are few, or one holds many of the rows. The percentiles
    are therefore those of Student's t at ``df`` in place of the normal's (Hesterberg 2015), further
    out on each side by as much as its standard error is more than the spread of the resamples. Bias correction
    and acceleration (BCa) are left out: where one cluster holds many of the rows they rest on it
    alone, and cover less.

    Parameters
    ----------
    estimate
        The value and its counts; its own interval stays where the bootstrap has nothing to say:
        every resample gives the same, or fewer than 95 % of them are defined.
    resampled
        The statistic on each resample, shape ``(r,)``; NaN where it is undefined.
    errors, df
        The cluster-robust standard errors towards the low and the high end
        (`stats.intervals.share_errors`, `stats.intervals.side_errors`), and their degrees of
        freedom. Further out than three of the normal's, where resamples are few, distances are
        stretched.
    bounds
        The statistic's own; the interval is cut there.

    Examples
    --------
    >>> draws = np.linspace(0.4, 0.6, 1001)
    >>> found = bootstrap_estimate(Estimate(0.5, 0.3, 0.7, 100), draws)
    >>> round(found.low, 3), round(found.high, 3)
    (0.405, 0.595)
    """
    told = resampled[~np.isnan(resampled)]
    if math.isnan(estimate.value) or math.isnan(estimate.low):
        return estimate
    if len(told) < _LEAST_DEFINED * len(resampled) or np.ptp(told) <= _TINY:
        return estimate
    spread, z = float(np.std(told)), t_quantile(0.5 + LEVEL / 2, df)
    reaches = np.array([z * max(1.0, error / spread) for error in errors])
    inside = np.minimum(reaches, _FURTHEST)
    ends = np.quantile(told, ndtr(inside * [-1, 1]))
    low, high = estimate.value + (ends - estimate.value) * reaches / inside
    return Estimate(
        estimate.value,
        min(max(float(low), bounds[0]), estimate.value),
        max(min(float(high), bounds[1]), estimate.value),
        estimate.n,
        estimate.n_clusters,
    )
