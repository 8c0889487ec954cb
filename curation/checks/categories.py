"""Categories that hold too little, or too much of one brand, to learn from."""

from __future__ import annotations

import polars as pl

from catalog.brands import brand_keys
from curation.checks.findings import Findings, findings, quoted, quoted_path
from curation.checks.shelf import Shelf


def small_category(shelf: Shelf) -> Findings:
    """Records of leaves with fewer records than a model can learn from."""
    least = shelf.settings.smallest_category
    small = (
        _on_leaves(shelf).with_columns(pl.len().over("code").alias("n")).filter(pl.col("n") < least)
    )
    return findings(
        small,
        message=pl.concat_str(
            quoted_path("path_text"),
            pl.lit(" has "),
            "n",
            pl.lit(" of "),
            pl.lit(least),
            pl.lit(" records"),
        ),
        suggestion="Collect more records, or merge the category with one beside it.",
        score=pl.col("n") / least,
    )


def dominated_category(shelf: Shelf) -> Findings:
    """Records of the one brand that a leaf is nearly wholly made of.

    The share is of the records that name a brand. The score is the share of the others.
    """
    settings = shelf.settings
    brands = shelf.found(shelf.rows.select("row", "brand"))
    keys = brand_keys(brands["brand"], generic=settings.generic_brands)
    held = (
        _on_leaves(shelf)
        .join(brands.with_columns(keys.alias("key")), on="row", how="left", maintain_order="left")
        .drop_nulls("key")
        .with_columns(
            pl.len().over("code").alias("n"), pl.len().over("code", "key").alias("n_same")
        )
        .filter(
            (pl.col("n") >= settings.dominated_minimum)
            & (pl.col("n_same") > settings.dominated_share * pl.col("n"))
        )
    )
    return findings(
        held,
        message=pl.format(
            "{} of {} records in {} are of brand {}",
            "n_same", "n", quoted_path("path_text"), quoted("brand"),
        ),
        suggestion="Add other brands, or a model learns the brand instead of the category.",
        score=1 - pl.col("n_same") / pl.col("n"),
    )  # fmt: skip


def _on_leaves(shelf: Shelf) -> pl.DataFrame:
    leaves = shelf.taxonomy.nodes.filter("is_leaf").select("code")
    return shelf.categories.join(leaves, on="code", how="semi", maintain_order="left")
