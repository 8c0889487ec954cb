"""Whole groups into splits: sizes as asked, categories in proportion.

A greedy start gives each group, the largest first, to the split that lacks most rows, which
alone keeps every split within one largest group of its size. A local search then moves
groups as long as that brings the categories, at every level, closer to their proportion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

_MAX_PASSES = 20
_FEWEST_STEPS = 200_000
_MOST_STEPS = 20_000_000


@dataclass(frozen=True)
class GroupCounts:
    """How many rows of each feature each group has, as a sparse matrix by group.

    A feature is a category at some level; one row counts once at every level.
    """

    sizes: np.ndarray
    starts: np.ndarray
    features: np.ndarray
    counts: np.ndarray
    n_features: int


def count_groups(labels: np.ndarray, features: list[np.ndarray]) -> GroupCounts:
    """Count features by group.

    Parameters
    ----------
    labels
        The group of each row, shape ``(n,)``.
    features
        One array of codes a level, each from 0 and of shape ``(n,)``; -1 counts nowhere.
    """
    n_groups = int(labels.max()) + 1 if len(labels) else 0
    offset, keys = 0, []
    for codes in features:
        known = codes >= 0
        keys.append(labels[known].astype(np.int64) * (1 << 32) + codes[known] + offset)
        offset += int(codes.max()) + 1 if known.any() else 0
    pairs, counts = np.unique(np.concatenate([np.empty(0, np.int64), *keys]), return_counts=True)
    owners = pairs >> 32
    starts = np.searchsorted(owners, np.arange(n_groups + 1))
    return GroupCounts(
        np.bincount(labels, minlength=n_groups).astype(np.int64),
        starts.astype(np.int64),
        (pairs & 0xFFFFFFFF).astype(np.int64),
        counts.astype(np.int64),
        offset,
    )


def assign_groups(
    counts: GroupCounts, fractions: tuple[float, ...], *, slack: float, seed: int
) -> np.ndarray:
    """The split of each group, as a position in ``fractions``.

    Parameters
    ----------
    slack
        How far the share of a split may leave its fraction, in shares of all rows, where
        that brings categories closer to their proportion.
    seed
        Decides the order of equal groups and of the search; nothing else is random.

    Returns
    -------
    Shape ``(n_groups,)``. No split's rows are further from its fraction than the rows of
    the largest group.
    """
    total = int(counts.sizes.sum())
    targets = np.array(fractions) * total
    generator = np.random.default_rng(seed)
    shuffled = generator.permutation(len(counts.sizes))
    order = shuffled[np.argsort(-counts.sizes[shuffled], kind="stable")]
    assigned: np.ndarray = _greedy(order, counts.sizes, targets)
    if counts.n_features == 0 or len(counts.sizes) < 2:
        return assigned
    n_holding = np.bincount(counts.features, minlength=counts.n_features)
    _search(
        counts.sizes,
        counts.starts,
        counts.features,
        counts.counts,
        n_holding >= len(fractions),
        np.array(fractions),
        targets,
        max(slack * total, 1.0),
        min(max(200 * len(counts.sizes), _FEWEST_STEPS), _MOST_STEPS),
        seed,
        assigned,
        counts.n_features,
    )
    return assigned


@numba.njit(cache=True, nogil=True)
def _greedy(order, sizes, targets):  # type: ignore[no-untyped-def]
    lacking = targets.copy()
    assigned = np.zeros(len(sizes), np.int64)
    for group in order:
        split = np.argmax(lacking)
        assigned[group] = split
        lacking[split] -= sizes[group]
    return assigned


@numba.njit(cache=True, nogil=True, inline="always")
def _change(  # type: ignore[no-untyped-def]
    group, here, there, starts, features, counts, held, groups_of, all_rows, everywhere, fractions,
    price,
):  # fmt: skip
    """How much moving a group changes the distance to proportion; negative is better."""
    change = 0.0
    for i in range(starts[group], starts[group + 1]):
        f, n = features[i], counts[i]
        over = held[here, f] - fractions[here] * all_rows[f]
        change += (abs(over - n) - abs(over)) / fractions[here]
        over = held[there, f] - fractions[there] * all_rows[f]
        change += (abs(over + n) - abs(over)) / fractions[there]
        if everywhere[f]:
            if groups_of[here, f] == 1:
                change += price
            if groups_of[there, f] == 0:
                change -= price
    return change


@numba.njit(cache=True, nogil=True, inline="always")
def _move(group, here, there, sizes, starts, features, counts, held, groups_of, rows, assigned):  # type: ignore[no-untyped-def]
    assigned[group] = there
    rows[here] -= sizes[group]
    rows[there] += sizes[group]
    for i in range(starts[group], starts[group + 1]):
        held[here, features[i]] -= counts[i]
        held[there, features[i]] += counts[i]
        groups_of[here, features[i]] -= 1
        groups_of[there, features[i]] += 1


@numba.njit(cache=True, nogil=True, inline="always")
def _fits(size, here, there, rows, targets, tolerance):  # type: ignore[no-untyped-def]
    """Whether both splits stay within the tolerance, or come no further from their size."""
    off_here, off_there = rows[here] - targets[here], rows[there] - targets[there]
    worst = max(abs(off_here), abs(off_there), tolerance)
    return max(abs(off_here - size), abs(off_there + size)) <= worst


@numba.njit(cache=True, nogil=True)
def _search(  # type: ignore[no-untyped-def]
    sizes, starts, features, counts, everywhere, fractions, targets, tolerance, n_steps, seed,
    assigned, n_features,
):  # fmt: skip
    """Simulated annealing, then descent, over moves of one group and swaps of two.

    The distance: over splits and features, how many rows are too many or too few, weighted by
    one over the fraction, so that a small split counts as much as a large one; and, for a
    feature that has the groups to be everywhere, a high price for each split without it.
    """
    n_splits, n_groups = len(fractions), len(sizes)
    held = np.zeros((n_splits, n_features))
    groups_of = np.zeros((n_splits, n_features))
    rows = np.zeros(n_splits)
    all_rows = np.zeros(n_features)
    for group in range(n_groups):
        split = assigned[group]
        rows[split] += sizes[group]
        for i in range(starts[group], starts[group + 1]):
            held[split, features[i]] += counts[i]
            groups_of[split, features[i]] += 1
            all_rows[features[i]] += counts[i]
    mean_size = rows.sum() / n_groups
    moved = 0
    price = 50.0 * mean_size / fractions.min()
    hot, cold = 20.0 * mean_size / fractions.min(), 0.2
    cooling = (cold / hot) ** (1.0 / max(n_steps, 1))
    temperature = hot
    state = np.uint64(seed) * np.uint64(2654435761) + np.uint64(88172645463325252)
    for step in range(n_steps + _MAX_PASSES * n_groups):
        state ^= state << np.uint64(13)
        state ^= state >> np.uint64(7)
        state ^= state << np.uint64(17)
        descent = step >= n_steps
        drawn = (state >> np.uint64(11)) % np.uint64(n_groups)
        group = step % n_groups if descent else np.int64(drawn)
        if descent and step % n_groups == 0:
            if step > n_steps + n_groups and moved == 0:
                break
            moved = 0
        here = assigned[group]
        there = (here + 1 + np.int64((state >> np.uint64(5)) % np.uint64(n_splits - 1))) % n_splits
        if not _fits(sizes[group], here, there, rows, targets, tolerance):
            continue
        change = _change(
            group,
            here,
            there,
            starts,
            features,
            counts,
            held,
            groups_of,
            all_rows,
            everywhere,
            fractions,
            price,
        )
        temperature *= cooling
        chance = np.float64(state >> np.uint64(11)) / 9007199254740992.0
        if change < -1e-9 or (not descent and change < temperature * -np.log(chance + 1e-300)):
            _move(
                group, here, there, sizes, starts, features, counts, held, groups_of, rows, assigned
            )
            moved += 1
