"""Texts of one meaning in other words, by the cosine of their embeddings: every pair, by counting."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import numpy as np
import polars as pl

from catalog.errors import InputError
from catalog.wording import counted
from curation.duplicates.dedupe import PAIR_SCHEMA
from curation.duplicates.forest import Forest, Pairs
from curation.duplicates.join import Told
from curation.duplicates.probe import contradicted
from curation.duplicates.tokens import TokenSets
from curation.llm.embeddings import Encoder

_ROWS_AT_ONCE, _COLUMNS_AT_ONCE = 1_024, 8_192
_ENCODED_AT_ONCE = 2_048
_LONG_S = 60.0


def meaning_edges(
    texts: pl.Series,
    encoder: Encoder,
    at_least: float,
    *,
    apart: TokenSets | None = None,
    progress: Told | None = None,
) -> pl.DataFrame:
    """Pairs that connect all texts that a chain of cosines of at least that much connects.

    Each distinct text is compared with every other, a tile of the matrix at a time: the work
    grows with the square of their number, the memory only with the number.

    Parameters
    ----------
    texts
        A text without words is like no other.
    encoder
        An embedding model.
    at_least
        Cosine, over 0 up to 1.
    apart
        Numbers by which texts may contradict each other (`Likeness.apart`): such are no pair.
    progress
        Told after each tile, with the time that is left where that is a minute or more.

    Returns
    -------
    ``left, right, similarity`` (the cosine), sorted: a maximum spanning forest.
    """
    check_meaning(at_least)
    rows, first, unit = _unit_vectors(texts, encoder, progress)
    forest = Forest(len(texts))
    is_again = rows != first
    forest.add(Pairs(first[is_again], rows[is_again], np.ones(int(is_again.sum()))))
    rows = rows[~is_again]
    for left, right, cosine in _near(unit, at_least - 1e-6, progress):
        left, right = rows[left], rows[right]
        if apart is not None:
            is_pair = ~contradicted(apart.starts, apart.tokens, left, right)
            left, right, cosine = left[is_pair], right[is_pair], cosine[is_pair]
        forest.add(Pairs(left, right, np.minimum(1.0, cosine.astype(float))))
    found = forest.pairs()
    return pl.DataFrame(
        {"left": found.left, "right": found.right, "similarity": found.similarity},
        schema=PAIR_SCHEMA,
    ).sort("left", "right")


def check_meaning(at_least: float) -> None:
    """Refuse what cannot be compared by meaning, before anything is computed.

    Raises
    ------
    InputError
        If the cosine is not over 0 up to 1.
    """
    if not 0 < at_least <= 1:
        raise InputError(f"--meaning-from {at_least}: expected a cosine over 0, up to 1.")


def _near(
    unit: np.ndarray, at_least: float, progress: Told | None
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """``left, right, cosine`` of all pairs of rows that are so near, ``left < right``, by tiles."""
    n = len(unit)
    tops = range(0, n, _ROWS_AT_ONCE)
    total = sum(min(_ROWS_AT_ONCE, n - top) * (n - top) for top in tops)
    done, began = 0, time.monotonic()
    held = np.empty(_ROWS_AT_ONCE * _COLUMNS_AT_ONCE, np.float32)
    for top in tops:
        some = unit[top : top + _ROWS_AT_ONCE]
        for begin in range(top, n, _COLUMNS_AT_ONCE):
            others = unit[begin : begin + _COLUMNS_AT_ONCE]
            shape = (len(some), len(others))
            tile = np.matmul(some, others.T, out=held[: shape[0] * shape[1]].reshape(shape))
            has_any = np.flatnonzero(tile.max(axis=1) >= at_least)
            left, right = np.nonzero(tile[has_any] >= at_least)
            left = has_any[left]
            cosine = tile[left, right]
            left, right = left + top, right + begin
            is_upper = right > left
            yield left[is_upper], right[is_upper], cosine[is_upper]
            done += shape[0] * shape[1]
            if progress is not None:
                progress(done, total, f"comparing meanings{_left(began, done, total)}")


def _left(began: float, done: int, total: int) -> str:
    """How long the rest takes at the pace so far; nothing where that is soon."""
    seconds = (time.monotonic() - began) * (total - done) / max(1, done)
    return "" if seconds < _LONG_S else f", about {counted(math.ceil(seconds / 60), 'minute')} left"


def _unit_vectors(
    texts: pl.Series, encoder: Encoder, progress: Told | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows that say something, for each the first that says the same, and the vectors of the first ones.

    Vectors have length 1. A text of which the model knows no word says nothing, too.
    """
    said = texts.fill_null("").str.strip_chars()
    distinct = said.filter(said != "").unique(maintain_order=True)
    unit = np.zeros((len(distinct), encoder.model.dim), np.float32)
    for begin in range(0, len(distinct), _ENCODED_AT_ONCE):
        vectors = encoder.vectors(distinct[begin : begin + _ENCODED_AT_ONCE])
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, lengths, out=vectors, where=lengths > 0)
        unit[begin : begin + len(vectors)] = vectors
        if progress is not None:
            progress(begin + len(vectors), len(distinct), "encoding texts")
    is_known = unit.any(axis=1)
    place = said.replace_strict(
        distinct, pl.int_range(len(distinct), eager=True), default=-1, return_dtype=pl.Int64
    ).to_numpy()
    rows = np.flatnonzero((place >= 0) & np.append(is_known, False)[place])
    _, where, which = np.unique(place[rows], return_index=True, return_inverse=True)
    return rows, rows[where][which], unit if is_known.all() else unit[is_known]
