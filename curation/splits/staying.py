"""Groups stay in the split where they were: a decision about gold moves no row out of test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST_MIXED = 0.05
"""Where more of the rows are in groups that came together from several splits, all is drawn anew."""
NOT_KNOWN = -1


@dataclass(frozen=True)
class Stayed:
    """Where groups were.

    Attributes
    ----------
    split_of_group
        Position of the split, `NOT_KNOWN` for new groups; shape ``(n_groups,)``.
    n_mixed
        Groups that came together from several splits; they go where most of their rows were.
    mixed_share
        The share of the known rows that are in such groups, in [0, 1].
    """

    split_of_group: np.ndarray
    n_mixed: int
    mixed_share: float


def stayed(groups: np.ndarray, before: np.ndarray, n_splits: int) -> Stayed:
    """Where groups were before.

    Parameters
    ----------
    groups
        The group of each row, counted from 0 without a gap; shape ``(n,)``.
    before
        The position of the split in which each row was, `NOT_KNOWN` for new rows; shape ``(n,)``.

    Examples
    --------
    >>> stayed(np.array([0, 0, 1, 2, 2, 2]), np.array([0, -1, -1, 1, 1, 0]), 2)
    Stayed(split_of_group=array([ 0, -1,  1]), n_mixed=1, mixed_share=0.75)
    """
    n_groups = int(groups.max(initial=-1)) + 1
    known = before != NOT_KNOWN
    places = groups[known] * n_splits + before[known]
    counts = np.bincount(places, minlength=n_groups * n_splits).reshape(n_groups, n_splits)
    n_known = counts.sum(axis=1)
    is_mixed = (counts > 0).sum(axis=1) > 1
    return Stayed(
        np.where(n_known > 0, counts.argmax(axis=1), NOT_KNOWN),
        int(is_mixed.sum()),
        float(n_known[is_mixed].sum() / max(1, n_known.sum())),
    )
