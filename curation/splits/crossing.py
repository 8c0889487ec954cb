"""Texts that stand on two sides: how many pairs, which, and how near the nearest is.

Equal texts are counted by their number, never listed one by one: a thousand copies against a
thousand are a million pairs and cost as much as one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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


def crossing(
    left: pl.Series,
    right: pl.Series,
    threshold: float,
    lower: float,
    *,
    progress: Told | None = None,
) -> Crossing:
    """Everything that two columns of texts share, down to the lower threshold."""
    same, n_exact, exact_right = _equal_texts(left, right)
    a, b = _distinct(left, right)
    sets, sides = _joined(a.sets, b.sets)
    sizes_a, sizes_b = np.diff(a.starts), np.diff(b.starts)
    largest = np.zeros(len(b.sets) + 1)
    n_near = n_lower = n_listed = 0
    kept: list[pl.DataFrame] = [pl.DataFrame(schema=CROSSING_SCHEMA)]
    near: list[pl.DataFrame] = [pl.DataFrame(schema=CROSSING_SCHEMA)]
    for block in similar_pairs(sets, lower, sides=sides, progress=progress):
        rows_a, rows_b, similarity = block.left, block.right - len(a.sets), block.similarity
        weights = sizes_a[rows_a] * sizes_b[rows_b]
        is_near = similarity >= threshold
        np.maximum.at(largest, rows_b, similarity)
        n_lower += int(weights.sum())
        n_near += int(weights[is_near].sum())
        found = _frame(rows_a, rows_b, similarity)
        if n_lower <= MOST_EXPANDED:
            kept.append(found)
        if n_listed < MOST_LISTED:
            near.append(found.filter(pl.Series(is_near)))
            n_listed += near[-1].height
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
        _expanded(pl.concat(kept), a, b) if n_lower <= MOST_EXPANDED else None,
        largest[b.group],
    )


def _frame(left: np.ndarray, right: np.ndarray, similarity: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame(
        {"left": left, "right": right, "similarity": similarity}, schema=CROSSING_SCHEMA
    )


def _equal_texts(left: pl.Series, right: pl.Series) -> tuple[pl.DataFrame, int, np.ndarray]:
    """One pair for each text on both sides, how many pairs there are, and the right rows."""
    sides = [
        pl.DataFrame({"text": folded(texts)})
        .with_row_index("row")
        .filter(pl.col("text").is_not_null() & (pl.col("text") != ""))
        for texts in (left, right)
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


def _distinct(left: pl.Series, right: pl.Series) -> tuple[EqualSets, EqualSets]:
    """The different word sets of each side, numbered by the same words."""
    sets = word_sets(pl.concat([left, right]))
    cut = sets.starts[len(left)]
    return (
        equal_sets(TokenSets(sets.starts[: len(left) + 1], sets.tokens[:cut])),
        equal_sets(TokenSets(sets.starts[len(left) :] - cut, sets.tokens[cut:])),
    )


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


def nearest_by_counting(left: pl.Series, right: pl.Series, *, block: int = 200_000) -> np.ndarray:
    """The largest Jaccard similarity of each right text with any left one, by counting words.

    Polars alone: no index, no filter, nothing of the join. The right side is a sample.

    Returns
    -------
    In [0, 1], shape ``(n_right,)``; 0 for a text without words.
    """
    asked = _word_rows(right)
    sizes = np.zeros(len(right), np.int64)
    np.add.at(sizes, asked["row"].to_numpy(), 1)
    largest = np.zeros(len(right))
    for words, n_words in _blocks(left, block):
        shared = (
            words.join(asked, on="word", how="inner", suffix="_right")
            .group_by("row", "row_right")
            .len("shared")
        )
        rows, others = shared["row"].to_numpy(), shared["row_right"].to_numpy()
        both = shared["shared"].to_numpy().astype(np.int64)
        np.maximum.at(largest, others, both / (n_words[rows] + sizes[others] - both))
    return largest


def _blocks(texts: pl.Series, block: int) -> Iterator[tuple[pl.DataFrame, np.ndarray]]:
    for begin in range(0, len(texts), block):
        part = texts.slice(begin, block)
        words = _word_rows(part)
        n_words = np.zeros(len(part), np.int64)
        np.add.at(n_words, words["row"].to_numpy(), 1)
        yield words, n_words


def _word_rows(texts: pl.Series) -> pl.DataFrame:
    """``row, word``: each different word of each text once."""
    return (
        pl.DataFrame({"word": folded(texts).str.split(" ")})
        .with_row_index("row")
        .explode("word")
        .filter(pl.col("word").is_not_null() & (pl.col("word") != ""))
        .unique()
    )
