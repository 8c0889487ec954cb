"""Fields that should say something and do not."""

from __future__ import annotations

import polars as pl

from catalog.brands import brand_keys
from catalog.text import folded
from curation.checks.findings import Findings, findings, quoted, together
from curation.checks.shelf import Shelf

_CATALOG_TASKS = ("classification", "attribute_extraction")
_LONGEST_BRAND = 4
_LONGEST_START = 80
_FEWEST_TITLES = 3
_SAME_BRAND = 0.9


def empty_title(shelf: Shelf) -> Findings:
    """Records without a title.

    A record of a task that asks something else than what a product is may do without: a
    query, a question or a context is then what it is about.
    """
    is_about_product = _is_of(*_CATALOG_TASKS, "product_pair")
    is_empty = pl.all_horizontal(pl.col("query", "question", "context").is_null())
    return findings(
        shelf.found(
            shelf.rows.filter(pl.col("title").is_null() & (is_about_product | is_empty)).select(
                "row"
            )
        ),
        message=pl.lit("the title is empty"),
        suggestion="Give it a title, or drop the record.",
    )


def _is_of(*tasks: str) -> pl.Expr:
    return pl.col("task").cast(pl.String).fill_null("classification").is_in(tasks)


def missing_category(shelf: Shelf) -> Findings:
    """Records of a catalog without a category; those of other tasks need none."""
    empty = (pl.col("category_path").list.len().fill_null(0) == 0) & _is_of(*_CATALOG_TASKS)
    return findings(
        shelf.found(shelf.rows.filter(empty).select("row")),
        message=pl.lit("the category is empty"),
        suggestion="Label it, or leave it out of the training data.",
    )


def price_not_positive(shelf: Shelf) -> Findings:
    """Records with a price of zero or less."""
    return findings(
        shelf.found(shelf.rows.filter(pl.col("price") <= 0).select("row", "price")),
        message=pl.format("the price is {}", "price"),
        suggestion="Correct the price, or leave it empty.",
    )


def missing_brand(shelf: Shelf) -> Findings:
    """Records of a catalog whose brand is empty or generic.

    A brand is proposed where the title begins with words with which at least three other
    titles begin, nearly all of them of that brand.
    """
    is_catalog = _is_of(*_CATALOG_TASKS)
    brands = shelf.found(shelf.rows.filter(is_catalog).select("row", "brand", "title"))
    keys = brand_keys(brands["brand"], generic=shelf.settings.generic_brands)
    brands = brands.with_columns(keys.alias("key"))
    open_rows = brands.filter(pl.col("key").is_null())
    if open_rows.is_empty():
        return together([])
    empty = pl.col("brand").is_null()
    return findings(
        open_rows.join(_begun(brands), on="row", how="left", maintain_order="left"),
        message=pl.when(empty)
        .then(pl.lit("the brand is empty"))
        .otherwise(pl.concat_str(quoted("brand"), pl.lit(" names no brand"))),
        suggestion=pl.when(pl.col("proposed").is_not_null())
        .then(pl.format("The title begins as those of '{}' do.", "proposed"))
        .otherwise(pl.lit("Give the brand if there is one: without it the row is tied to none.")),
        fix_field="brand",
        fix_value=pl.col("proposed"),
    )


def _begun(brands: pl.DataFrame) -> pl.DataFrame:
    """``row, proposed``: the brand with whose name the title of a row without one begins."""
    brands = brands.with_columns(folded(brands["title"].str.head(_LONGEST_START)).alias("words"))
    wanted = _starts(brands.filter(pl.col("key").is_null()))
    known = _starts(brands.drop_nulls("key")).join(wanted, on="start", how="semi")
    is_same = pl.col("key") == pl.col("start")
    told = (
        known.group_by("start")
        .agg(
            pl.len().alias("n"),
            is_same.sum().alias("n_same"),
            pl.col("brand").filter(is_same).mode().sort().first(),
        )
        .filter(
            (pl.col("n_same") >= _FEWEST_TITLES) & (pl.col("n_same") >= _SAME_BRAND * pl.col("n"))
        )
        .select("start", pl.col("brand").alias("proposed"))
    )
    return (
        wanted.join(told, on="start")
        .sort("row", pl.col("start").str.len_chars(), descending=[False, True])
        .unique("row", keep="first", maintain_order=True)
        .select("row", "proposed")
    )


def _starts(brands: pl.DataFrame) -> pl.DataFrame:
    """``row, brand, key, start``: the first one to four words of each title."""
    patterns = [rf"^((?:[^ ]+ ?){{{n}}})" for n in range(1, _LONGEST_BRAND + 1)]
    return pl.concat(
        brands.select(
            "row", "brand", "key", pl.col("words").str.extract(p).str.strip_chars().alias("start")
        ).drop_nulls("start")
        for p in patterns
    )
