"""Seeded shops of any size: words, brands and families by Zipf, near and exact copies planted."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
import pyarrow as pa

N_WORDS = 60_000
SYLLABLES = [c + v for c in "bcdfghjklmnprstvz" for v in "aeiou"]
ROWS_AT_ONCE = 100_000
SHAPES = ("plain", "same-start", "families")


@cache
def words(n: int = N_WORDS) -> np.ndarray:
    """Words that differ, of two to four syllables, the frequent ones short."""
    base = len(SYLLABLES)
    made = []
    for number in range(n):
        word, rest = "", number + base
        while rest:
            word, rest = word + SYLLABLES[rest % base], rest // base
        made.append(word)
    return np.array(made)


def drawn(generator: np.random.Generator, n: int) -> np.ndarray:
    """Numbers of words by Zipf's law, ``p ~ 1 / rank``."""
    steps = np.cumsum(1 / np.arange(1, N_WORDS + 1))
    return np.searchsorted(steps / steps[-1], generator.random(n)).astype(np.int32)


def texts(
    generator: np.random.Generator, n: int, shortest: int, longest: int, shape: str = "plain"
) -> tuple[pl.Series, np.ndarray]:
    """Texts of that many words; 5 % near and 1 % exact copies of others.

    Beside them, the row that each was copied from; -1 for one that is no copy. ``same-start``: 40 % begin with the same six words. ``families``: titles come in families
    of 40 variants that differ by a size and a colour.
    """
    sizes = generator.integers(shortest, longest + 1, n)
    table = drawn(generator, n * longest).reshape(n, longest)
    if shape == "families":
        family = np.repeat(np.arange(n // 40 + 1), 40)[:n]
        table, sizes = table[family], sizes[family].clip(10)
        table[:, 0] = np.arange(n) % 40  # a size, and a colour
        table[:, 1] = 40 + np.arange(n) % 8
    if shape == "same-start":
        table[generator.random(n) < 0.4, :6] = np.arange(6)
    copies = generator.permutation(n)[: int(0.06 * n)]
    sources = generator.integers(0, n, len(copies))
    table[copies], sizes[copies] = table[sources], sizes[sources]
    near = copies[int(0.01 * n) :]
    for _ in range(2):
        place = generator.integers(0, sizes[near])
        table[near, place] = drawn(generator, len(near))
        near = near[generator.random(len(near)) < 0.5]
    order = generator.permutation(n)
    table, sizes = table[order], sizes[order]
    place, copied = np.empty(n, np.int64), np.full(n, -1, np.int64)
    place[order] = np.arange(n)
    copied[place[copies]] = place[sources]
    told = pl.concat(
        spelled(table[first : first + ROWS_AT_ONCE], sizes[first : first + ROWS_AT_ONCE])
        for first in range(0, n, ROWS_AT_ONCE)
    )
    return told, copied


def spelled(table: np.ndarray, sizes: np.ndarray) -> pl.Series:
    """Rows of word numbers as texts."""
    held = pl.Series(words()).gather(table[np.arange(table.shape[1]) < sizes[:, None]])
    ends = np.concatenate([[0], np.cumsum(sizes)])
    lists = pa.LargeListArray.from_arrays(ends, held.to_arrow())
    return pl.Series("text", lists).list.join(" ")


def shop(n: int, shape: str = "plain", *, descriptions: bool = False) -> pl.DataFrame:
    """``title``, ``copy_of`` (a row, or -1), and ``description`` of 30 to 70 words where asked for."""
    generator = np.random.default_rng(n)
    titles, copied = texts(generator, n, 8, 15, shape)
    made = {"title": titles, "copy_of": copied}
    if descriptions:
        made["description"], _ = texts(generator, n, 30, 70, shape)
    return pl.DataFrame(made)
