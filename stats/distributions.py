"""Quantiles and tails, from `scipy.special` alone: `scipy.stats` takes a second to import."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, stdtr, stdtrit

LEVEL = 0.95
"""Of every interval."""


def t_quantile(probability: float, df: float) -> float:
    """The quantile of Student's t; NaN without degrees of freedom.

    Examples
    --------
    >>> round(t_quantile(0.975, 10), 3)
    2.228
    """
    return float(stdtrit(df, probability)) if df > 0 else float("nan")


def t_two_sided(statistic: float, df: float) -> float:
    """The two-sided p-value of Student's t.

    Examples
    --------
    >>> round(t_two_sided(2.228, 10), 3)
    0.05
    """
    return float(2 * stdtr(df, -abs(statistic))) if df > 0 else float("nan")


def t_cdf(statistic: float, df: float) -> float:
    """The distribution function of Student's t."""
    return float(stdtr(df, statistic)) if df > 0 else float("nan")


def fair_coins(n: int) -> np.ndarray:
    """The probability of 0 to ``n`` heads of ``n`` fair coins, shape ``(n + 1,)``.

    Examples
    --------
    >>> fair_coins(2).tolist()
    [0.25, 0.5, 0.25]
    """
    heads = np.arange(n + 1)
    logs = gammaln(n + 1) - gammaln(heads + 1) - gammaln(n - heads + 1) - n * np.log(2.0)
    chances: np.ndarray = np.round(np.exp(logs), 17)
    return chances
