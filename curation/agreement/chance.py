"""The interval of a chance-corrected coefficient, also where nobody differs."""

from __future__ import annotations

import numpy as np

from stats.estimate import Estimate
from stats.intervals import bounded_estimate, free_estimate

NO_PAIRS = "no item has two votes"
NO_VARIATION = "every vote is the same label: there is nothing to agree on by chance"


def chance_corrected(
    value: float,
    influence: np.ndarray,
    clusters: np.ndarray | None,
    *,
    by_chance: float,
    n: int,
) -> Estimate:
    """An estimate of a coefficient that is 1 for full agreement and 0 for chance.

    Where nobody differs the influence of every item is 0 and says nothing. The lower end
    then is what the coefficient would be at the lower end of the observed agreement
    (Wilson's interval at 1), if a pair that differs did so as pairs at random do.

    Parameters
    ----------
    by_chance
        The agreement expected by chance, in [0, 1).
    n
        Items that the value rests on.
    """
    made = free_estimate(value, influence, clusters, lower=min(-1.0, value), upper=1.0, n=n)
    if value < 1.0 or made.reason is not None:
        return made
    observed = bounded_estimate(1.0, influence, clusters, n=n)
    low = 1.0 - (1.0 - observed.low) / (1.0 - by_chance)
    return Estimate(value, max(-1.0, low), 1.0, n, made.n_clusters)
