"""Texts that stand on two sides: how many pairs, which, and how near the nearest is.

Equal texts are counted by their number, never listed one by one: a thousand copies against a
thousand are a million pairs and cost as much as one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import polars as pl

from catalog.text import folded
from curation.duplicates.equal import EqualSets, equal_sets
from curation.duplicates.join import Told, similar_pairs
from curation.duplicates.tokens import TokenSets, word_sets

MOST_EXPANDED = 5_000_000
"""Pairs that are told apart by row over several texts; beyond, each text is counted alone."""
MOST_LISTED = 10_000

CROSSING_SCHEMA = pl.Schema({"left": pl.Int64(), "right": pl.Int64(), "similarity": pl.Float64()})


@dataclass(frozen=True)
class Crossing:
    """What two columns of texts share.

    Attributes
    ----------
    n_exact, n_near, n_lower
        Pairs of rows with the same words in the same order; whose similarity reaches the
        threshold, equal ones included; that reaches the lower one.
    exact, near
        ``left, right, similarity`` of one pair of rows for each pair of different texts; of near
        ones at most 10,000.
    exact_right, near_right
        Rows of the right side that are in any such pair, ascending.
    lower_pairs
        The pairs at the lower threshold row by row; None where they are more than a bound.
    nearest
        The similarity of each right row to its nearest left one, 0 where it is under the lower
        threshold; shape ``(n_right,)``.
    counted
        The same of the chosen rows alone, found by counting, and whatever it is.
    """

    n_exact: int
    n_near: int
    n_lower: int
    exact: pl.DataFrame
    near: pl.DataFrame
    exact_right: np.ndarray
    near_right: np.ndarray
    lower_pairs: pl.DataFrame | None
    nearest: np.ndarray
    counted: np.ndarray


def crossing(
    left: pl.Series,
    right: pl.Series,
    threshold: float,
    lower: float,
    *,
    chosen: np.ndarray | None = None,
    progress: Told | None = None,
) -> Crossing:
    """Everything that two columns of texts share, down to the lower threshold.

    Parameters
    ----------
    chosen
        Rows of the right side that are compared with every left one by counting, too.
    """
    sets = word_sets(pl.concat([left, right]))
    rows = np.empty(0, np.int64) if chosen is None else chosen
    n_tokens = int(sets.tokens.max(initial=-1)) + 1
    counted = _nearest_by_counting(sets.starts, sets.tokens, len(left), rows, n_tokens)
    a, b = _distinct(sets, len(left))
    del sets
    kept = _may_meet(a.sets.starts, a.sets.tokens, b.sets.starts, b.sets.tokens, n_tokens, lower)
    both, sides = _joined(_taken(a.sets, kept), b.sets)
    sizes_a, sizes_b = np.diff(a.starts), np.diff(b.starts)
    largest = np.zeros(len(b.sets) + 1)
    n_near = n_lower = n_listed = 0
    equal: list[pl.DataFrame] = [pl.DataFrame(schema=CROSSING_SCHEMA)]
    told: list[pl.DataFrame] = [pl.DataFrame(schema=CROSSING_SCHEMA)]
    near: list[pl.DataFrame] = [pl.DataFrame(schema=CROSSING_SCHEMA)]
    for block in similar_pairs(both, lower, sides=sides, progress=progress):
        rows_a, rows_b = kept[block.left], block.right - len(kept)
        similarity = block.similarity
        weights = sizes_a[rows_a] * sizes_b[rows_b]
        is_near = similarity >= threshold
        np.maximum.at(largest, rows_b, similarity)
        n_lower += int(weights.sum())
        n_near += int(weights[is_near].sum())
        found = _frame(rows_a, rows_b, similarity)
        equal.append(found.filter(pl.col("similarity") == 1.0))
        if n_lower <= MOST_EXPANDED:
            told.append(found)
        if n_listed < MOST_LISTED:
            near.append(found.filter(pl.Series(is_near)))
            n_listed += near[-1].height
    twins = pl.concat(equal)
    same, n_exact, exact_right = _equal_texts(
        left, right, _members(a, twins["left"]), _members(b, twins["right"])
    )
    shown = pl.concat(near).sort("left", "right").head(MOST_LISTED)
    return Crossing(
        n_exact,
        n_near,
        n_lower,
        same,
        _frame(
            a.first[shown["left"].to_numpy()],
            b.first[shown["right"].to_numpy()],
            shown["similarity"].to_numpy(),
        ),
        exact_right,
        np.flatnonzero(largest[b.group] >= threshold),
        _expanded(pl.concat(told), a, b) if n_lower <= MOST_EXPANDED else None,
        largest[b.group],
        counted,
    )


def _frame(left: np.ndarray, right: np.ndarray, similarity: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame(
        {"left": left, "right": right, "similarity": similarity}, schema=CROSSING_SCHEMA
    )


def _members(sets: EqualSets, chosen: pl.Series) -> np.ndarray:
    """The rows that have one of the chosen sets, ascending."""
    is_chosen = np.zeros(len(sets.sets) + 1, bool)
    is_chosen[chosen.to_numpy()] = True
    return np.flatnonzero(is_chosen[sets.group])


def _equal_texts(
    left: pl.Series, right: pl.Series, left_rows: np.ndarray, right_rows: np.ndarray
) -> tuple[pl.DataFrame, int, np.ndarray]:
    """One pair for each text on both sides, how many pairs there are, and the right rows.

    Only rows whose words stand on both sides are read again, for the order of their words.
    """
    sides = [
        pl.DataFrame({"row": rows, "text": folded(texts.gather(rows))})
        for texts, rows in ((left, left_rows), (right, right_rows))
    ]
    first, second = (
        side.group_by("text", maintain_order=True).agg(pl.first("row"), pl.len().alias("n"))
        for side in sides
    )
    both = second.join(first, on="text", how="inner", suffix="_left", maintain_order="left")
    pairs = both.select(
        pl.col("row_left").cast(pl.Int64).alias("left"),
        pl.col("row").cast(pl.Int64).alias("right"),
        pl.lit(1.0).alias("similarity"),
    )
    rows = sides[1].join(both, on="text", how="semi")["row"].cast(pl.Int64).sort().to_numpy()
    n_pairs = both.select((pl.col("n").cast(pl.Int64) * pl.col("n_left").cast(pl.Int64)).sum())
    return pairs, int(n_pairs.item()), rows


def _distinct(sets: TokenSets, n_left: int) -> tuple[EqualSets, EqualSets]:
    """The different word sets of each side, numbered by the same words."""
    cut = sets.starts[n_left]
    return (
        equal_sets(TokenSets(sets.starts[: n_left + 1], sets.tokens[:cut])),
        equal_sets(TokenSets(sets.starts[n_left:] - cut, sets.tokens[cut:])),
    )


@numba.njit(cache=True, nogil=True)
def _may_meet(a_starts, a_tokens, b_starts, b_tokens, n_tokens, threshold):  # type: ignore[no-untyped-def]
    """The left sets that share one of their rarest tokens with a right set's rarest.

    Sets with a Jaccard similarity over the threshold must (Chaudhuri et al. 2006): no pair is lost.
    """
    is_asked = np.zeros(n_tokens, np.bool_)
    for row in range(len(b_starts) - 1):
        size = b_starts[row + 1] - b_starts[row]
        for i in range(size - int(np.ceil(threshold * size - 1e-9)) + 1):
            is_asked[b_tokens[b_starts[row] + i]] = True
    kept = np.empty(len(a_starts) - 1, np.int64)
    n = 0
    for row in range(len(a_starts) - 1):
        size = a_starts[row + 1] - a_starts[row]
        for i in range(size - int(np.ceil(threshold * size - 1e-9)) + 1):
            if is_asked[a_tokens[a_starts[row] + i]]:
                kept[n] = row
                n += 1
                break
    return kept[:n].copy()


def _taken(sets: TokenSets, rows: np.ndarray) -> TokenSets:
    """Some of the sets, ascending."""
    sizes = sets.sizes[rows]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    places = np.repeat(sets.starts[rows] - starts[:-1], sizes) + np.arange(starts[-1])
    return TokenSets(starts, sets.tokens[places])


def _joined(a: TokenSets, b: TokenSets) -> tuple[TokenSets, np.ndarray]:
    starts = np.concatenate([a.starts, b.starts[1:] + a.starts[-1]])
    sides = np.repeat(np.array([0, 1], np.uint8), [len(a), len(b)])
    return TokenSets(starts, np.concatenate([a.tokens, b.tokens])), sides


def _expanded(pairs: pl.DataFrame, a: EqualSets, b: EqualSets) -> pl.DataFrame:
    """Pairs of different texts as pairs of rows."""
    members = [
        pl.DataFrame({side: np.repeat(np.arange(len(e.sets)), np.diff(e.starts)), "row": e.members})
        for side, e in (("left", a), ("right", b))
    ]
    return (
        pairs.join(members[0], on="left")
        .join(members[1], on="right", suffix="_right")
        .select(
            pl.col("row").cast(pl.Int64).alias("left"),
            pl.col("row_right").cast(pl.Int64).alias("right"),
            "similarity",
        )
    )


@numba.njit(cache=True, nogil=True)
def _nearest_by_counting(starts, tokens, n_left, chosen, n_tokens):  # type: ignore[no-untyped-def]
    """The largest Jaccard similarity of each chosen right set with any left one.

    Every shared word of every pair is counted: no prefix, no filter, nothing of the join.
    """
    n_chosen = len(chosen)
    heads = np.zeros(n_tokens + 1, np.int64)
    for k in range(n_chosen):
        row = n_left + chosen[k]
        for i in range(starts[row], starts[row + 1]):
            heads[tokens[i] + 1] += 1
    for token in range(n_tokens):
        heads[token + 1] += heads[token]
    fill = heads[:-1].copy()
    holders = np.empty(heads[-1], np.int32)
    for k in range(n_chosen):
        row = n_left + chosen[k]
        for i in range(starts[row], starts[row + 1]):
            holders[fill[tokens[i]]] = k
            fill[tokens[i]] += 1
    largest = np.zeros(n_chosen)
    shared = np.zeros(n_chosen, np.int64)
    for row in range(n_left):
        size = starts[row + 1] - starts[row]
        shared[:] = 0
        for i in range(starts[row], starts[row + 1]):
            for j in range(heads[tokens[i]], heads[tokens[i] + 1]):
                shared[holders[j]] += 1
        for k in range(n_chosen):
            if shared[k] > 0:
                other = n_left + chosen[k]
                union = size + starts[other + 1] - starts[other] - shared[k]
                largest[k] = max(largest[k], shared[k] / union)
    return largest
