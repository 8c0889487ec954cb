"""How many votes each item gives each label: a sparse table that thousands of labels fit in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array

from curation.agreement.votes import Votes


@dataclass(frozen=True)
class LabelCounts:
    """Rows of a sparse item-by-label matrix of vote counts.

    Attributes
    ----------
    starts
        Where each item begins in the next two, shape ``(n_items + 1,)``.
    labels
        The distinct labels of each item, ascending.
    counts
        How many votes each of them has, as floats.
    n_labels
        How many labels there are.
    """

    starts: np.ndarray
    labels: np.ndarray
    counts: np.ndarray
    n_labels: int

    @property
    def n_items(self) -> int:
        """How many items there are."""
        return len(self.starts) - 1

    @property
    def rows(self) -> np.ndarray:
        """The item of each entry."""
        return np.repeat(np.arange(self.n_items), np.diff(self.starts))

    @property
    def sizes(self) -> np.ndarray:
        """Votes of each item, shape ``(n_items,)``."""
        return self.sums(self.counts)

    @property
    def margins(self) -> np.ndarray:
        """Votes of each label, shape ``(n_labels,)``."""
        return np.bincount(self.labels, weights=self.counts, minlength=self.n_labels)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """The sum of a value per entry over each item."""
        summed = np.bincount(self.rows, weights=values, minlength=self.n_items)
        return summed.astype(np.float64, copy=False)  # of no entries, NumPy makes integers

    def only(self, is_kept: np.ndarray) -> tuple[LabelCounts, np.ndarray]:
        """Some of the items, and which ones they are."""
        kept = np.flatnonzero(is_kept)
        if len(kept) == self.n_items:
            return self, kept
        entries = is_kept[self.rows]
        starts = np.concatenate([[0], np.cumsum(np.diff(self.starts)[kept])])
        return LabelCounts(starts, self.labels[entries], self.counts[entries], self.n_labels), kept

    def paired(self) -> tuple[LabelCounts, np.ndarray]:
        """The items with at least two votes, and which ones they are."""
        return self.only(self.sizes >= 2)

    def most(self) -> np.ndarray:
        """Votes of the label with the most, shape ``(n_items,)``; every item has a vote."""
        if self.n_items == 0:
            return np.empty(0)
        return np.asarray(np.maximum.reduceat(self.counts, self.starts[:-1]))


def label_counts(votes: Votes) -> LabelCounts:
    """Count the votes of each item by label; repeats must be gone (`votes_of`).

    Examples
    --------
    >>> import polars as pl
    >>> from curation.agreement.votes import votes_of
    >>> votes = votes_of(pl.DataFrame({"item": [1, 1, 1], "annotator": ["a", "b", "c"],
    ...     "label": ["x", "y", "x"]}))
    >>> label_counts(votes).counts.tolist()
    [2.0, 1.0]
    """
    n_labels = len(votes.label_names)
    table = coo_array(
        (np.ones(len(votes)), (votes.items, votes.labels)), shape=(votes.n_items, n_labels)
    ).tocsr()
    table.sum_duplicates()
    return LabelCounts(table.indptr, table.indices, table.data, n_labels)
