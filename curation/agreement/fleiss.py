"""Fleiss' kappa, generalised to items with different numbers of votes."""

from __future__ import annotations

import numpy as np

from curation.agreement.chance import NO_PAIRS, NO_VARIATION, chance_corrected
from curation.agreement.counts import LabelCounts
from stats.estimate import Estimate


def fleiss_kappa(counts: LabelCounts, clusters: np.ndarray | None = None) -> Estimate:
    """Fleiss' kappa (1971) for any number of annotators and any number of votes an item.

    ``(P - P_e) / (1 - P_e)``: ``P`` is the mean over items with at least two votes of the
    share of equal pairs, ``P_e = sum_c p_c^2``, and ``p_c`` the mean over items with at least
    one vote of the share of votes for ``c``. Where every item has the same number of votes
    this is Fleiss' own definition; otherwise it is Gwet's generalisation (Handbook of
    Inter-Rater Reliability, 4th ed., 2014, section 2.3), in which an item with one vote
    counts for ``p_c`` alone. Each item weighs the same, however many votes it has.

    NaN where no item has two votes, or where every vote is the same label.

    Parameters
    ----------
    clusters
        The group of each item, shape ``(n_items,)``; None where items are independent.

    Returns
    -------
    The kappa; its interval is of the delta method, from the influence of each item.

    Examples
    --------
    >>> import polars as pl
    >>> from curation.agreement.counts import label_counts
    >>> from curation.agreement.votes import votes_of
    >>> frame = pl.DataFrame({"item": [1, 1, 2, 2], "annotator": ["a", "b", "a", "b"],
    ...     "label": ["x", "x", "x", "y"]})
    >>> round(fleiss_kappa(label_counts(votes_of(frame))).value, 3)  # (1/2 - 5/8) / (3/8)
    -0.333
    """
    sizes = counts.sizes
    is_paired = sizes >= 2
    n_paired = int(is_paired.sum())
    if n_paired == 0:
        return Estimate.undefined(NO_PAIRS)
    shares = counts.counts / sizes[counts.rows]
    summed = np.bincount(counts.labels, weights=shares, minlength=counts.n_labels)
    of_label = summed / counts.n_items
    by_chance = float(np.square(of_label).sum())
    if counts.n_labels < 2:
        return Estimate.undefined(NO_VARIATION, n_paired)
    pairs = np.where(is_paired, sizes * (sizes - 1), 1.0)
    equal = counts.sums(counts.counts * (counts.counts - 1)) / pairs
    observed = float(equal.sum()) / n_paired
    kappa = (observed - by_chance) / (1 - by_chance)
    moved_observed = np.where(is_paired, equal - observed, 0.0) / n_paired
    moved_chance = 2 * (counts.sums(shares * of_label[counts.labels]) - by_chance) / counts.n_items
    influence = (moved_observed - (1 - kappa) * moved_chance) / (1 - by_chance)
    return chance_corrected(kappa, influence, clusters, by_chance=by_chance, n=n_paired)
