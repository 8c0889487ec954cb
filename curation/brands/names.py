"""The brands of a catalog by key: how each is written, and how many products it has."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from catalog.brands import brand_keys
from catalog.text import folded, unaccented


@dataclass(frozen=True)
class Branded:
    """Records as numbers, names and words: what every search for brands works on.

    Attributes
    ----------
    brands
        ``code, key, name, n_products``: each different key, its most frequent spelling (the
        first in the alphabet of those as frequent) and its records; ``code`` counts from 0.
    codes
        The brand of each record, null where its brand tells none.
    titles
        The words of each title without accents, parted by spaces; empty where there are none.
    """

    brands: pl.DataFrame
    codes: pl.Series
    titles: pl.Series


def branded(records: pl.LazyFrame, *, generic: list[str] | None = None) -> Branded:
    """The brands and titles of records.

    Parameters
    ----------
    records
        ``brand`` and ``title``; a column that is missing is empty.
    generic
        More names that tell no brand.
    """
    held = records.collect_schema().names()
    wanted = [pl.col(c) if c in held else pl.lit(None).alias(c) for c in ("brand", "title")]
    frame = records.select(*wanted, pl.len().alias("_n")).drop("_n").cast(pl.String).collect()
    spelled = frame["brand"].str.strip_chars().alias("name")
    keys = brand_keys(spelled, generic=generic or [])
    counts = (
        pl.DataFrame({"key": keys, "name": spelled})
        .drop_nulls("key")
        .group_by("key", "name")
        .len()
        .sort("len", "name", descending=[True, False])
    )
    brands = (
        counts.group_by("key")
        .agg(pl.col("name").first(), pl.col("len").sum().cast(pl.Int64).alias("n_products"))
        .sort("key")
        .with_row_index("code")
    )
    codes = keys.replace_strict(
        brands["key"], brands["code"], default=None, return_dtype=pl.UInt32
    ).alias("code")
    return Branded(brands, codes, as_words(frame["title"].fill_null("")).alias("title"))


def as_words(texts: pl.Series) -> pl.Series:
    """Texts in the form of brand keys: words without accents, parted by single spaces."""
    plain = texts.str.replace_all("&", " and ", literal=True).str.replace_all("['’]", "")
    return unaccented(folded(plain))
