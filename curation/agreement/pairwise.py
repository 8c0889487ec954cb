"""Every pair of annotators: how often they agree, and how much more than chance."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl

from curation.agreement.cohen import cohen_kappa
from curation.agreement.votes import Votes
from stats.intervals import mean_estimate

PAIRWISE_SCHEMA = pl.Schema(
    {
        "annotator_a": pl.String(),
        "annotator_b": pl.String(),
        "n_items": pl.Int64(),
        "percent_agreement": pl.Float64(),
        "percent_agreement_low": pl.Float64(),
        "percent_agreement_high": pl.Float64(),
        "cohen_kappa": pl.Float64(),
        "cohen_kappa_low": pl.Float64(),
        "cohen_kappa_high": pl.Float64(),
        "reason": pl.String(),
    }
)
"""``n_items`` are those on which both voted; NaN values say why in ``reason``."""


def pairwise_table(
    votes: Votes, *, clusters: np.ndarray | None = None, most_annotators: int = 30
) -> pl.DataFrame:
    """Percent agreement and Cohen's kappa of each pair of annotators.

    The number of pairs grows with the square of that of annotators: over ``most_annotators``
    the table is empty.

    Returns
    -------
    `PAIRWISE_SCHEMA`, by the annotators' names.

    Examples
    --------
    >>> from curation.agreement.votes import votes_of
    >>> votes = votes_of(pl.DataFrame({"item": [1, 1, 2, 2], "annotator": ["a", "b", "a", "b"],
    ...     "label": ["x", "x", "x", "y"]}))
    >>> pairwise_table(votes).select("annotator_a", "annotator_b", "percent_agreement").rows()
    [('a', 'b', 0.5)]
    """
    if votes.n_annotators > most_annotators:
        return pl.DataFrame(schema=PAIRWISE_SCHEMA)
    table = np.full((votes.n_annotators, votes.n_items), -1, np.int32)
    table[votes.annotators, votes.items] = votes.labels
    rows = []
    for a, b in itertools.combinations(range(votes.n_annotators), 2):
        both = (table[a] >= 0) & (table[b] >= 0)
        left, right = table[a, both], table[b, both]
        groups = None if clusters is None else clusters[both]
        percent = mean_estimate((left == right).astype(float), groups)
        kappa = cohen_kappa(left, right, len(votes.label_names), groups)
        rows.append(
            (
                votes.annotator_names[a],
                votes.annotator_names[b],
                len(left),
                *(percent.value, percent.low, percent.high),
                *(kappa.value, kappa.low, kappa.high),
                kappa.reason,
            )
        )
    return pl.DataFrame(rows, schema=PAIRWISE_SCHEMA, orient="row")
