"""The items on which annotators differ: who said what, and where the paths part."""

from __future__ import annotations

import numpy as np
import polars as pl

from curation.agreement.counts import LabelCounts
from curation.agreement.distances import nominal, taxonomy
from curation.agreement.levels import VotedPaths, parting_levels
from curation.agreement.votes import Votes

VOTE = pl.Struct({"annotator_id": pl.String, "value": pl.String, "score": pl.Float64})


def disagreement_table(
    votes: Votes, counts: LabelCounts, paths: VotedPaths | None = None
) -> pl.DataFrame:
    """Items with two different labels or more, the most useful to review first.

    First those where the label with the most votes has the smallest share of them, then those
    that part nearest to the root, then those that lie farthest apart, then those whose
    annotators were the most confident, then by item.

    Parameters
    ----------
    paths
        The tree of the labels, where they are category paths.

    Returns
    -------
    ``item``; ``level`` at which the paths part, 1 for the root (null without paths);
    ``n_votes``; ``n_values``, how many different labels; ``share`` of the label with the most
    votes; ``distance``, the mean distance of two votes in [0, 1] (`Taxonomy.distance`; without
    paths the share of unequal pairs); ``score``, the mean of the annotators' scores, null
    without any; ``votes``, list of ``annotator_id, value, score``.
    """
    n_values = np.diff(counts.starts)
    differ = n_values > 1
    chosen, kept = counts.only(differ)
    rank_of = np.full(counts.n_items, -1)
    rank_of[kept] = np.arange(len(kept))
    mine = np.flatnonzero(differ[votes.items])
    sizes = chosen.sizes
    measured = (nominal if paths is None else taxonomy(paths.tree, paths.codes))(chosen)
    said = (
        pl.DataFrame(
            {
                "item": rank_of[votes.items[mine]],
                "annotator_id": votes.annotator_names.gather(votes.annotators[mine]),
                "value": votes.label_names.gather(votes.labels[mine]),
                "score": votes.scores[mine],
            },
            schema_overrides={"item": pl.Int64, "score": pl.Float64},
        )
        .with_columns(pl.col("score").fill_nan(None))
        .group_by("item", maintain_order=True)
        .agg(
            pl.struct("annotator_id", "value", "score").alias("votes"),
            pl.col("score").mean().alias("score"),
        )
    )
    level = pl.Series("level", [None] * len(kept), pl.Int32)
    if paths is not None:
        level = pl.Series("level", parting_levels(chosen, paths), pl.Int32)
    return pl.DataFrame(
        {
            "item": votes.item_names.gather(kept),
            "level": level,
            "n_votes": sizes.astype(np.int64),
            "n_values": n_values[kept].astype(np.int64),
            "share": chosen.most() / sizes,
            "distance": (measured.within / sizes).round(9),
            "score": said["score"],
            "votes": said["votes"].cast(pl.List(VOTE)),
        }
    ).sort(
        ["share", "level", "distance", "score", "item"],
        descending=[False, False, True, True, False],
        nulls_last=True,
    )
