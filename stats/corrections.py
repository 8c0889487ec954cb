"""p-values of many looks at the same data, corrected."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def holm(p_values: np.ndarray) -> np.ndarray:
    """Holm's step-down correction (1979): controls any false finding. NaN stays NaN.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    return _stepwise(p_values, lambda m, rank: m - rank, np.maximum.accumulate, reverse=False)


def benjamini_hochberg(p_values: np.ndarray) -> np.ndarray:
    """Benjamini and Hochberg's step-up correction (1995): controls the share of false findings.

    NaN stays NaN and does not count as a look.

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03])).round(2).tolist()
    [0.03, 0.04, 0.04]
    """
    return _stepwise(p_values, lambda m, rank: m / (rank + 1), np.minimum.accumulate, reverse=True)


def _stepwise(
    p_values: np.ndarray,
    factor: Callable[[int, int], float],
    accumulate: Callable[[np.ndarray], np.ndarray],
    *,
    reverse: bool,
) -> np.ndarray:
    p_values = np.asarray(p_values, dtype=float)
    corrected = np.full(len(p_values), np.nan)
    tested = np.flatnonzero(~np.isnan(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    steps = p_values[order] * np.array([factor(len(order), r) for r in range(len(order))])
    steps = accumulate(steps[::-1])[::-1] if reverse else accumulate(steps)
    corrected[order] = np.minimum(steps, 1.0)
    return corrected
