"""Rows into splits by whole groups; those that were in one before stay there."""

from __future__ import annotations

import numpy as np
import polars as pl

from catalog.wording import counted
from curation.splits.assign import assign_groups, count_groups
from curation.splits.features import Feature
from curation.splits.settings import SplitSettings
from curation.splits.staying import MOST_MIXED, NOT_KNOWN, stayed


def by_group(
    labels: np.ndarray,
    is_kept: np.ndarray,
    features: list[Feature],
    settings: SplitSettings,
    *,
    fractions: tuple[float, ...],
    before: pl.Series | None = None,
) -> tuple[np.ndarray, list[str]]:
    """The split of each row that is kept, as a position in the fractions; -1 elsewhere.

    Parameters
    ----------
    labels
        The group of each row, shape ``(n,)``.
    fractions
        Of the first splits of the settings, those among which rows are split.
    before
        The split in which each row was, null for new ones: their groups stay there.
    """
    places = {name: place for place, name in enumerate(settings.names[: len(fractions)])}
    if before is None or not before.is_in(list(places)).any():
        return drawn(labels, is_kept, features, settings, fractions), []
    known = before.replace_strict(places, default=NOT_KNOWN, return_dtype=pl.Int64).to_numpy()
    _, groups = np.unique(labels, return_inverse=True)
    found = stayed(groups, np.where(is_kept, known, NOT_KNOWN), len(places))
    if found.mixed_share > MOST_MIXED:
        return drawn(labels, is_kept, features, settings, fractions), [
            f"{found.mixed_share:.0%} of the rows are in groups that came together from several "
            "splits: all groups are drawn anew, and runs on the split before have to be made again"
        ]
    split = np.where(is_kept, found.split_of_group[groups], -1)
    is_new = is_kept & (found.split_of_group[groups] == NOT_KNOWN)
    split[is_new] = drawn(labels, is_new, features, settings, fractions)[is_new]
    if not found.n_mixed:
        return split, []
    return split, [
        f"{counted(found.n_mixed, 'group')} came together from several splits: each is now where "
        "most of its rows were"
    ]


def drawn(
    labels: np.ndarray,
    is_kept: np.ndarray,
    features: list[Feature],
    settings: SplitSettings,
    fractions: tuple[float, ...],
) -> np.ndarray:
    """The split of each row that is kept, as a position in ``fractions``; -1 elsewhere."""
    split = np.full(len(labels), -1)
    if not is_kept.any():
        return split
    _, compact = np.unique(labels[is_kept], return_inverse=True)
    number = np.cumsum(is_kept) - 1
    inside = [_only(feature, is_kept, number) for feature in features]
    assigned = assign_groups(
        count_groups(compact, inside),
        fractions,
        slack=settings.slack,
        seed=settings.seed,
        proportion_slack=settings.proportion_slack,
    )
    split[is_kept] = assigned[compact]
    return split


def _only(feature: Feature, is_kept: np.ndarray, number: np.ndarray) -> Feature:
    held = is_kept[feature.rows]
    return Feature(feature.name, number[feature.rows[held]], feature.codes[held])
