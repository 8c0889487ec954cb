"""What keeps its proportion in every split: categories, labels, attributes, prices, languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from catalog.taxonomy.tree import NO_NODE, Taxonomy

Kept = Literal["category", "label", "attributes", "price", "language"]
_PRICE_BANDS = 10
_MOST_LABELS = 10_000
_SCRIPTS = (
    "Han|Hiragana|Katakana", "Hangul", "Arabic", "Hebrew", "Cyrillic", "Greek", "Devanagari",
    "Thai", "Latin",
)  # fmt: skip
_LANGUAGE_COLUMNS = ("language", "lang", "locale", "product_locale")


@dataclass(frozen=True)
class Feature:
    """One way to sort rows into kinds.

    Attributes
    ----------
    name
        What it is: ``category level 2``, ``price``.
    rows, codes
        A row number and its kind, from 0; a row may have several kinds, or none.
    """

    name: str
    rows: np.ndarray
    codes: np.ndarray


def features_of(
    records: pl.LazyFrame, kept: list[Kept], levels: list[np.ndarray]
) -> tuple[list[Feature], list[str]]:
    """The features that the settings name and the records have; notes on those they have not.

    ``label`` is the target of a record by task; ``price`` is its tenth among the prices of its
    currency; ``language`` is a column of that name, else the script of the title.
    """
    found, notes = [], []
    made = {
        "label": _labels,
        "attributes": _attributes,
        "price": _prices,
        "language": _languages,
    }
    for name in dict.fromkeys(kept):
        if name == "category":
            found += [_of_codes(f"category level {n}", codes) for n, codes in enumerate(levels, 1)]
            found += [] if levels else _named_categories(records)
            continue
        feature = made[name](records, set(records.collect_schema().names()))
        if feature is None or not len(feature.codes):
            notes.append(f"keep {name}: the records have none, so it decides nothing")
        elif len(np.unique(feature.codes)) > _MOST_LABELS:
            notes.append(
                f"keep {name}: more than {_MOST_LABELS:,} different values, so it decides nothing"
            )
        else:
            found.append(feature)
    return found, notes


def _named_categories(records: pl.LazyFrame) -> list[Feature]:
    """The levels of a plain column ``category``, parted by ">"; the last is the whole path."""
    if records.collect_schema().get("category") != pl.String:
        return []
    paths = records.select(pl.col("category").str.split(">").alias("path")).with_row_index("row")
    held = paths.filter(pl.col("path").list.join("").str.strip_chars() != "").collect()
    parts = pl.col("path").list.eval(pl.element().str.strip_chars())
    found = []
    for level in range(1, int(held["path"].list.len().max() or 0) + 1):  # type: ignore[arg-type]
        here = held.filter(pl.col("path").list.len() >= level)
        value = parts.list.head(level).list.join(" > ").alias("value")
        found.append(_of_values(f"category level {level}", here.select("row", value)))
    return found


def category_levels(records: pl.LazyFrame, taxonomy: Taxonomy | None) -> list[np.ndarray]:
    """The category code of each record at each level of the taxonomy; -1 where it has none."""
    if taxonomy is None or "category_path" not in records.collect_schema().names():
        return []
    codes = taxonomy.codes(records.select("category_path").collect().to_series())
    found = []
    for level in range(1, taxonomy.max_depth + 1):
        deep = (codes != NO_NODE) & (taxonomy.depths[codes] >= level)
        found.append(np.where(deep, taxonomy.at_level(codes, level), NO_NODE).astype(np.int64))
    return found


def _of_codes(name: str, codes: np.ndarray) -> Feature:
    rows = np.flatnonzero(codes >= 0)
    return Feature(name, rows, codes[rows].astype(np.int64))


def _of_values(name: str, values: pl.DataFrame) -> Feature:
    """A feature of ``row, value``, numbered in the order of the values."""
    held = values.drop_nulls("value").with_columns(
        (pl.col("value").rank("dense").cast(pl.Int64) - 1).alias("code")
    )
    return Feature(name, held["row"].cast(pl.Int64).to_numpy(), held["code"].to_numpy())


def _labels(records: pl.LazyFrame, present: set[str]) -> Feature | None:
    if "target" not in present:
        return None
    task = pl.col("task") if "task" in present else pl.lit("")
    value = pl.concat_str(task.cast(pl.String).fill_null(""), pl.lit("\t"), "target")
    return _of_values("label", records.select(value.alias("value")).with_row_index("row").collect())


def _attributes(records: pl.LazyFrame, present: set[str]) -> Feature | None:
    if "attributes" not in present:
        return None
    keys = (
        records.select(pl.col("attributes").alias("value"))
        .with_row_index("row")
        .filter(pl.col("value").list.len() > 0)
        .explode("value")
        .with_columns(pl.col("value").struct.field("key"))
        .collect()
    )
    return _of_values("attributes", keys)


def _prices(records: pl.LazyFrame, present: set[str]) -> Feature | None:
    if "price" not in present:
        return None
    currency = pl.col("currency") if "currency" in present else pl.lit(None, pl.String)
    priced = (
        records.select(
            pl.col("price").cast(pl.Float64, strict=False).alias("price"),
            currency.cast(pl.String).fill_null("").alias("currency"),
        )
        .with_row_index("row")
        .filter(pl.col("price").is_finite())
        .collect()
    )
    place = (pl.col("price").rank("min") - 1) / pl.len()
    band = (place.over("currency") * _PRICE_BANDS).floor().cast(pl.Int64).cast(pl.String)
    return _of_values(
        "price",
        priced.select("row", pl.concat_str("currency", pl.lit("\t"), band).alias("value")),
    )


def _languages(records: pl.LazyFrame, present: set[str]) -> Feature | None:
    named = next((name for name in _LANGUAGE_COLUMNS if name in present), None)
    if named is not None:
        value = pl.col(named).cast(pl.String).str.to_lowercase()
    elif "title" in present:
        scripts = [script.split("|") for script in _SCRIPTS]
        patterns = ["|".join(rf"\p{{{part}}}" for part in parts) for parts in scripts]
        value = pl.coalesce(
            pl.when(pl.col("title").str.contains(pattern)).then(pl.lit(script))
            for pattern, script in zip(patterns, _SCRIPTS, strict=True)
        )
    else:
        return None
    held = records.select(value.alias("value")).with_row_index("row").collect()
    return _of_values("language", held)
