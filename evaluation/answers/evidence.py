"""Evidence spans of attributes: where in a product's text each value stands.

A value may be written with its place, ``{"value": "red", "pid": 0, "begin": 3, "end": 6}``: ``pid`` is
the paragraph (0 without it), ``end`` is exclusive, as in MAVE. MAVE's own lists of ``key`` and
``evidences`` are read too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import polars as pl

SPAN_SCHEMA = pl.Schema(
    {
        "row": pl.Int64(),
        "key": pl.String(),
        "pid": pl.Int64(),
        "begin": pl.Int64(),
        "end": pl.Int64(),
    }
)


_MEMBERS = {"value", "pid", "begin", "end"}


def objects_of(texts: pl.Series) -> pl.Series:
    """MAVE's lists of key and evidences as objects of key and values; other texts as they are.

    Examples
    --------
    >>> objects_of(pl.Series(['[{"key": "Size", "evidences": [{"value": "5"}]}]', "{}"])).to_list()
    ['{"Size":[{"value":"5"}]}', '{}']
    """
    listed = (
        texts.str.starts_with("[") & texts.str.contains('"evidences"', literal=True)
    ).arg_true()
    if not len(listed):
        return texts
    return texts.scatter(listed, [_object_of(text) for text in texts.gather(listed)])


def _object_of(text: str) -> str:
    try:
        held = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    found: dict[str, list[Any]] = {}
    for one in held:
        if not (isinstance(one, dict) and isinstance(one.get("key"), str)):
            return text
        evidences = one.get("evidences")
        if not isinstance(evidences, list):
            return text
        found.setdefault(one["key"], []).extend(evidences)
    return orjson.dumps(found).decode()


def bare_values(values: pl.Series) -> pl.Series:
    """Values that are written with their place without it; all others as they are.

    Examples
    --------
    >>> bare_values(pl.Series(['{"value": "red", "begin": 3, "end": 6}', "{5}", "red"])).to_list()
    ['red', '{5}', 'red']
    """
    placed = (values.str.starts_with("{") & values.str.contains('"value"', literal=True)).arg_true()
    if not len(placed):
        return values
    return values.scatter(placed, [_bare(text) for text in values.gather(placed)])


def _bare(text: str) -> str | None:
    try:
        held = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    if not isinstance(held, dict) or "value" not in held or not held.keys() <= _MEMBERS:
        return text
    value = held["value"]
    return value if isinstance(value, (str, type(None))) else orjson.dumps(value).decode()


def spans_of(attributes: pl.Series) -> pl.DataFrame:
    """The spans of each row's attributes, each once.

    Parameters
    ----------
    attributes
        JSON objects as text, or lists of ``key, evidences`` as records keep them.

    Returns
    -------
    `SPAN_SCHEMA`.

    Examples
    --------
    >>> spans_of(pl.Series(['{"Colour": {"value": "red", "begin": 3, "end": 6}}'])).rows()
    [(0, 'Colour', 0, 3, 6)]
    """
    if isinstance(attributes.dtype, pl.List):
        return _of_records(attributes)
    if attributes.dtype != pl.String:
        return pl.DataFrame(schema=SPAN_SCHEMA)
    objects = objects_of(attributes.str.strip_chars())
    rows = objects.str.contains('"begin"', literal=True).arg_true()
    spans = [
        (row, *span)
        for row, text in zip(rows.to_list(), objects.gather(rows), strict=True)
        for span in _spans(text)
    ]
    return pl.DataFrame(spans, schema=SPAN_SCHEMA, orient="row").unique(maintain_order=True)


def _spans(text: str) -> Iterator[tuple[Any, ...]]:
    try:
        held = orjson.loads(text)
    except orjson.JSONDecodeError:
        return
    if isinstance(held, dict) and isinstance(held.get("attributes"), dict):
        held = held["attributes"]
    for key, values in held.items() if isinstance(held, dict) else ():
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, dict):
                places: tuple[Any, ...] = (
                    value.get("pid") or 0,
                    value.get("begin"),
                    value.get("end"),
                )
                if all(type(place) is int for place in places) and 0 <= places[1] < places[2]:
                    yield key, *places


def _of_records(attributes: pl.Series) -> pl.DataFrame:
    held = attributes.rename("pair").to_frame().with_row_index("row").explode("pair")
    spans = held.drop_nulls("pair").unnest("pair").explode("evidences").unnest("evidences")
    if not set(SPAN_SCHEMA) <= set(spans.columns):
        return pl.DataFrame(schema=SPAN_SCHEMA)
    return (
        spans.filter(pl.col("begin") < pl.col("end"))
        .with_columns(pl.col("pid").fill_null(0))
        .match_to_schema(SPAN_SCHEMA, extra_columns="ignore", integer_cast="upcast")
        .unique(maintain_order=True)
    )


def span_scores(gold: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """How well the answered spans of each pair are those of the gold.

    Parameters
    ----------
    gold, answers
        `SPAN_SCHEMA`.

    Returns
    -------
    ``row, key, span_exact, span_f1`` for each pair whose gold has spans: whether spans are answered
    and each is one of the gold's (1 or 0), and the mean over the answered spans of the best overlap
    in characters with one of the gold's, as F1. 0 without an answered span; both null where no row
    at all has one.

    Examples
    --------
    >>> columns = list(SPAN_SCHEMA)
    >>> gold = pl.DataFrame([(0, "Colour", 0, 0, 4)], schema=SPAN_SCHEMA, orient="row")
    >>> answers = pl.DataFrame([(0, "Colour", 0, 2, 6)], schema=SPAN_SCHEMA, orient="row")
    >>> span_scores(gold, answers).rows()
    [(0, 'Colour', 0.0, 0.5)]
    """
    pairs = gold.select("row", "key").unique(maintain_order=True)
    if answers.is_empty():
        nothing = pl.lit(None, pl.Float64)
        return pairs.with_columns(nothing.alias("span_exact"), nothing.alias("span_f1"))
    crossed = answers.join(gold, on=["row", "key"], suffix="_gold")
    same_text = pl.col("pid") == pl.col("pid_gold")
    shared = pl.min_horizontal("end", "end_gold") - pl.max_horizontal("begin", "begin_gold")
    both = pl.col("end") - pl.col("begin") + pl.col("end_gold") - pl.col("begin_gold")
    f1 = pl.when(same_text & (shared > 0)).then(2 * shared / both).otherwise(0.0)
    by_span = (
        crossed.with_columns(f1.alias("f1"))
        .group_by("row", "key", "pid", "begin", "end")
        .agg(pl.col("f1").max())
    )
    by_pair = by_span.group_by("row", "key").agg(
        (pl.col("f1") == 1).all().cast(pl.Float64).alias("span_exact"),
        pl.col("f1").sort().mean().alias("span_f1"),
    )
    found = pairs.join(by_pair, on=["row", "key"], how="left", maintain_order="left")
    return found.with_columns(pl.col("span_exact", "span_f1").fill_null(0.0))
