"""The label that annotators agree on, item by item."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from curation.agreement.counts import LabelCounts
from curation.agreement.settings import Rule, TieBreak
from curation.agreement.votes import Votes

NO_LABEL = -1


def consensus_table(
    votes: Votes,
    counts: LabelCounts,
    *,
    rule: Rule = "majority",
    tie_break: TieBreak = "none",
    prefer: Sequence[str] = (),
) -> pl.DataFrame:
    """The consensus of each item by majority or by unanimity; every annotator weighs the same.

    Majority is plurality: the label with the most votes, however few. Where several have the
    most, the item is a tie and has no value, unless a tie-break is chosen: ``score`` takes the
    tied label with the highest sum of scores (a missing score counts 0), ``prefer`` that of
    the first of the preferred annotators who voted for one. What a tie-break cannot part stays
    a tie without a value. Deterministic: neither the order of rows nor of names decides.

    Returns
    -------
    One row an item, in the order of ``votes.item_names``: ``item``; ``value`` (null without a
    winner); ``n_votes``; ``n_agree``, the votes of the label with the most; ``share``,
    ``n_agree / n_votes``; ``is_tie``, whether several labels have the most; ``is_unanimous``;
    ``entropy`` of the votes in bits, 0 where all agree; ``tied``, the labels with the most
    votes where that are several, else null.

    Examples
    --------
    >>> from curation.agreement.counts import label_counts
    >>> from curation.agreement.votes import votes_of
    >>> votes = votes_of(pl.DataFrame({"item": ["i", "i", "i", "j", "j"],
    ...     "annotator": ["a", "b", "c", "a", "b"], "label": ["x", "y", "x", "x", "y"]}))
    >>> found = consensus_table(votes, label_counts(votes))
    >>> found.select("value", "n_agree", "is_tie", "tied").rows()
    [('x', 2, False, None), (None, 1, True, ['x', 'y'])]
    """
    rows, sizes, most = counts.rows, counts.sizes, counts.most()
    is_top = counts.counts == most[rows]
    n_top = counts.sums(is_top)
    is_tie = n_top > 1
    is_unanimous = most == sizes
    winner = np.full(counts.n_items, NO_LABEL)
    winner[rows[is_top]] = counts.labels[is_top]
    winner[is_tie] = NO_LABEL
    if tie_break == "score":
        _by_score(winner, votes, counts, is_top & is_tie[rows])
    elif tie_break == "prefer":
        _by_preference(winner, votes, counts, is_top & is_tie[rows], prefer)
    if rule == "unanimity":
        winner[~is_unanimous] = NO_LABEL
    shares = counts.counts / sizes[rows]
    tied = (
        pl.DataFrame({"row": rows, "tied": votes.label_names.gather(counts.labels)})
        .filter(pl.Series(is_top & is_tie[rows]))
        .group_by("row", maintain_order=True)
        .agg("tied")
    )
    return (
        pl.DataFrame(
            {
                "item": votes.item_names,
                "value": named(winner, votes.label_names),
                "n_votes": sizes.astype(np.int64),
                "n_agree": most.astype(np.int64),
                "share": most / sizes,
                "is_tie": is_tie,
                "is_unanimous": is_unanimous,
                "entropy": np.abs(counts.sums(-shares * np.log2(shares))),
            }
        )
        .with_row_index("row")
        .join(tied.cast({"row": pl.UInt32}), on="row", how="left", maintain_order="left")
        .drop("row")
    )


def named(codes: np.ndarray, names: pl.Series) -> pl.Series:
    """Names of codes; null for `NO_LABEL`."""
    known = (
        pl.Series(codes).replace(NO_LABEL, None) if len(codes) else pl.Series(codes, dtype=pl.Int64)
    )
    return names.gather(known)


def entry_of_votes(votes: Votes, counts: LabelCounts) -> np.ndarray:
    """Which entry of the counts each vote is part of, shape ``(n_votes,)``."""
    n = counts.n_labels
    entries = counts.rows * n + counts.labels
    return np.asarray(np.searchsorted(entries, votes.items * n + votes.labels))


def _by_score(
    winner: np.ndarray, votes: Votes, counts: LabelCounts, is_candidate: np.ndarray
) -> None:
    entries = entry_of_votes(votes, counts)
    weights = np.nan_to_num(votes.scores)
    scores = np.bincount(entries, weights=weights, minlength=len(counts.labels)).round(9)
    candidates = np.flatnonzero(is_candidate)
    best = np.full(counts.n_items, -np.inf)
    np.maximum.at(best, counts.rows[candidates], scores[candidates])
    is_best = scores[candidates] == best[counts.rows[candidates]]
    _settle(winner, counts, candidates[is_best])


def _by_preference(
    winner: np.ndarray,
    votes: Votes,
    counts: LabelCounts,
    is_candidate: np.ndarray,
    prefer: Sequence[str],
) -> None:
    place = {name: n for n, name in enumerate(prefer)}
    last = len(prefer)
    rank = np.array([place.get(name, last) for name in votes.annotator_names], np.int64)
    entries = entry_of_votes(votes, counts)
    ranks = np.full(len(counts.labels), last)
    np.minimum.at(ranks, entries, rank[votes.annotators])
    candidates = np.flatnonzero(is_candidate & (ranks < last))
    first = np.full(counts.n_items, last)
    np.minimum.at(first, counts.rows[candidates], ranks[candidates])
    _settle(winner, counts, candidates[ranks[candidates] == first[counts.rows[candidates]]])


def _settle(winner: np.ndarray, counts: LabelCounts, chosen: np.ndarray) -> None:
    """Give the chosen entries the win where an item has one alone."""
    rows = counts.rows[chosen]
    alone = np.bincount(rows, minlength=counts.n_items)[rows] == 1
    winner[rows[alone]] = counts.labels[chosen[alone]]
