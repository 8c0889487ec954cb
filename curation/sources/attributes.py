"""Attributes of many products from one long table of values."""

from __future__ import annotations

import polars as pl

from catalog.records import ATTRIBUTE, EVIDENCE
from curation.sources.fields import place_of

_PRODUCTS_AT_ONCE = 100_000


def attributes_of(products: pl.DataFrame, values: pl.DataFrame) -> pl.Series:
    """Gather values by product and key; each value with its first place in the text.

    Parameters
    ----------
    products
        ``title, description``, one row a product.
    values
        ``row`` (the product's row number), ``key``, ``value``; several values of one key are
        several evidences, a repeated one counts once. Null keys and values are left out.

    Returns
    -------
    One list of attributes for each product, in the order of ``values``; null where it has none.

    Examples
    --------
    >>> products = pl.DataFrame({"title": ["Red mug"], "description": [None]})
    >>> values = pl.DataFrame({"row": [0, 0], "key": ["Color"] * 2, "value": ["Red", "Blue"]})
    >>> [e["value"] for e in attributes_of(products, values)[0][0]["evidences"]]
    ['Red', 'Blue']
    """
    texts = products.select(
        pl.col("title").cast(pl.String), pl.col("description").cast(pl.String)
    ).with_row_index("row")
    long = (
        values.select(
            pl.col("row").cast(texts.schema["row"]),
            pl.col("key").cast(pl.String).str.strip_chars(),
            pl.col("value").cast(pl.String).str.strip_chars(),
        )
        .filter((pl.col("key") != "") & (pl.col("value") != ""))
        .unique(maintain_order=True)
    )
    parts = [
        _gathered(texts.slice(start, _PRODUCTS_AT_ONCE), long)
        for start in range(0, texts.height, _PRODUCTS_AT_ONCE)
    ]
    found = pl.concat([pl.DataFrame(schema={"attributes": pl.List(ATTRIBUTE)}), *parts])
    return found["attributes"]


def _gathered(texts: pl.DataFrame, long: pl.DataFrame) -> pl.DataFrame:
    first = texts["row"][0]
    mine = long.filter(pl.col("row").is_between(first, first + texts.height - 1))
    in_title = place_of(pl.col("title"), pl.col("value"))
    in_description = place_of(pl.col("description"), pl.col("value"))
    placed = (
        mine.join(texts, on="row", how="left", maintain_order="left")
        .with_columns(in_title.alias("_title"), in_description.alias("_description"))
        .with_columns(
            pl.coalesce("_title", "_description").alias("begin"),
            pl.when(pl.col("_title").is_not_null())
            .then(0)
            .when(pl.col("_description").is_not_null())
            .then(pl.col("title").is_not_null().cast(pl.Int32))
            .alias("pid"),
        )
    )
    evidence = pl.struct(
        "value", "pid", "begin", end=pl.col("begin") + pl.col("value").str.len_chars()
    )
    by_key = placed.group_by("row", "key", maintain_order=True).agg(
        evidence.cast(EVIDENCE).alias("evidences")
    )
    by_row = by_key.group_by("row", maintain_order=True).agg(
        pl.struct("key", "evidences").cast(ATTRIBUTE).alias("attributes")
    )
    joined = texts.select("row").join(by_row, on="row", how="left", maintain_order="left")
    return joined.select(pl.col("attributes").cast(pl.List(ATTRIBUTE)))
