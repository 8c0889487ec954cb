"""The annotators side by side: what each one covers, and how far others agree with it."""

from __future__ import annotations

import numpy as np
import polars as pl

from curation.agreement.consensus import entry_of_votes
from curation.agreement.counts import LabelCounts
from curation.agreement.votes import Votes
from stats.estimate import Estimate
from stats.intervals import mean_estimate

_SHARES = ("overlaps", "conflicts", "agreement_others", "agreement_consensus")


def annotator_table(
    votes: Votes,
    counts: LabelCounts,
    consensus: pl.DataFrame,
    *,
    n_items: int | None = None,
    clusters: np.ndarray | None = None,
) -> pl.DataFrame:
    """One row an annotator: counts, and shares in [0, 1] with their 95 % intervals.

    Parameters
    ----------
    consensus
        `consensus_table` of the same votes.
    n_items
        Items that could have been voted on; those with a vote where None.
    clusters
        The group of each item, shape ``(n_items,)``; None where items are independent.

    Returns
    -------
    ``annotator_id``; ``n_votes``; ``coverage``, its votes over ``n_items``; ``overlaps``, the
    share of its items that another one voted on too; ``conflicts``, the share of its items
    where it differs from at least one other; ``agreement_others``, the mean share of the other
    votes that equal its own, over its items with another vote; ``agreement_consensus``, the
    share of its votes that are the consensus, over items with two votes or more and a
    consensus, its own vote counted in. The last four with ``_low`` and ``_high``; NaN where
    there is no such item.
    """
    size = counts.sizes[votes.items]
    same = counts.counts[entry_of_votes(votes, counts)]
    has_other = size > 1
    agreed = consensus["value"].gather(votes.items)
    has_consensus = has_other & agreed.is_not_null().to_numpy()
    is_agreed = (agreed == votes.label_names.gather(votes.labels)).fill_null(False).to_numpy()
    others = np.where(has_other, (same - 1) / np.where(has_other, size - 1, 1), np.nan)
    order = np.argsort(votes.annotators, kind="stable")
    rows = []
    ends = np.cumsum(np.bincount(votes.annotators, minlength=votes.n_annotators))
    for name, mine in zip(votes.annotator_names, np.split(order, ends), strict=False):
        told = [
            _mean(has_other[mine], mine, votes, clusters),
            _mean((has_other & (same < size))[mine], mine, votes, clusters),
            _mean(others[mine], mine, votes, clusters, has_other[mine]),
            _mean(is_agreed[mine], mine, votes, clusters, has_consensus[mine]),
        ]
        coverage = len(mine) / (votes.n_items if n_items is None else n_items)
        rows.append(
            (name, len(mine), coverage, *(x for e in told for x in (e.value, e.low, e.high)))
        )
    return pl.DataFrame(rows, schema=annotator_schema(), orient="row")


def annotator_schema() -> pl.Schema:
    """The columns of `annotator_table`."""
    shares = {f"{s}{end}": pl.Float64() for s in _SHARES for end in ("", "_low", "_high")}
    return pl.Schema(
        {"annotator_id": pl.String(), "n_votes": pl.Int64(), "coverage": pl.Float64(), **shares}
    )


def _mean(
    values: np.ndarray,
    mine: np.ndarray,
    votes: Votes,
    clusters: np.ndarray | None,
    counted: np.ndarray | None = None,
) -> Estimate:
    if counted is not None:
        values, mine = values[counted], mine[counted]
    groups = None if clusters is None else _dense(clusters[votes.items[mine]])
    return mean_estimate(values.astype(float), groups)


def _dense(codes: np.ndarray) -> np.ndarray:
    """The same groups, numbered without gaps, so that their number stays small."""
    return np.unique(codes, return_inverse=True)[1]
