"""How many rows each category is to have. Knows counts, not products."""

from __future__ import annotations

import numpy as np

from curation.balance.settings import BalanceSettings

_HALVINGS = 200


def target_counts(counts: np.ndarray, settings: BalanceSettings) -> np.ndarray:
    """The rows that each category gets.

    A method gives each category a weight, such as 1 or the square root of its count
    (`curation.balance.settings`). The target is ``weight * scale``, kept between the fewest and the most rows that the
    category may have: at least 1, at least the floor and at most the cap, at most
    ``1 + max_repeats`` times its records, and no fewer (more) than it has where nothing is
    dropped (copied); what it has where rows get weights instead. With a ``total`` the scale is the one whose targets sum to it.
    Fractions go to the largest remainders, ties to the earlier category.

    Parameters
    ----------
    counts
        Records in each category, 1 or more, shape ``(n_categories,)``.

    Returns
    -------
    Whole numbers, shape ``(n_categories,)``. They sum to ``total`` where the bounds allow it.

    Examples
    --------
    >>> counts = np.array([90, 9, 1])
    >>> target_counts(counts, BalanceSettings(method="uniform", max_repeats=99)).tolist()
    [34, 33, 33]
    >>> target_counts(counts, BalanceSettings(method="sqrt", by="under")).tolist()
    [9, 3, 1]
    >>> target_counts(counts, BalanceSettings(method="effective", beta=0.9, max_repeats=99)).tolist()
    [78, 13, 9]
    """
    if len(counts) == 0:
        return np.empty(0, np.int64)
    weights = _weights(counts, settings)
    lowest, highest = bounds(counts, settings)
    if settings.total is None:
        wanted = np.clip(weights * _natural_scale(counts, weights, settings), lowest, highest)
        return _whole(wanted, round(float(wanted.sum())))
    total = min(max(settings.total, int(lowest.sum())), int(highest.sum()))
    return _whole(_filled(weights, lowest, highest, total), total)


def bounds(counts: np.ndarray, settings: BalanceSettings) -> tuple[np.ndarray, np.ndarray]:
    """The fewest and the most rows that each category may have."""
    highest = counts * (1 + settings.max_repeats) if settings.adds else counts.copy()
    if settings.cap is not None:
        highest = np.minimum(highest, settings.cap)
    lowest = np.ones_like(counts) if settings.drops else counts.copy()
    if settings.floor is not None:
        lowest = np.maximum(lowest, settings.floor)
    return np.minimum(lowest, highest), highest


def row_weights(counts: np.ndarray, settings: BalanceSettings) -> np.ndarray:
    """What each row of a category weighs, so that the weights of a category sum to its share.

    The weights of all rows sum to the number of rows, a mean of 1, where the bounds allow it: a
    row weighs at most ``1 + max_repeats``, a category at least the floor and at most the cap.

    Returns
    -------
    Positive numbers, shape ``(n_categories,)``.

    Examples
    --------
    >>> row_weights(np.array([6, 2]), BalanceSettings(method="uniform", by="weights")).round(3)
    array([0.667, 2.   ])
    """
    if len(counts) == 0:
        return np.empty(0)
    highest = counts * (1.0 + settings.max_repeats)
    if settings.cap is not None:
        highest = np.minimum(highest, settings.cap)
    lowest = np.minimum(float(settings.floor or 0), highest)
    total = min(max(float(counts.sum()), lowest.sum()), highest.sum())
    wanted: np.ndarray = _filled(_weights(counts, settings), lowest, highest, total) / counts
    return wanted


def formula(settings: BalanceSettings) -> str:
    """How the rows of a category are weighed, in one line for a manifest."""
    shares = {
        "uniform": "1",
        "sqrt": "n ** 0.5",
        "temperature": f"n ** (1 / {settings.temperature:g})",
        "effective": f"n * (1 - {settings.beta:g}) / (1 - {settings.beta:g} ** n)",
    }
    wanted = shares.get(settings.method, "n")
    bounds = [f"at most {1 + settings.max_repeats} a row"]
    bounds += [] if settings.floor is None else [f"at least {settings.floor} a category"]
    bounds += [] if settings.cap is None else [f"at most {settings.cap} a category"]
    return (
        f"weight of a row = scale * ({wanted}) / n, n the rows of its category at level "
        f"{settings.level}; {', '.join(bounds)}; scale such that the mean is 1"
    )


def _weights(counts: np.ndarray, settings: BalanceSettings) -> np.ndarray:
    """What each category's rows are to be in proportion to, shape ``(n_categories,)``."""
    n = counts.astype(float)
    powers = {"uniform": 0.0, "sqrt": 0.5, "temperature": 1 / settings.temperature}
    is_effective = settings.method == "effective"
    each = effective_number(counts, settings.beta) if is_effective else 1.0
    weights: np.ndarray = n ** powers.get(settings.method, 1.0) / each
    return weights


def effective_number(counts: np.ndarray, beta: float) -> np.ndarray:
    """``(1 - beta^n) / (1 - beta)``, in [1, n]: examples without what they have in common.

    Cui et al. 2019, "Class-Balanced Loss Based on Effective Number of Samples", eq. 2.

    Examples
    --------
    >>> effective_number(np.array([1, 2, 3]), 0.5)
    array([1.  , 1.5 , 1.75])
    """
    if beta == 0:
        return np.ones(len(counts))
    found: np.ndarray = -np.expm1(counts * np.log(beta)) / (1 - beta)
    return found


def _natural_scale(counts: np.ndarray, weights: np.ndarray, settings: BalanceSettings) -> float:
    if settings.by == "over":
        return float((counts / weights).max())
    if settings.by == "under":
        return float((counts / weights).min())
    return float(counts.sum() / weights.sum())


def _filled(
    weights: np.ndarray, lowest: np.ndarray, highest: np.ndarray, total: float
) -> np.ndarray:
    """Targets that sum to a total between the bounds, by halving the range of the scale."""
    low, high = 0.0, float((highest / weights).max())
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if np.clip(weights * middle, lowest, highest).sum() < total:
            low = middle
        else:
            high = middle
    return np.clip(weights * high, lowest, highest)


def _whole(wanted: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers that sum to a total, each one next to what was wanted."""
    below = np.floor(wanted + 1e-9).astype(np.int64)
    remainders = np.maximum(wanted - below, 0.0).round(9)
    missing = max(0, total - int(below.sum()))
    below[np.argsort(-remainders, kind="stable")[:missing]] += 1
    return below
