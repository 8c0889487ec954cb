"""Cohen's kappa of two annotators."""

from __future__ import annotations

import numpy as np

from curation.agreement.chance import NO_VARIATION, chance_corrected
from stats.estimate import Estimate


def cohen_kappa(
    left: np.ndarray, right: np.ndarray, n_labels: int, clusters: np.ndarray | None = None
) -> Estimate:
    """Cohen's kappa (1960) over the items on which both voted.

    ``(P - P_e) / (1 - P_e)`` with ``P_e = sum_c p_c q_c`` from the annotators' own margins.
    NaN where they share no item, or where both gave one and the same label throughout.

    Parameters
    ----------
    left, right
        The label codes of each item, shape ``(n_items,)``.
    n_labels
        How many labels there are; memory grows with it, never with its square.
    clusters
        The group of each item, shape ``(n_items,)``; None where items are independent.

    Returns
    -------
    The kappa; its interval is of the delta method, which here is the large-sample variance
    of Fleiss, Cohen and Everitt (1969).

    Examples
    --------
    >>> left, right = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0])
    >>> round(cohen_kappa(left, right, 2).value, 3)  # (3/4 - 1/2) / (1/2)
    0.5
    """
    n = len(left)
    if n == 0:
        return Estimate.undefined("no item has a vote of both")
    p = np.bincount(left, minlength=n_labels) / n
    q = np.bincount(right, minlength=n_labels) / n
    by_chance = float(p @ q)
    if by_chance == 1.0:
        return Estimate.undefined(NO_VARIATION, n)
    is_equal = left == right
    observed = float(is_equal.mean())
    kappa = (observed - by_chance) / (1 - by_chance)
    moved_chance = q[left] + p[right] - 2 * by_chance
    influence = (is_equal - observed - (1 - kappa) * moved_chance) / (1 - by_chance) / n
    return chance_corrected(kappa, influence, clusters, by_chance=by_chance, n=n)
