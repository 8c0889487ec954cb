"""Ranked categories of each row: ``candidates`` of the contract, and where the gold stands in them.

``candidates`` is a JSON list, the best first: paths (joined text, or a list of names), or objects
``{"category_path": ..., "score": ...}``. Where every candidate of a row has a score, the scores
order them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import polars as pl

from catalog.paths import joined, parted

_SCHEMA = pl.Schema(
    {
        "row": pl.Int64(),
        "place": pl.Int64(),
        "text": pl.String(),
        "names": pl.List(pl.String),
        "score": pl.Float64(),
    }
)


def ranked_candidates(candidates: pl.Series) -> pl.DataFrame:
    """The candidates of each row as one long frame, the best first.

    Parameters
    ----------
    candidates
        JSON text; a row whose text is no list of candidates has none.

    Returns
    -------
    ``row, place, path, path_text``: places from 0; a path that stands twice counts at its first.

    Examples
    --------
    >>> found = ranked_candidates(pl.Series(['["A > B", ["C"]]', None]))
    >>> found.select("row", "place", "path_text").rows()
    [(0, 0, 'A > B'), (0, 1, 'C')]
    """
    rows = candidates.is_not_null().arg_true()
    read = [
        (row, place, *one)
        for row, text in zip(rows.to_list(), candidates.gather(rows), strict=True)
        for place, one in enumerate(_read(text))
    ]
    long = pl.DataFrame(read, schema=_SCHEMA, orient="row")
    has_scores = pl.col("score").is_not_null().all().over("row")
    tidy = pl.col("names").list.eval(pl.element().str.strip_chars())
    path = pl.when(pl.col("names").is_not_null()).then(tidy).otherwise(parted("text"))
    return (
        long.with_columns(path.alias("path"), order=pl.when(has_scores).then(-pl.col("score")))
        .filter(pl.col("path").list.len() > 0)
        .sort("row", "order", "place", maintain_order=True)
        .with_columns(joined("path").alias("path_text"))
        .unique(["row", "path_text"], keep="first", maintain_order=True)
        .select("row", pl.int_range(pl.len()).over("row").alias("place"), "path", "path_text")
    )


def _read(text: str) -> list[tuple[str | None, list[str] | None, float | None]]:
    """Text, names and score of each candidate; nothing where it is no list of candidates."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return []
    read = [_one(one) for one in value] if isinstance(value, list) else []
    return [] if any(one is None for one in read) else [one for one in read if one is not None]


def _one(value: Any) -> tuple[str | None, list[str] | None, float | None] | None:
    score = None
    if isinstance(value, dict):
        score = value.get("score")
        value = value.get("category_path", value.get("category"))
        if isinstance(score, bool) or not isinstance(score, (int, float, type(None))):
            return None
    score = None if score is None else float(score)
    if isinstance(value, str):
        return value, None, score
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return None, value, score
    return None


def first_candidates(candidates: pl.Series) -> pl.Series:
    """The best candidate of each row, as ``list[str]``; null where there is none."""
    best = ranked_candidates(candidates).filter(place=0).select(pl.col("row"), "path")
    rows = pl.DataFrame({"row": np.arange(len(candidates))}, schema={"row": pl.Int64})
    return rows.join(best, on="row", how="left", maintain_order="left")["path"]


def gold_ranks(rows: pl.DataFrame, gold: pl.Series, answer: pl.Series) -> np.ndarray | None:
    """Where the gold stands in each row's ranking, from 0; -1 where it does not stand there.

    The answer is the first of the ranking, the other candidates follow in their order. A row without
    an answer ranks nothing.

    Parameters
    ----------
    rows
        Gold rows with their predictions (`evaluation.answers.joining`).
    gold, answer
        Joined paths, null where there is none.

    Returns
    -------
    Shape ``(n,)``; None where no row has candidates.
    """
    if rows["candidates"].null_count() == rows.height:
        return None
    known = pl.DataFrame({"gold": gold, "answer": answer}).with_row_index("row")
    known = known.with_columns(pl.col("row").cast(pl.Int64)).drop_nulls("answer")
    others = ranked_candidates(rows["candidates"]).join(known, on="row", maintain_order="left")
    others = others.filter(pl.col("path_text") != pl.col("answer")).with_columns(
        rank=pl.int_range(1, pl.len() + 1).over("row")
    )
    ranks = np.full(rows.height, -1, dtype=np.int64)
    found = others.filter(pl.col("path_text") == pl.col("gold"))
    ranks[found["row"].to_numpy()] = found["rank"].to_numpy()
    ranks[known.filter(pl.col("gold") == pl.col("answer"))["row"].to_numpy()] = 0
    return ranks
