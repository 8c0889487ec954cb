"""Names that may be spellings of one another: the same letters, or few edits apart."""

from __future__ import annotations

import numpy as np
import polars as pl

_SHORTEST = 5
"""Letters of a name from which one edit may be a slip and not another name."""
_ROWS_AT_ONCE = 512
_ROUNDING = 1e-6
_LOOK_ALIKES = {
    "а": "a", "в": "b", "е": "e", "ё": "e", "к": "k", "м": "m", "н": "h", "о": "o", "р": "p",
    "с": "c", "т": "t", "у": "y", "х": "x", "ѕ": "s", "і": "i", "ї": "i", "ј": "j", "һ": "h",
    "α": "a", "β": "b", "ε": "e", "η": "n", "ι": "i", "κ": "k", "ν": "v", "ο": "o", "ρ": "p",
    "τ": "t", "υ": "u", "χ": "x", "ı": "i", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe",
}  # fmt: skip
"""Letters of other scripts, and barred ones, that look like Latin ones in lower case."""
SPELLING_SCHEMA = pl.Schema({"a": pl.UInt32(), "b": pl.UInt32(), "similarity": pl.Float64()})


def as_letters(keys: pl.Series) -> pl.Series:
    """Keys without spaces, look-alike letters of other scripts as the Latin ones.

    Examples
    --------
    >>> as_letters(pl.Series(["coca cola", "ѕоny"])).to_list()
    ['cocacola', 'sony']
    """
    plain = keys.str.replace_all(" ", "", literal=True)
    return plain.str.replace_many(list(_LOOK_ALIKES), list(_LOOK_ALIKES.values()))


def spellings(brands: pl.DataFrame, similarity: float) -> pl.DataFrame:
    """Pairs of brands whose names may be one.

    Names with the same letters always; others of five letters or more where optimal string
    alignment (edits and swaps of neighbours, as a share of the longer name) comes to the similarity,
    they begin or end with the same letter, and no digit differs.

    Parameters
    ----------
    brands
        ``code, key``.
    similarity
        In (0, 1).

    Returns
    -------
    ``a, b`` (codes, ``a < b``), ``similarity`` in (0, 1], 1 for the same letters.
    """
    names = brands.select("code", letters=as_letters(brands["key"]))
    same = names.join(names, on="letters", suffix="_b").filter(pl.col("code") < pl.col("code_b"))
    found = [same.select(a="code", b="code_b", similarity=pl.lit(1.0))]
    long = names.filter(pl.col("letters").str.len_chars() >= _SHORTEST).with_columns(
        size=pl.col("letters").str.len_chars(),
        digits=pl.col("letters").str.replace_all(r"[^0-9]", ""),
    )
    for end in (pl.col("letters").str.head(1), pl.col("letters").str.tail(1)):
        sorted_names = long.with_columns(end.alias("end")).sort("size", "letters")
        found += [_close(b, similarity) for b in sorted_names.partition_by("end", "digits")]
    return (
        pl.concat([part.cast(SPELLING_SCHEMA) for part in found])
        .group_by("a", "b")
        .agg(pl.col("similarity").max())
        .sort("a", "b")
    )


def _close(block: pl.DataFrame, similarity: float) -> pl.DataFrame:
    """Pairs of a block, in order of length, that come to the similarity."""
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import cdist

    letters, sizes = block["letters"].to_list(), block["size"].to_numpy()
    codes = block["code"].to_numpy()
    left, right, scores = [], [], []
    for begin in range(0, len(letters), _ROWS_AT_ONCE):
        end = min(begin + _ROWS_AT_ONCE, len(letters))
        longest = int(np.searchsorted(sizes, sizes[end - 1] / similarity + 1e-9, side="right"))
        table = cdist(
            letters[begin:end],
            letters[begin:longest],
            scorer=OSA.normalized_similarity,
            score_cutoff=similarity - _ROUNDING,
            dtype=np.float32,
            workers=-1,
        )
        rows, columns = np.nonzero(np.triu(table, 1))
        left.append(codes[begin + rows])
        right.append(codes[begin + columns])
        scores.append(table[rows, columns])
    a, b = np.concatenate(left), np.concatenate(right)
    return pl.DataFrame(
        {"a": np.minimum(a, b), "b": np.maximum(a, b), "similarity": np.concatenate(scores)}
    )


def likeness(left: pl.Series, right: pl.Series) -> np.ndarray:
    """The similarity of the names of each pair by optimal string alignment, in [0, 1]."""
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import cpdist

    scorer = OSA.normalized_similarity
    return cpdist(left.to_list(), right.to_list(), scorer=scorer, dtype=np.float64, workers=-1)
