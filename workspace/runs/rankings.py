"""Rankings that a workspace holds gold for: the products of a query, the contexts of a question.

A query's products are many records: the ranking is known by the first of them, and its predictions may be
keyed by the query, or by its id where the source has one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl

from catalog.errors import InputError
from catalog.wording import counted
from catalog.yes_no import NO
from evaluation.tasks.row_answers import LABEL
from workspace.runs.record_columns import GROUP, answerable_flag, is_there, kept

if TYPE_CHECKING:
    from workspace.workspace import Workspace

_LETTERS = {"E": "E", "S": "S", "C": "C", "I": "I",
            "Exact": "E", "Substitute": "S", "Complement": "C", "Irrelevant": "I"}  # fmt: skip


_PRODUCT = (
    (pl.col("task") == "query_product")
    & is_there("query")
    & pl.col("target").str.strip_chars().is_in(list(_LETTERS))
).fill_null(False)
"""A product judged for a query."""
_CONTEXTS = (
    (pl.col("task") == "question_answering")
    & (pl.col("context").list.len() > 0)
    & is_there("question")
    & ~answerable_flag().str.to_lowercase().is_in(NO).fill_null(False)
).fill_null(False)
"""A question that can be answered, with the contexts that its source gives."""
RANKED = _PRODUCT | _CONTEXTS
"""The records that are part of a ranking."""
_QUERY_ID = kept("query_id")


def rankings_of(records: pl.LazyFrame) -> pl.LazyFrame:
    """``example_id, category_path, label, group_id`` of every ranking, in the order of the records.

    Parameters
    ----------
    records
        The record schema and ``group_id``.

    Returns
    -------
    ``label`` is an object of item and judgement: a product is called by its identifier, by its
    record where it has none, and is E, S, C or I; the contexts of a question are called
    ``RECORD#1``, ``RECORD#2`` and so on, and worth 1. A product that is there twice for a query
    counts once, the first.
    """
    made = (
        ranked_items(records)
        .group_by("ranking", maintain_order=True)
        .agg(
            pl.col("record_id").first().alias("example_id"),
            pl.struct("item", "judgement").alias(LABEL),
            pl.col(GROUP).first(),
        )
    )
    return made.select(
        "example_id",
        pl.lit(None, pl.List(pl.String)).alias("category_path"),
        pl.col(LABEL).map_elements(_label, return_dtype=pl.String),
        GROUP,
    )


def ranked_items(records: pl.LazyFrame) -> pl.LazyFrame:
    """A row an item of every ranking, in the order of the records.

    Returns
    -------
    ``place, record_id, group_id``; the ``ranking`` by what its items share; ``asked``, the query or
    question; the ``item`` by its name, its ``judgement`` (E, S, C, I or 1), whether it
    ``is_context``, and then its ``text``.
    """
    rows = records.with_row_index("place")
    items = pl.concat([_products(rows), _contexts(rows)])
    held = items.unique(["ranking", "item"], keep="first", maintain_order=True)
    return held.sort("place", maintain_order=True)


def _label(items: pl.Series) -> str:
    told = {one["item"]: _judgement(one["judgement"]) for one in items.to_list()}
    return json.dumps(told, ensure_ascii=False)


def _judgement(text: str) -> str | int:
    return int(text) if text.isdigit() else text


def _products(rows: pl.LazyFrame) -> pl.LazyFrame:
    identifier = pl.col("identifiers").list.first().struct.field("value")
    judgement = pl.col("target").str.strip_chars().replace_strict(
        _LETTERS, default=None, return_dtype=pl.String
    )  # fmt: skip
    return rows.filter(_PRODUCT).select(
        "place",
        "record_id",
        GROUP,
        _query_key().alias("ranking"),
        pl.col("query").str.strip_chars().alias("asked"),
        pl.coalesce(identifier, "record_id").alias("item"),
        judgement.alias("judgement"),
        pl.lit(False).alias("is_context"),
        pl.lit(None, pl.String).alias("text"),
    )


def _query_key() -> pl.Expr:
    """What the products of one query share: its id, else its words."""
    by_id = pl.format("id {}", _QUERY_ID)
    return pl.coalesce(by_id, pl.format("query {}", pl.col("query").str.strip_chars()))


def _contexts(rows: pl.LazyFrame) -> pl.LazyFrame:
    told = rows.filter(_CONTEXTS).explode("context")
    number = pl.int_range(pl.len()).over("place") + 1
    return told.select(
        "place",
        "record_id",
        GROUP,
        pl.format("record {}", "record_id").alias("ranking"),
        pl.col("question").str.strip_chars().alias("asked"),
        pl.format("{}#{}", "record_id", number).alias("item"),
        pl.lit("1").alias("judgement"),
        pl.lit(True).alias("is_context"),
        pl.col("context").alias("text"),
    )


def keyed_by_query(
    workspace: Workspace, rows: pl.DataFrame, split: str, where: str
) -> tuple[pl.DataFrame, list[str]]:
    """Predictions of rankings with the ids of our records, and what was said on the way.

    Their keys are ids of queries, queries, or ids of records: what most of them are. The queries of
    every split are known, so that one of the train split is refused as such.

    Raises
    ------
    InputError
        If one query is asked twice, in two spellings.
    """
    splits = workspace.snapshot("split").scan("split").select("record_id", "split")
    records = workspace.snapshot("curate").scan("gold").filter(_PRODUCT)
    placed = records.join(splits, on="record_id", how="inner", maintain_order="left")
    firsts = (
        placed.sort(pl.col("split") != split, maintain_order=True)
        .with_columns(
            _query_key().alias("ranking"),
            _QUERY_ID.alias("query_id"),
            pl.col("query").str.strip_chars().alias("query"),
        )
        .group_by("ranking", maintain_order=True)
        .agg(pl.col("record_id", "query_id", "query").first())
        .collect()
    )
    keys = rows["example_id"].str.strip_chars()
    known = {
        name: firsts.drop_nulls(name).unique(name, keep="first", maintain_order=True)
        for name in ("query_id", "query")
    }
    hits = {name: int(keys.is_in(held[name].implode()).sum()) for name, held in known.items()}
    best = max(hits, key=lambda name: hits[name])
    if not hits[best] or hits[best] < int(keys.is_in(firsts["record_id"].implode()).sum()):
        return rows, []
    named = dict(known[best].select(best, "record_id").iter_rows())
    ours = keys.replace_strict(named, default=None, return_dtype=pl.String)
    told = rows.with_columns(ours.fill_null(keys).alias("example_id"))
    twice = told.select("example_id", "repeat").is_duplicated()
    if twice.any():
        first = keys.filter(twice)[0]
        raise InputError(
            f"{where}: the query {first!r} is there twice. Expected one ranking a query."
        )
    words = "ids of queries" if best == "query_id" else "queries"
    n = int(ours.is_not_null().sum())
    return told, [f"{where}: its keys are {words}; {counted(n, 'ranking')} tied to their records."]
