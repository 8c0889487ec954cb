"""The one record schema that every source maps to, once, at its edge."""

from __future__ import annotations

from typing import Literal, get_args

import polars as pl

Task = Literal[
    "classification",
    "attribute_extraction",
    "question_answering",
    "query_product",
    "product_pair",
    "sentiment",
    "recommendation",
]
TASKS: tuple[str, ...] = get_args(Task)

EVIDENCE = pl.Struct({"value": pl.String, "pid": pl.Int32, "begin": pl.Int32, "end": pl.Int32})
ATTRIBUTE = pl.Struct({"key": pl.String, "evidences": pl.List(EVIDENCE)})
PARAGRAPH = pl.Struct({"text": pl.String, "source": pl.String})
IDENTIFIER = pl.Struct({"kind": pl.String, "value": pl.String})

RECORD_SCHEMA = pl.Schema(
    {
        "record_id": pl.String(),
        "task": pl.String(),
        "title": pl.String(),
        "description": pl.String(),
        "brand": pl.String(),
        "price": pl.Float64(),
        "currency": pl.String(),
        "image_urls": pl.List(pl.String),
        "paragraphs": pl.List(PARAGRAPH),
        "category_path": pl.List(pl.String),
        "attributes": pl.List(ATTRIBUTE),
        "instruction": pl.String(),
        "query": pl.String(),
        "question": pl.String(),
        "context": pl.List(pl.String),
        "options": pl.List(pl.String),
        "target": pl.String(),
        "identifiers": pl.List(IDENTIFIER),
        "split_hint": pl.String(),
        "extra": pl.String(),
    }
)


def conform(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Give a frame every record column, in order and typed; what is missing is null.

    Parameters
    ----------
    frame
        Any subset of the record columns. Other columns are dropped, so a
        source puts what it does not map into ``extra`` first.

    Returns
    -------
    A lazy frame of `RECORD_SCHEMA`.

    Examples
    --------
    >>> conform(pl.LazyFrame({"record_id": ["1"], "title": ["Tea"]})).collect().columns[:3]
    ['record_id', 'task', 'title']
    """
    present = set(frame.collect_schema().names())
    return frame.select(
        (pl.col(name) if name in present else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in RECORD_SCHEMA.items()
    )


def text_of(*columns: str) -> pl.Expr:
    """One text from several columns, joined by a space, nulls left out."""
    return pl.concat_str([pl.col(c) for c in columns], separator=" ", ignore_nulls=True)


def titled() -> pl.Expr:
    """What a record is called in a list: its title, else its question or its query.

    Examples
    --------
    >>> rows = pl.DataFrame({"title": ["Tea", None], "question": [None, "Hot?"], "query": [None] * 2})
    >>> rows.select(titled())["title"].to_list()
    ['Tea', 'Hot?']
    """
    return pl.coalesce("title", "question", "query").alias("title")
