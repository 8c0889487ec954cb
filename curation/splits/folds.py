"""Folds for cross-validation: grouped and stratified, of what is not in test."""

from __future__ import annotations

import numpy as np
import polars as pl

from catalog.errors import InputError
from catalog.wording import counted
from curation.splits.by_group import drawn
from curation.splits.features import Feature
from curation.splits.settings import SplitSettings


def folds_of(
    split_of_row: np.ndarray, labels: np.ndarray, features: list[Feature], settings: SplitSettings
) -> pl.Series:
    """The fold of each row, from 1; null in test, where it is in no split, or without folds.

    No group is in two folds; sizes are even and categories in proportion, as for splits.

    Raises
    ------
    InputError
        If there are fewer groups than folds.
    """
    k = settings.folds
    if not k:
        return pl.Series("fold", [None] * len(labels), dtype=pl.Int64)
    inside = (split_of_row >= 0) & (split_of_row < len(settings.fractions) - 1)
    n_groups = len(np.unique(labels[inside]))
    if n_groups < k:
        raise InputError(
            f"--folds {k}: outside test there are only {counted(n_groups, 'group')}, and a group is "
            "in one fold alone. Ask for fewer folds."
        )
    fold = pl.Series("fold", drawn(labels, inside, features, settings, tuple([1 / k] * k)) + 1)
    return fold.set(~pl.Series(inside), None)
