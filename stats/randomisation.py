"""The paired randomisation test, exact: which differences would chance alone give?"""

from __future__ import annotations

import math

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

from stats.distributions import fair_coins

_MOST_EXACT = 1_000_000


def sign_flip_p(
    differences: np.ndarray,
    clusters: np.ndarray | None = None,
    *,
    seed: int = 0,
    n_draws: int = 10_000,
) -> float:
    """Two-sided p-value of a sum of paired differences, swapping whole clusters.

    Under the null hypothesis the two systems could be swapped within any cluster
    (Fisher 1935; Noreen 1989). Where the differences of the clusters are whole
    numbers, as for accuracy, the distribution over all swaps is computed, not drawn:
    clusters of one size are a binomial, and the sizes are convolved. With one row a
    cluster that is the exact McNemar test. Otherwise ``n_draws`` swaps are drawn, and
    ``p = (hits + 1) / (n_draws + 1)``.

    Parameters
    ----------
    differences
        Candidate minus baseline of each row, shape ``(n,)``.
    clusters
        Codes from 0, shape ``(n,)``; None where each row is its own.

    Returns
    -------
    p in (0, 1]; 1.0 where no row differs; NaN over no rows.

    Examples
    --------
    >>> round(sign_flip_p(np.array([1] * 7 + [-1])), 4)
    0.0703
    """
    if len(differences) == 0:
        return math.nan
    sums = differences if clusters is None else np.bincount(clusters, weights=differences)
    sums = sums[np.abs(sums) > 1e-12].astype(float)
    if len(sums) == 0:
        return 1.0
    if np.all(sums == np.round(sums)) and np.abs(sums).sum() <= _MOST_EXACT:
        return _exact(np.abs(sums).astype(np.int64), abs(int(sums.sum())))
    return _drawn(sums, seed, n_draws)


def _exact(sizes: np.ndarray, observed: int) -> float:
    distribution = np.ones(1)
    for size, count in zip(*np.unique(sizes, return_counts=True), strict=True):
        heads = np.zeros(int(size) * int(count) + 1)
        heads[:: int(size)] = fair_coins(int(count))
        distribution = _convolved(distribution, heads)
    total = int(sizes.sum())
    outcomes = 2 * np.arange(total + 1) - total
    return float(min(1.0, distribution[np.abs(outcomes) >= observed].sum()))


def _convolved(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The distribution of a sum; by Fourier transform where that is cheaper."""
    if min(len(left), len(right)) <= 64:
        return np.convolve(left, right)
    n = len(left) + len(right) - 1
    size = next_fast_len(n, real=True)
    product = irfft(rfft(left, size) * rfft(right, size), size)
    positive: np.ndarray = np.maximum(product[:n], 0.0)
    return positive


def _drawn(sums: np.ndarray, seed: int, n_draws: int) -> float:
    generator = np.random.default_rng(seed)
    observed, hits, done = abs(sums.sum()) - 1e-12, 0, 0
    at_once = max(1, int(2e7) // len(sums))
    while done < n_draws:
        draws = min(at_once, n_draws - done)
        signs = generator.integers(0, 2, size=(draws, len(sums)), dtype=np.int8) * 2.0 - 1.0
        hits += int((np.abs(signs @ sums) >= observed).sum())
        done += draws
    return (hits + 1) / (n_draws + 1)
