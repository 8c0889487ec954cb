"""The largest groups first: their splits, chosen while all smaller groups are free to fill in.

What the largest groups do decides how near to proportion any split can come, and once the small
groups are placed, a large one hardly moves any more. So the largest 30, 300 and 3,000 are placed
one after the other on a coarse view of the catalog (a multilevel search, as in graph partitioning:
Hendrickson and Leland 1995): the rows of the groups that have no place yet may go anywhere, row by
row. What a split then lacks or has too much of, whatever is filled in, bounds from below how far
it will be from proportion, and that bound is made small. Where there are few groups, all are
placed so as well, with nothing free, at several prices of an absent category, and the best of all
is taken: how dear a category must be for the search to bring it in everywhere, without losing its
way, differs between catalogs.
"""

from __future__ import annotations

import numba
import numpy as np

from curation.splits.search import next_state

LEVELS = (30, 300, 3_000)
FEW = 3_000
_HOT, _COLD = 0.3, 0.005
_HOT_OF_ALL, _COLD_OF_ALL = 20.0, 0.02
_SUM = 0.01
_ROWS = 4.0
ABSENT = 10.0
ABSENT_OF_ALL = (10.0, 20.0, 30.0)


@numba.njit(cache=True, nogil=True)
def place_largest(  # type: ignore[no-untyped-def]
    order, n_placed, sizes, starts, features, counts, kinds, everywhere, fractions, targets,
    tolerance, free, absent, n_steps, seed, assigned,
):  # fmt: skip
    """Move the first ``n_placed`` groups of ``order`` between splits, by threshold accepting.

    The distance: over splits and kinds of features, the larger of what is lacking and what is too
    much, weighted by one over the fraction. Both are equal in the end, where all rows are placed;
    so the smaller of the two costs next to nothing. Rows beyond the tolerance and features that
    are absent though they could be everywhere have their price. Of all states seen, the one
    nearest to its size is kept, and of these the one of the least distance.

    Parameters
    ----------
    absent
        What a split without a feature costs, in mean sizes of a group.
    kinds
        The kind of each feature, shape ``(n_features,)``: the level of the category, the price.
    assigned
        The split of each group, shape ``(n_groups,)``; changed in place.
    """
    n_splits, n_features = len(fractions), len(kinds)
    held = np.zeros((n_splits, n_features))
    rows = np.zeros(n_splits)
    spare = np.zeros(n_features)
    spare_rows = 0.0
    all_rows = np.zeros(n_features)
    for place in range(len(order)):
        group = order[place]
        if place < n_placed:
            rows[assigned[group]] += sizes[group]
        else:
            spare_rows += sizes[group]
        for i in range(starts[group], starts[group + 1]):
            all_rows[features[i]] += counts[i]
            if place < n_placed:
                held[assigned[group], features[i]] += counts[i]
            else:
                spare[features[i]] += counts[i]
    mean = rows.sum() / n_placed
    lacking = np.zeros((n_splits, kinds.max() + 1))
    too_much = np.zeros((n_splits, kinds.max() + 1))
    for split in range(n_splits):
        for f in range(n_features):
            share, slack = fractions[split] * all_rows[f], fractions[split] * all_rows[f] * free
            lacking[split, kinds[f]] += max(share - slack - held[split, f] - spare[f], 0.0)
            too_much[split, kinds[f]] += max(held[split, f] - share - slack, 0.0)
    less, more = np.zeros_like(lacking), np.zeros_like(lacking)
    off = np.zeros(n_splits)
    for split in range(n_splits):
        off[split] = _off(rows[split] - targets[split], spare_rows, tolerance)
    distance, least = 0.0, 0.0
    least_off = off.max()
    best = assigned[order[:n_placed]]
    hot, cold = (_HOT_OF_ALL, _COLD_OF_ALL) if n_placed == len(order) else (_HOT, _COLD)
    n_halvings = 1
    while hot > cold * (1 << n_halvings):
        n_halvings += 1
    hot *= mean / fractions.min()
    halving = n_steps // n_halvings + 1
    state = np.uint64(seed) * np.uint64(2654435761) + np.uint64(88172645463325252)
    for step in range(n_steps):
        state = next_state(state)
        group = order[np.int64((state >> np.uint64(11)) % np.uint64(n_placed))]
        here = assigned[group]
        there = (here + 1 + np.int64((state >> np.uint64(5)) % np.uint64(n_splits - 1))) % n_splits
        size = sizes[group]
        change = 0.0
        for split, sign in ((here, -1), (there, 1)):
            less[split] = 0.0
            more[split] = 0.0
            n_absent = 0
            for i in range(starts[group], starts[group + 1]):
                f, n = features[i], sign * counts[i]
                share, slack = fractions[split] * all_rows[f], fractions[split] * all_rows[f] * free
                over, under = held[split, f] - share - slack, share - slack - held[split, f]
                under -= spare[f]
                more[split, kinds[f]] += max(over + n, 0.0) - max(over, 0.0)
                less[split, kinds[f]] += max(under - n, 0.0) - max(under, 0.0)
                if everywhere[f] and spare[f] == 0:
                    n_absent += (held[split, f] + n == 0) - (held[split, f] == 0)
            for kind in range(lacking.shape[1]):
                was = max(lacking[split, kind], too_much[split, kind])
                is_now = max(
                    lacking[split, kind] + less[split, kind],
                    too_much[split, kind] + more[split, kind],
                )
                both = less[split, kind] + more[split, kind]
                change += 2.0 * (is_now - was + _SUM * both) / fractions[split]
            moved = _off(rows[split] + sign * size - targets[split], spare_rows, tolerance)
            change += _ROWS * (moved - off[split]) / fractions[split]
            change += absent * n_absent * mean / fractions[split]
        accepted = hot / (1 << (step // halving)) * (1.0 - 0.5 * ((step % halving) / halving))
        if change >= accepted:
            continue
        assigned[group] = there
        distance += change
        for split, sign in ((here, -1), (there, 1)):
            rows[split] += sign * size
            off[split] = _off(rows[split] - targets[split], spare_rows, tolerance)
            lacking[split] += less[split]
            too_much[split] += more[split]
            for i in range(starts[group], starts[group + 1]):
                held[split, features[i]] += sign * counts[i]
        worst = off.max()
        if worst < least_off or (worst == least_off and distance < least - 1e-6):
            least, least_off = distance, worst
            for place in range(n_placed):
                best[place] = assigned[order[place]]
    for place in range(n_placed):
        assigned[order[place]] = best[place]


@numba.njit(cache=True, nogil=True, inline="always")
def _off(over, spare_rows, tolerance):  # type: ignore[no-untyped-def]
    """How far beyond the tolerance a split will be at least, whatever the spare rows do."""
    return max(over - tolerance, -over - spare_rows - tolerance, 0.0)
