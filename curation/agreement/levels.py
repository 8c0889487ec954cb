"""Category paths as labels: the tree of the voted paths, and the votes cut at each level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from catalog.paths import parted
from catalog.taxonomy import Taxonomy
from curation.agreement.counts import LabelCounts
from curation.agreement.votes import Votes


@dataclass(frozen=True)
class VotedPaths:
    """The tree of the voted paths, whether they are in a taxonomy or not.

    Attributes
    ----------
    tree
        Every voted path and what is above it.
    codes
        The node of each label, shape ``(n_labels,)``.
    """

    tree: Taxonomy
    codes: np.ndarray

    @property
    def n_levels(self) -> int:
        """The depth of the deepest path."""
        return self.tree.max_depth


def voted_paths(labels: pl.Series) -> VotedPaths:
    """The tree of joined paths.

    Examples
    --------
    >>> voted_paths(pl.Series(["A > B", "A > C"])).tree.nodes["path_text"].to_list()
    ['A', 'A > B', 'A > C']
    """
    given = (
        labels.alias("text")
        .to_frame()
        .select(
            pl.coalesce(parted("text"), pl.concat_list("text")).alias("path"),
            pl.lit(None, pl.String).alias("node_id"),
        )
    )
    tree = Taxonomy.from_frame(given, name="voted", version="1")
    return VotedPaths(tree, tree.codes(given["path"]))


def at_level(votes: Votes, paths: VotedPaths, level: int) -> Votes:
    """The votes with their labels cut at a level, 1 for the root; shorter paths stay whole."""
    depths = paths.tree.depths[paths.codes]
    cut = paths.tree.ancestors[paths.codes, np.minimum(depths, level) - 1]
    kept, labels = np.unique(cut, return_inverse=True)
    return votes.relabelled(labels[votes.labels], paths.tree.nodes["path_text"].gather(kept))


def parting_levels(counts: LabelCounts, paths: VotedPaths) -> np.ndarray:
    """The first level at which the votes of an item differ; 1 is the root.

    Where all votes are the same, and where one path ends while another goes on, it is the
    level below the last one that all share. Shape ``(n_items,)``.
    """
    ancestors = paths.tree.ancestors[paths.codes][counts.labels]
    if not len(ancestors):
        return np.empty(0, np.int64)
    lowest = np.minimum.reduceat(ancestors, counts.starts[:-1], axis=0)
    highest = np.maximum.reduceat(ancestors, counts.starts[:-1], axis=0)
    return np.asarray(((lowest == highest) & (lowest >= 0)).sum(axis=1) + 1)
