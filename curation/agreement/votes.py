"""Votes as integer codes: what every coefficient and every table here works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl


@dataclass(frozen=True)
class Votes:
    """One vote an annotator and item, sorted by item, then annotator.

    Attributes
    ----------
    items, annotators, labels
        Codes from 0 into the names, each of shape ``(n_votes,)``.
    scores
        The annotator's own confidence, NaN where it has none; shape ``(n_votes,)``.
    item_names, annotator_names, label_names
        Sorted, whole numbers by size; every name has at least one vote.
    n_empty
        Rows that give no label: abstentions, not votes.
    n_incomplete
        Rows that name no item or no annotator, left out.
    n_repeated
        Earlier votes of an annotator on an item it votes on again: the last one counts.
    """

    items: np.ndarray
    annotators: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    item_names: pl.Series
    annotator_names: pl.Series
    label_names: pl.Series
    n_empty: int = 0
    n_incomplete: int = 0
    n_repeated: int = 0

    def __len__(self) -> int:
        """How many votes there are."""
        return len(self.items)

    @property
    def n_items(self) -> int:
        """Items with at least one vote."""
        return len(self.item_names)

    @property
    def n_annotators(self) -> int:
        """Annotators with at least one vote."""
        return len(self.annotator_names)

    def relabelled(self, labels: np.ndarray, names: pl.Series) -> Votes:
        """The same votes with other labels, such as the ancestors of the first ones."""
        return Votes(
            self.items,
            self.annotators,
            labels,
            self.scores,
            self.item_names,
            self.annotator_names,
            names,
            self.n_empty,
            self.n_incomplete,
            self.n_repeated,
        )


def votes_of(
    frame: pl.DataFrame,
    *,
    item: str = "item",
    annotator: str = "annotator",
    label: str = "label",
    score: str | None = None,
    label_order: Sequence[str] | None = None,
) -> Votes:
    """Code a long frame of votes.

    Where an annotator votes on an item more than once, the last row counts: it is the
    correction. A row without a label is an abstention, not a vote.

    Parameters
    ----------
    frame
        One vote a row. Whole numbers are compared as such, all else as text.
    label_order
        Every label there is, in an order of its own; sorted by name without it.

    Examples
    --------
    >>> frame = pl.DataFrame({"item": [1, 1, 2, 1], "annotator": ["a", "b", "a", "b"],
    ...     "label": ["x", "x", None, "y"]})
    >>> votes = votes_of(frame)
    >>> votes.labels.tolist(), votes.n_repeated, votes.n_empty
    ([0, 1], 1, 1)
    """
    given = frame.select(
        pl.col(item).alias("item"),
        pl.col(annotator).alias("annotator"),
        pl.col(label).alias("label"),
        (pl.lit(None) if score is None else pl.col(score)).cast(pl.Float64).alias("score"),
    )
    named = given.drop_nulls(["item", "annotator"])
    voted = named.drop_nulls("label")
    item_codes, items = _coded(voted["item"])
    annotator_codes, annotators = _coded(voted["annotator"])
    label_codes, labels = _coded(voted["label"], label_order)
    scores = voted["score"].fill_null(np.nan).to_numpy()
    kept_rows = _last_of_each(item_codes * max(len(annotators), 1) + annotator_codes)
    return _without_unused(
        Votes(
            item_codes[kept_rows],
            annotator_codes[kept_rows],
            label_codes[kept_rows],
            scores[kept_rows],
            items,
            annotators,
            labels,
            n_empty=named.height - voted.height,
            n_incomplete=given.height - named.height,
            n_repeated=voted.height - len(kept_rows),
        )
    )


def _coded(values: pl.Series, order: Sequence[str] | None = None) -> tuple[np.ndarray, pl.Series]:
    """Codes of values, and their names as text: as ordered, else sorted."""
    if values.dtype.is_integer() and order is None:
        kept, codes = np.unique(values.to_numpy(), return_inverse=True)
        return codes, pl.Series(values.name, kept).cast(pl.String)
    texts = values.cast(pl.String)
    names = texts.unique().sort()
    if order is not None:
        there = set(names)
        named = [name for name in dict.fromkeys(order) if name in there]
        names = pl.Series(values.name, named, pl.String)
    return texts.cast(pl.Enum(names)).to_physical().to_numpy().astype(np.int64), names


def _last_of_each(keys: np.ndarray) -> np.ndarray:
    """The last row of each key, by rising key."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    is_last = np.ones(len(keys), bool)
    is_last[:-1] = ordered[1:] != ordered[:-1]
    return order[is_last]


def _without_unused(votes: Votes) -> Votes:
    """Labels that only overruled votes held are no labels."""
    if votes.n_repeated == 0:
        return votes
    used = np.zeros(len(votes.label_names), bool)
    used[votes.labels] = True
    return votes.relabelled(
        (np.cumsum(used) - 1)[votes.labels], votes.label_names.filter(pl.Series(used))
    )
