"""Krippendorff's alpha at any level of measurement, over counts."""

from __future__ import annotations

import numpy as np

from curation.agreement.chance import NO_PAIRS, NO_VARIATION, chance_corrected
from curation.agreement.counts import LabelCounts
from curation.agreement.distances import Distance, nominal
from stats.estimate import Estimate


def krippendorff_alpha(
    counts: LabelCounts, distance: Distance = nominal, clusters: np.ndarray | None = None
) -> Estimate:
    """Krippendorff's alpha (Computing Krippendorff's Alpha-Reliability, 2011).

    ``1 - D_o / D_e``: the disagreement observed within items over that expected by chance
    among all votes on items with at least two. Missing votes need no special care. 1 is full
    agreement, 0 what chance gives, below 0 systematic disagreement.

    NaN where no item has two votes, or where every vote is the same label.

    Parameters
    ----------
    distance
        One of `curation.agreement.distances`.
    clusters
        The group of each item, shape ``(n_items,)``; None where items are independent.

    Returns
    -------
    The alpha; its interval is of the delta method, from the influence of each item.

    Examples
    --------
    >>> import polars as pl
    >>> from curation.agreement.counts import label_counts
    >>> from curation.agreement.votes import votes_of
    >>> frame = pl.DataFrame({"item": [1, 1, 2, 2], "annotator": ["a", "b", "a", "b"],
    ...     "label": ["x", "x", "x", "y"]})
    >>> krippendorff_alpha(label_counts(votes_of(frame))).value  # 1 - (2/4) / (6/12)
    0.0
    """
    paired, kept = counts.paired()
    n = paired.n_items
    if n == 0:
        return Estimate.undefined(NO_PAIRS)
    margins = paired.margins
    made = distance(paired)
    expected = float(margins @ made.against)
    if np.count_nonzero(margins) < 2 or expected <= 0:
        return Estimate.undefined(NO_VARIATION, n)
    n_votes = float(margins.sum())
    observed = float(made.within.sum())
    scale = (n_votes - 1) / expected
    alpha = 1 - scale * observed
    moved_expected = 2 * paired.sums(paired.counts * made.against[paired.labels])
    moved_observed = made.within + observed / n_votes * paired.sizes
    if made.observed_slope is not None and made.expected_slope is not None:
        moved_observed += paired.sums(paired.counts * made.observed_slope[paired.labels])
        moved_expected += paired.sums(paired.counts * made.expected_slope[paired.labels])
    influence = -scale * (moved_observed - observed / expected * moved_expected)
    same = float(margins @ (margins - 1)) / (n_votes * (n_votes - 1))
    return chance_corrected(
        alpha, influence, None if clusters is None else clusters[kept], by_chance=same, n=n
    )
