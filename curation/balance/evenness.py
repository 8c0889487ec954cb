"""How evenly rows lie over categories: the Gini coefficient and the entropy."""

from __future__ import annotations

import math

import numpy as np


def gini(counts: np.ndarray) -> float:
    """The Gini coefficient of counts: 0 where all are equal, towards 1 where one has all.

    ``sum_ij |x_i - x_j| / (2 n^2 mean(x))``, computed from the sorted counts (Gini 1912).
    NaN over nothing.

    Examples
    --------
    >>> gini(np.array([5, 5, 5])), gini(np.array([0, 0, 4]))
    (0.0, 0.6666666666666666)
    """
    total = counts.sum()
    if total == 0:
        return math.nan
    n = len(counts)
    ranks = 2 * np.arange(1, n + 1) - n - 1
    return float((ranks * np.sort(counts)).sum() / (n * total))


def entropy_bits(counts: np.ndarray) -> float:
    """Shannon's entropy of the shares, in bits; the most is ``log2`` of how many there are.

    NaN over nothing.

    Examples
    --------
    >>> entropy_bits(np.array([2, 2, 2, 2])), entropy_bits(np.array([9]))
    (2.0, 0.0)
    """
    total = counts.sum()
    if total == 0:
        return math.nan
    shares = counts[counts > 0] / total
    return abs(float((shares * np.log2(shares)).sum()))
