"""Brands whose products have the same title, but for the words of the brand itself."""

from __future__ import annotations

import numba
import numpy as np
import polars as pl

from curation.duplicates.tokens import word_sets

_FEWEST_WORDS = 4
"""Words that are left of a title from which it is more than a kind of product."""


def title_marks(titles: pl.Series, codes: pl.Series, brands: pl.DataFrame) -> pl.DataFrame:
    """What each branded title says, as a number: whole, and without the words of its own brand.

    Two titles of the same words have the same number; of others, with a chance of 2 ** -64.
    A title that keeps fewer than four words says too little, and has none.

    Parameters
    ----------
    titles
        Words parted by single spaces.
    codes
        The brand of each title; null for none.
    brands
        ``code, key``, codes counting from 0.

    Returns
    -------
    ``row, code, mark``; up to two a title.
    """
    rows = codes.is_not_null().arg_true()
    held = titles.gather(rows)
    n = len(held)
    sets = word_sets(pl.concat([held.rename("text"), brands["key"].rename("text")]))
    n_words = int(sets.tokens.max(initial=-1)) + 1
    generator = np.random.default_rng(0)
    marks = generator.integers(1, 1 << 64, n_words, np.uint64, endpoint=False)
    own = codes.gather(rows).to_numpy().astype(np.int64)
    whole, rest = _marks(sets.starts, sets.tokens, n, own, marks, _FEWEST_WORDS)
    both = pl.DataFrame(
        {
            "row": np.tile(rows.to_numpy().astype(np.int64), 2),
            "code": np.tile(own.astype(np.uint32), 2),
            "mark": np.concatenate([whole, rest]),
        }
    )
    return both.filter(pl.col("mark") > 0).unique(maintain_order=True)


@numba.njit(cache=True)
def _marks(starts, tokens, n, own, marks, fewest):  # type: ignore[no-untyped-def]
    whole, rest = np.zeros(n, np.uint64), np.zeros(n, np.uint64)
    for row in range(n):
        begin, end = starts[n + own[row]], starts[n + own[row] + 1]
        all_of, left, n_all, n_left = np.uint64(0), np.uint64(0), 0, 0
        for i in range(starts[row], starts[row + 1]):
            token = tokens[i]
            all_of += marks[token]
            n_all += 1
            is_own = False
            for j in range(begin, end):
                is_own |= tokens[j] == token
            if not is_own:
                left += marks[token]
                n_left += 1
        if n_all >= fewest:
            whole[row] = all_of
        if n_left >= fewest:
            rest[row] = left
    return whole, rest
