"""Which records may not be parted: connected by brand, identifier or near-duplicate text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from catalog.brands import brand_keys
from catalog.errors import InputError
from catalog.identifiers import compact, is_placeholder
from catalog.records import text_of
from catalog.text import folded
from curation.duplicates.dedupe import component_labels, duplicate_edges
from curation.duplicates.join import Told
from curation.splits.group_settings import GroupSettings

EDGE_SCHEMA = pl.Schema(
    {
        "kind": pl.String(),
        "left": pl.Int64(),
        "right": pl.Int64(),
        "key": pl.String(),
        "similarity": pl.Float64(),
    }
)
_SHORTEST_MODEL_NUMBER = 4


@dataclass(frozen=True)
class Groups:
    """The connected components of records.

    Attributes
    ----------
    labels
        The group of each record, numbered from 0 by its first record; shape ``(n,)``.
    edges
        What ties them: ``kind`` (``brand``, ``query``, ``identifier``, ``near_duplicate``), ``left``,
        ``right`` (row numbers), ``key``, ``similarity``. Brand and identifier edges tie each
        record to the first with the same key; near-duplicate edges are a spanning forest.
    """

    labels: np.ndarray
    edges: pl.DataFrame

    @property
    def n_groups(self) -> int:
        """How many groups there are."""
        return int(self.labels.max()) + 1 if len(self.labels) else 0


def record_groups(
    records: pl.LazyFrame,
    settings: GroupSettings,
    *,
    tie_on: list[str] | None = None,
    progress: Told | None = None,
) -> Groups:
    """The groups of records that must stay together.

    Generic brands, empty brands and empty texts tie nothing. An identifier ties by kind and
    value; a manufacturer's part number only from four characters on, as shorter ones repeat.

    Parameters
    ----------
    records
        Needs the columns of ``text_columns`` and, where there are any, ``brand`` and
        ``identifiers``.
    tie_on
        More columns whose equal values tie records, as they are; null ties nothing.

    Raises
    ------
    InputError
        If queries alone are to tie, and no record has one.

    Examples
    --------
    >>> rows = pl.LazyFrame({"title": ["red tea", "mug", "tea red"], "brand": ["A", "A inc", "B"]})
    >>> settings = GroupSettings(text_columns=[["title"]])
    >>> record_groups(rows, settings).labels.tolist()
    [0, 0, 0]
    """
    present = set(records.collect_schema().names())
    n = int(records.select(pl.len()).collect().item())
    edges = [pl.DataFrame(schema=EDGE_SCHEMA)]
    if settings.by == "brand" and "brand" in present:
        brands = records.select("brand").collect()["brand"]
        keys = brand_keys(brands, generic=settings.generic_brands, aliases=settings.brand_aliases)
        edges.append(_star("brand", keys))
    edges += [_star(name, records.select(name).collect()[name]) for name in tie_on or []]
    if settings.ties_queries:
        edges.append(_star("query", _queries(records, present, settings)))
    if settings.ties_identifiers and "identifiers" in present:
        edges.append(_identifier_edges(records, settings.placeholders))
    if settings.near_duplicates > 0:
        for columns in settings.tied_texts:
            if not set(columns) <= present:
                continue
            texts = records.select(text_of(*columns)).collect().to_series()
            found = duplicate_edges(
                texts, settings.near_duplicates, likeness=settings.likeness, progress=progress
            )
            edges.append(_near_edges(found, " + ".join(columns)))
    tied = pl.concat(edges)
    labels = component_labels(n, tied["left"].to_numpy(), tied["right"].to_numpy())
    return Groups(labels, tied)


def _queries(records: pl.LazyFrame, present: set[str], settings: GroupSettings) -> pl.Series:
    """The query of each record as it ties; null where it has none."""
    keys = pl.Series("query", [], pl.String)
    if "query" in present:
        keys = query_keys(records.select("query").collect()["query"])
    if settings.by == "query" and not keys.count():
        raise InputError(
            "--by query: no record has a query, so that nothing would tie and any split leak. "
            "Split by brand, or where that is meant say --by none."
        )
    return keys


def _star(kind: str, keys: pl.Series) -> pl.DataFrame:
    """An edge from each row to the first row with the same key; null keys tie nothing."""
    return _star_of(
        pl.DataFrame(
            {"row": np.arange(len(keys)), "key": keys}, schema_overrides={"row": pl.Int64}
        ),
        kind,
    )


def _star_of(rows: pl.DataFrame, kind: str) -> pl.DataFrame:
    return (
        rows.drop_nulls("key")
        .with_columns(pl.col("row").min().over("key").alias("left"))
        .filter(pl.col("row") != pl.col("left"))
        .select(
            pl.lit(kind).alias("kind"),
            "left",
            pl.col("row").alias("right"),
            "key",
            pl.lit(None, pl.Float64).alias("similarity"),
        )
    )


def _identifier_edges(records: pl.LazyFrame, placeholders: list[str]) -> pl.DataFrame:
    return _star_of(identifier_keys(records, placeholders), "identifier")


def query_keys(queries: pl.Series) -> pl.Series:
    """Queries made comparable: their words in order; one without words is null."""
    words = folded(queries.cast(pl.String))
    return words.set(words == "", None)


def identifier_keys(records: pl.LazyFrame, placeholders: Iterable[str] = ()) -> pl.DataFrame:
    """``row, key`` of each identifier that ties; case, spaces and hyphens do not count.

    Words for nothing ("N/A", "unknown"), all zeros and the placeholders tie nothing; a placeholder
    is a value, or a key as it is given here.
    """
    held = (
        records.select("identifiers")
        .with_row_index("row")
        .filter(pl.col("identifiers").list.len() > 0)
        .explode("identifiers")
        .unnest("identifiers")
        .collect()
    )
    value = compact(held["value"])
    keys = held.select(
        pl.col("row").cast(pl.Int64),
        pl.when(
            ~is_placeholder(held["kind"], value, placeholders)
            & ((pl.col("kind") != "mpn") | _is_long(value))
        )
        .then(pl.concat_str("kind", pl.lit(":"), value))
        .alias("key"),
    )
    return keys.drop_nulls("key").unique(maintain_order=True)


def _is_long(value: pl.Series) -> pl.Series:
    return value.str.len_chars() >= _SHORTEST_MODEL_NUMBER


def _near_edges(found: pl.DataFrame, key: str) -> pl.DataFrame:
    return found.select(
        pl.lit("near_duplicate").alias("kind"),
        "left",
        "right",
        pl.lit(key).alias("key"),
        "similarity",
    )
