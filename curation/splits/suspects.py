"""Identifiers that are likely none, as products of many brands share them."""

from __future__ import annotations

import polars as pl

from catalog.brands import brand_keys
from catalog.wording import counted
from curation.splits.group_settings import GroupSettings

MOST_BRANDS = 10
_TOLD = 3


def suspect_notes(records: pl.LazyFrame, edges: pl.DataFrame, settings: GroupSettings) -> list[str]:
    """A line for each of the identifiers that tie products of more than ten brands, the worst first.

    Nothing is untied by that: a person says that it is a placeholder.

    Parameters
    ----------
    edges
        Of `curation.splits.groups.Groups`.
    """
    ties = edges.filter(pl.col("kind") == "identifier")
    if ties.is_empty() or "brand" not in records.collect_schema().names():
        return []
    tied = pl.concat([ties.select("key", row="left"), ties.select("key", row="right")]).unique()
    tied = tied.filter(pl.len().over("key") > MOST_BRANDS)  # others cannot have so many brands
    brands = records.select("brand").collect()["brand"].gather(tied["row"])
    keys = brand_keys(brands, generic=settings.generic_brands, aliases=settings.brand_aliases)
    worst = (
        tied.with_columns(keys.alias("brand"))
        .group_by("key")
        .agg(pl.len().alias("n"), pl.col("brand").drop_nulls().n_unique().alias("n_brands"))
        .filter(pl.col("n_brands") > MOST_BRANDS)
        .sort("n_brands", "key", descending=[True, False])
    )
    notes = [
        f"identifier {key} ties {n:,} records of {n_brands:,} brands: if it is none, let it tie "
        f"nothing with --placeholder {key}"
        for key, n, n_brands in worst.head(_TOLD).iter_rows()
    ]
    more = worst.height - _TOLD
    return [*notes, f"and {counted(more, 'identifier')} like that"] if more > 0 else notes
