"""The local search behind `assign`: moves and swaps of whole groups, in compiled loops.

Only sums, products and comparisons of numbers decide, never a logarithm or a thread, so that
every machine goes the same way.
"""

from __future__ import annotations

import numba
import numpy as np

_MAX_PASSES = 20
_HOT, _COLD = 20.0, 0.2
_PRICE = 50.0
_SWAPS_TRIED = 400


@numba.njit(cache=True, nogil=True)
def by_size(order, sizes, lacking, assigned):  # type: ignore[no-untyped-def]
    """Give each group, in order, to the split that lacks most rows; changes the last two."""
    for group in order:
        split = np.argmax(lacking)
        assigned[group] = split
        lacking[split] -= sizes[group]


@numba.njit(cache=True, nogil=True, inline="always")
def next_state(state):  # type: ignore[no-untyped-def]
    """The next state of a xorshift generator (Marsaglia 2003)."""
    state ^= state << np.uint64(13)
    state ^= state >> np.uint64(7)
    return state ^ (state << np.uint64(17))


@numba.njit(cache=True, nogil=True, inline="always")
def _change(  # type: ignore[no-untyped-def]
    group, here, there, starts, features, counts, held, groups_of, all_rows, everywhere, fractions,
    free, price,
):  # fmt: skip
    """How much moving a group changes the distance to proportion; negative is better.

    What is off by no more than ``free`` of a feature's share costs nothing.
    """
    change = 0.0
    for i in range(starts[group], starts[group + 1]):
        f, n = features[i], counts[i]
        share = fractions[here] * all_rows[f]
        over, slack = held[here, f] - share, free * share
        change += (max(abs(over - n) - slack, 0.0) - max(abs(over) - slack, 0.0)) / fractions[here]
        share = fractions[there] * all_rows[f]
        over, slack = held[there, f] - share, free * share
        change += (max(abs(over + n) - slack, 0.0) - max(abs(over) - slack, 0.0)) / fractions[there]
        if everywhere[f]:
            if groups_of[here, f] == 1:
                change += price
            if groups_of[there, f] == 0:
                change -= price
    return change


@numba.njit(cache=True, nogil=True, inline="always")
def _move(group, there, sizes, starts, features, counts, held, groups_of, rows, assigned):  # type: ignore[no-untyped-def]
    here = assigned[group]
    assigned[group] = there
    rows[here] -= sizes[group]
    rows[there] += sizes[group]
    for i in range(starts[group], starts[group + 1]):
        held[here, features[i]] -= counts[i]
        held[there, features[i]] += counts[i]
        groups_of[here, features[i]] -= 1
        groups_of[there, features[i]] += 1


@numba.njit(cache=True, nogil=True, inline="always")
def _fits(more, here, there, rows, targets, tolerance):  # type: ignore[no-untyped-def]
    """Whether both splits stay within the tolerance, or come no further from their size."""
    off_here, off_there = rows[here] - targets[here], rows[there] - targets[there]
    worst = max(abs(off_here), abs(off_there), tolerance)
    return max(abs(off_here - more), abs(off_there + more)) <= worst


@numba.njit(cache=True, nogil=True)
def improve(  # type: ignore[no-untyped-def]
    sizes, starts, features, counts, everywhere, fractions, targets, tolerance, free, n_steps, seed,
    assigned, n_features,
):  # fmt: skip
    """Threshold accepting (Dueck and Scheuer 1990), then descent by moves, then by swaps.

    The distance: over splits and features, how many rows are too many or too few, weighted by
    one over the fraction, so that a small split counts as much as a large one; and, for a
    feature that has the groups to be everywhere, a price for each split without it, which in
    the end no other gain outweighs.
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
    price = _PRICE * rows.sum() / n_groups / fractions.min()
    hot = _HOT * rows.sum() / n_groups / fractions.min()
    n_halvings = 1
    while hot > _COLD * (1 << n_halvings):
        n_halvings += 1
    halving = n_steps // n_halvings + 1
    state = np.uint64(seed) * np.uint64(2654435761) + np.uint64(88172645463325252)
    for step in range(n_steps):
        state = next_state(state)
        group = np.int64((state >> np.uint64(11)) % np.uint64(n_groups))
        here = assigned[group]
        there = (here + 1 + np.int64((state >> np.uint64(5)) % np.uint64(n_splits - 1))) % n_splits
        if not _fits(sizes[group], here, there, rows, targets, tolerance):
            continue
        accepted = hot / (1 << (step // halving)) * (1.0 - 0.5 * ((step % halving) / halving))
        change = _change(
            group, here, there, starts, features, counts, held, groups_of, all_rows, everywhere,
            fractions, free, price,
        )  # fmt: skip
        if change < accepted:
            _move(group, there, sizes, starts, features, counts, held, groups_of, rows, assigned)
    price = 1e3 * rows.sum() / fractions.min()
    for _ in range(_MAX_PASSES):
        n_moved = 0
        for group in range(n_groups):
            for turn in range(1, n_splits):
                here = assigned[group]
                there = (here + turn) % n_splits
                if not _fits(sizes[group], here, there, rows, targets, tolerance):
                    continue
                change = _change(
                    group, here, there, starts, features, counts, held, groups_of, all_rows,
                    everywhere, fractions, free, price,
                )  # fmt: skip
                if change < -1e-6:
                    _move(
                        group, there, sizes, starts, features, counts, held, groups_of, rows,
                        assigned,
                    )  # fmt: skip
                    n_moved += 1
        n_moved += _fill_gaps(
            sizes, starts, features, counts, held, groups_of, all_rows, everywhere, fractions,
            targets, tolerance, free, price, rows, assigned, state,
        )  # fmt: skip
        if n_moved == 0:
            break


@numba.njit(cache=True, nogil=True)
def _fill_gaps(  # type: ignore[no-untyped-def]
    sizes, starts, features, counts, held, groups_of, all_rows, everywhere, fractions, targets,
    tolerance, free, price, rows, assigned, state,
):  # fmt: skip
    """Bring each absent feature in by a swap: one group that holds it for one that gives way."""
    n_splits, n_groups = len(fractions), len(sizes)
    n_swapped = 0
    for group in range(n_groups):
        for split in range(n_splits):
            here = assigned[group]
            if split == here:
                continue
            brings = False
            for i in range(starts[group], starts[group + 1]):
                f = features[i]
                if everywhere[f] and groups_of[split, f] == 0 and groups_of[here, f] > 1:
                    brings = True
            if not brings:
                continue
            first = _change(
                group, here, split, starts, features, counts, held, groups_of, all_rows, everywhere,
                fractions, free, price,
            )  # fmt: skip
            if first >= 0:
                continue
            _move(group, split, sizes, starts, features, counts, held, groups_of, rows, assigned)
            kept = False
            for _ in range(_SWAPS_TRIED):
                state = next_state(state)
                other = np.int64((state >> np.uint64(11)) % np.uint64(n_groups))
                if assigned[other] != split or other == group:
                    continue
                rows[here] += sizes[group]
                rows[split] -= sizes[group]
                fits = _fits(sizes[group] - sizes[other], here, split, rows, targets, tolerance)
                rows[here] -= sizes[group]
                rows[split] += sizes[group]
                if not fits:
                    continue
                second = _change(
                    other, split, here, starts, features, counts, held, groups_of, all_rows,
                    everywhere, fractions, free, price,
                )  # fmt: skip
                if first + second < -1e-6:
                    _move(
                        other, here, sizes, starts, features, counts, held, groups_of, rows,
                        assigned,
                    )  # fmt: skip
                    kept = True
                    n_swapped += 1
                    break
            if not kept:
                _move(group, here, sizes, starts, features, counts, held, groups_of, rows, assigned)
    return n_swapped
