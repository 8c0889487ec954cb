"""Whole groups into splits: sizes as asked, categories in proportion.

A greedy start gives each group, the largest first, to the split that lacks most rows, which
alone keeps every split within one largest group of its size. On the way the largest groups are
moved to where they leave the others most room for proportion (`coarse`). A local search
(`search`) then moves and swaps groups as long as that brings the categories, at every level,
closer to their proportion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from curation.splits.coarse import ABSENT, ABSENT_OF_ALL, FEW, LEVELS, place_largest
from curation.splits.features import Feature
from curation.splits.search import by_size, improve

STEPS_A_GROUP = 200
_FEWEST_STEPS = 200_000
_MOST_STEPS = 20_000_000
_COARSE_STEPS = 500
_STEPS_OF_FEW, _STEPS_OF_EACH = 10_000, 100  # in all, for each group


@dataclass(frozen=True)
class GroupCounts:
    """How many rows of each feature each group has, as a sparse matrix by group.

    A feature is a category at some level; one row counts once at every level. ``kinds`` has the
    level of each feature, from 0.
    """

    sizes: np.ndarray
    starts: np.ndarray
    features: np.ndarray
    counts: np.ndarray
    kinds: np.ndarray


def count_groups(labels: np.ndarray, features: Sequence[np.ndarray | Feature]) -> GroupCounts:
    """Count features by group.

    Parameters
    ----------
    labels
        The group of each row, shape ``(n,)``.
    features
        One array of codes a level, each from 0 and of shape ``(n,)``, -1 counts nowhere; or a
        `Feature`, whose rows may have several codes.
    """
    n_groups = int(labels.max()) + 1 if len(labels) else 0
    keys: list[np.ndarray] = []
    n_codes: list[int] = []
    for feature in features:
        if isinstance(feature, Feature):
            rows, codes = feature.rows, feature.codes
        else:
            rows = np.flatnonzero(feature >= 0)
            codes = feature[rows]
        keys.append(labels[rows].astype(np.int64) * (1 << 32) + codes + sum(n_codes))
        n_codes.append(int(codes.max()) + 1 if len(codes) else 0)
    pairs, counts = np.unique(np.concatenate([np.empty(0, np.int64), *keys]), return_counts=True)
    owners = pairs >> 32
    starts = np.searchsorted(owners, np.arange(n_groups + 1))
    return GroupCounts(
        np.bincount(labels, minlength=n_groups).astype(np.int64),
        starts.astype(np.int64),
        (pairs & 0xFFFFFFFF).astype(np.int64),
        counts.astype(np.int64),
        np.repeat(np.arange(len(n_codes)), n_codes).astype(np.int64),
    )


def assign_groups(
    counts: GroupCounts,
    fractions: tuple[float, ...],
    *,
    slack: float,
    seed: int,
    proportion_slack: float = 0.0,
    steps_a_group: int = STEPS_A_GROUP,
) -> np.ndarray:
    """The split of each group, as a position in ``fractions``.

    Parameters
    ----------
    slack
        How far the share of a split may leave its fraction, in shares of all rows, where
        that brings categories closer to their proportion.
    seed
        Decides the order of equal groups and of the search; nothing else is random.
    proportion_slack
        How far a category's rows in a split may be from their proportion, as a share of it,
        before that counts.
    steps_a_group
        How long the search is: trials for each group, at least 200,000 in all. The largest
        groups are tried 500 times as often at each of their levels, few groups 100 times as
        often each and 10,000 times as often in all, whichever is less.

    Returns
    -------
    Shape ``(n_groups,)``. No split's rows are further from its fraction than the rows of
    the largest group.
    """
    total = int(counts.sizes.sum())
    shares = np.array(fractions)
    tolerance = max(slack * total, 1.0)
    asked = _Asked(
        counts,
        shares,
        shares * total,
        tolerance,
        proportion_slack,
        can_be_everywhere(counts, shares.min() * total + tolerance, len(fractions)),
        steps_a_group,
        seed,
    )
    n_groups = len(counts.sizes)
    shuffled = np.random.default_rng(seed).permutation(n_groups)
    order = shuffled[np.argsort(-counts.sizes[shuffled], kind="stable")]
    levels = [n for n in LEVELS if n < n_groups] if len(counts.kinds) else []
    assigned = _searched(asked, order, levels)
    if len(counts.kinds) and 1 < n_groups <= FEW:
        whole = (_searched(asked, order, [n_groups], absent) for absent in ABSENT_OF_ALL)
        assigned = min((assigned, *whole), key=lambda made: _distance(asked, made))
    _fill_empty(counts.sizes, asked.targets, assigned)
    return assigned


@dataclass(frozen=True)
class _Asked:
    """What `assign_groups` is given, and what follows from it."""

    counts: GroupCounts
    shares: np.ndarray
    targets: np.ndarray
    tolerance: float
    proportion_slack: float
    everywhere: np.ndarray
    steps_a_group: int
    seed: int


def _searched(
    asked: _Asked, order: np.ndarray, levels: list[int], absent: float = ABSENT
) -> np.ndarray:
    """The split of each group: the largest by level, the others by size, then the local search."""
    counts, n_groups = asked.counts, len(order)
    assigned = np.zeros(n_groups, np.int64)
    lacking = asked.targets.copy()
    n_placed = 0
    tries_of_all = min(_STEPS_OF_FEW, _STEPS_OF_EACH * n_groups)
    for n in levels:
        by_size(order[n_placed:n], counts.sizes, lacking, assigned)
        place_largest(
            order,
            n,
            counts.sizes,
            counts.starts,
            counts.features,
            counts.counts,
            counts.kinds,
            asked.everywhere,
            asked.shares,
            asked.targets,
            asked.tolerance,
            asked.proportion_slack,
            absent,
            asked.steps_a_group * (tries_of_all if n == n_groups else _COARSE_STEPS),
            asked.seed,
            assigned,
        )
        placed = order[:n]
        lacking = asked.targets - np.bincount(
            assigned[placed], weights=counts.sizes[placed], minlength=len(asked.targets)
        )
        n_placed = n
    by_size(order[n_placed:], counts.sizes, lacking, assigned)
    if not len(counts.kinds) or n_groups < 2:
        return assigned
    n_steps = min(max(asked.steps_a_group * n_groups, _FEWEST_STEPS), _MOST_STEPS)
    improve(
        counts.sizes,
        counts.starts,
        counts.features,
        counts.counts,
        asked.everywhere,
        asked.shares,
        asked.targets,
        asked.tolerance,
        asked.proportion_slack,
        0 if n_placed == n_groups else n_steps,
        asked.seed,
        assigned,
        len(counts.kinds),
    )
    return assigned


def _distance(asked: _Asked, assigned: np.ndarray) -> tuple[float, int, float]:
    """Rows beyond the tolerance, features absent that could be there, and rows off proportion."""
    counts, n_splits, n_features = asked.counts, len(asked.shares), len(asked.counts.kinds)
    rows = np.bincount(assigned, weights=counts.sizes, minlength=n_splits)
    beyond = np.maximum(np.abs(rows - asked.targets) - asked.tolerance, 0).max()
    cells = np.repeat(assigned, np.diff(counts.starts)) * n_features + counts.features
    held = np.bincount(cells, weights=counts.counts, minlength=n_splits * n_features)
    held = held.reshape(n_splits, n_features)
    share = asked.shares[:, None] * held.sum(0)
    off = np.maximum(np.abs(held - share) - asked.proportion_slack * share, 0)
    absent = (held == 0) & asked.everywhere
    return float(beyond), int(absent.sum()), float((off / asked.shares[:, None]).sum())


def _fill_empty(sizes: np.ndarray, targets: np.ndarray, assigned: np.ndarray) -> None:
    """Give each split without rows the smallest group of the one that can best do without it.

    Sizes alone would leave a test of 10 % of six single rows empty. Nothing moves where a split
    would come further from its size than the rows of the largest group.
    """
    for split in range(len(targets)):
        if (assigned == split).any():
            continue
        n_groups = np.bincount(assigned, minlength=len(targets))
        over = np.bincount(assigned, weights=sizes, minlength=len(targets)) - targets
        giver = int(np.argmax(np.where(n_groups > 1, over, -np.inf)))
        groups = np.flatnonzero(assigned == giver)
        smallest = groups[np.argmin(sizes[groups])]
        if n_groups[giver] > 1 and over[giver] - sizes[smallest] >= -sizes.max():
            assigned[smallest] = split


def can_be_everywhere(counts: GroupCounts, room: float, n_splits: int) -> np.ndarray:
    """Features held by as many groups as there are splits, all but one of which fit any split."""
    owners = np.repeat(np.arange(len(counts.sizes)), np.diff(counts.starts))
    holders = np.bincount(counts.features, minlength=len(counts.kinds))
    fitting = counts.features[counts.sizes[owners] <= room]
    return (holders >= n_splits) & (
        np.bincount(fitting, minlength=len(counts.kinds)) >= n_splits - 1
    )
