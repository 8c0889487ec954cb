"""A test set that was cut before stays; what is new may not leak into it."""

from __future__ import annotations

import numpy as np
import polars as pl

from catalog.wording import counted
from curation.splits.by_group import by_group
from curation.splits.features import Feature
from curation.splits.settings import SplitSettings


def split_around(
    is_frozen: np.ndarray,
    labels: np.ndarray,
    features: list[Feature],
    settings: SplitSettings,
    *,
    before: pl.Series | None = None,
) -> tuple[np.ndarray, list[str]]:
    """The split of each row, as a position in the fractions; -1 where it is left out.

    Frozen rows are in test, whatever their share is by now. New rows that are in a group with
    one are dropped, or join the test set as a new version of it. The others are split among
    what is not test, in proportion to its fractions; those that were in such a split stay there.
    """
    test = len(settings.fractions) - 1
    tied = np.zeros(int(labels.max()) + 1, bool)
    tied[labels[is_frozen]] = True
    meets = tied[labels] & ~is_frozen
    rest = settings.fractions[:-1]
    is_new = ~is_frozen & ~meets
    shares = tuple(share / sum(rest) for share in rest)
    split, told = by_group(labels, is_new, features, settings, fractions=shares, before=before)
    split[is_frozen] = test
    n_frozen = int(is_frozen.sum())
    notes = [
        f"{counted(n_frozen, 'row')} of the frozen test set {'stays' if n_frozen == 1 else 'stay'} "
        "in test"
    ]
    if meets.any():
        n_meet = counted(int(meets.sum()), "new row")
        if settings.frozen_ties == "test":
            split[meets] = test
            notes.append(f"{n_meet} tied to the frozen test set put into test: a new version of it")
        else:
            notes.append(f"{n_meet} tied to the frozen test set dropped")
    return split, [*notes, *told]
