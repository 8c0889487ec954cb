"""Percent agreement: how often two votes on one item are the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from curation.agreement.chance import NO_PAIRS
from curation.agreement.counts import LabelCounts
from stats.estimate import Estimate
from stats.intervals import bounded_estimate


def percent_agreement(counts: LabelCounts, clusters: np.ndarray | None = None) -> Estimate:
    """The share of equal pairs among all pairs of votes on one item, in [0, 1].

    ``sum_u sum_c n_uc (n_uc - 1) / sum_u m_u (m_u - 1)``, where item ``u`` has ``n_uc`` votes
    for label ``c`` and ``m_u`` in all. Every pair weighs the same, so an item with many votes
    weighs more. NaN where no item has two votes.

    Parameters
    ----------
    clusters
        The group of each item, shape ``(n_items,)``; None where items are independent.

    Examples
    --------
    >>> import polars as pl
    >>> from curation.agreement.counts import label_counts
    >>> from curation.agreement.votes import votes_of
    >>> frame = pl.DataFrame({"item": [1, 1, 1, 2, 2], "annotator": ["a", "b", "c", "a", "b"],
    ...     "label": ["x", "x", "y", "z", "z"]})
    >>> percent_agreement(label_counts(votes_of(frame))).value  # 1 of 3 pairs, and 1 of 1
    0.5
    """
    paired, kept = counts.paired()
    if paired.n_items == 0:
        return Estimate.undefined(NO_PAIRS)
    equal = paired.sums(paired.counts * (paired.counts - 1))
    pairs = paired.sizes * (paired.sizes - 1)
    total = float(pairs.sum())
    value = float(equal.sum()) / total
    influence = (equal - value * pairs) / total
    groups = None if clusters is None else clusters[kept]
    made = bounded_estimate(value, influence, groups, n=int(total) // 2)
    return replace(made, n=paired.n_items)
