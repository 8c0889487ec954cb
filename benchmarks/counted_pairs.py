"""Listed pairs of near-duplicates against counting: what is right, without any join.

Three counts, none of which knows an index or a filter: each listed pair, word by word; each pair
that the generator planted; and some rows, half of them planted, against every other row.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

SAMPLED, MOST_COUNTED, SEED = 2_000, 1_000_000_000, 7
_PAIRS_AT_ONCE = 500_000


def proof(
    texts: pl.Series, copied: np.ndarray, pairs: np.ndarray, threshold: float
) -> dict[str, int]:
    """How many pairs are listed, planted and counted, and how many of them are right or found.

    Parameters
    ----------
    texts
        Lower-case words parted by single spaces.
    copied
        The row that each was copied from, or -1.
    pairs
        Listed pairs of rows, each ``left < right``, shape ``(n, 2)``.
    """
    held = texts.str.split(" ").list.unique()
    sizes = held.list.len().to_numpy().astype(np.int64)
    listed = set(map(tuple, pairs.tolist()))
    n_right = int((_similarity(held, pairs) >= threshold).sum())
    copies = np.flatnonzero(copied >= 0)
    planted = np.sort(np.column_stack([copies, copied[copies]]), axis=1)
    planted = np.unique(planted[planted[:, 0] != planted[:, 1]], axis=0)
    planted = planted[_similarity(held, planted) >= threshold] if len(planted) else planted
    counted, n_rows = _counted(held, sizes, copies, threshold)
    return {
        "listed": len(pairs),
        "listed_right": n_right,
        "planted": len(planted),
        "planted_found": len(listed & set(map(tuple, planted.tolist()))),
        "rows": n_rows,
        "counted": len(counted),
        "counted_found": len(listed & counted),
    }


def _similarity(words: pl.Series, pairs: np.ndarray) -> np.ndarray:
    """Jaccard of the words of each pair."""
    parts = [np.empty(0)]
    for first in range(0, len(pairs), _PAIRS_AT_ONCE):
        some = pairs[first : first + _PAIRS_AT_ONCE]
        both = pl.DataFrame({"a": words.gather(some[:, 0]), "b": words.gather(some[:, 1])})
        shared = pl.col("a").list.set_intersection("b").list.len().cast(pl.Float64)
        every = pl.col("a").list.set_union("b").list.len()
        parts.append(both.select(shared / every).to_series().to_numpy())
    return np.concatenate(parts)


def _counted(
    words: pl.Series, sizes: np.ndarray, copies: np.ndarray, threshold: float
) -> tuple[set[tuple[int, int]], int]:
    """Every pair of some rows with any other, by counting the rows that hold each of their words."""
    n = len(words)
    code = words.explode().cast(pl.Categorical).to_physical().to_numpy()
    begins = np.concatenate([[0], np.cumsum(sizes)])
    holders = np.repeat(np.arange(n, dtype=np.int32), sizes)[np.argsort(code, kind="stable")]
    often = np.bincount(code)
    starts = np.concatenate([[0], np.cumsum(often)])
    cost = int((often.astype(float) ** 2).sum() / n) + 1  # rows looked at for one row
    n_rows = min(SAMPLED, n, max(50, MOST_COUNTED // cost))
    draw = np.random.default_rng(SEED)
    some = draw.choice(copies, min(len(copies), n_rows // 2), replace=False)
    rows = np.unique(np.concatenate([some, draw.choice(n, n_rows - len(some), replace=False)]))
    found = set()
    for row in rows.tolist():
        shared = np.zeros(n, np.int32)
        for word in code[begins[row] : begins[row + 1]]:
            shared[holders[starts[word] : starts[word + 1]]] += 1
        near = np.flatnonzero(shared / (sizes + sizes[row] - shared) >= threshold)
        found |= {(min(row, int(other)), max(row, int(other))) for other in near if other != row}
    return found, len(rows)


def proved(source: Path, column: str, pairs: Path, threshold: float) -> dict[str, int]:
    """`proof` of files: a shop of `zipf_shop.shop`, and the pairs of ``title`` or of ``both``."""
    frame = pl.read_parquet(source)
    texts, copied = frame["title"], frame["copy_of"].to_numpy()
    if column == "both":
        texts = frame.select(pl.concat_str("title", "description", separator=" ")).to_series()
    return proof(texts, copied, np.load(pairs), threshold)
