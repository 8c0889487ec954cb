"""Which brands may be one, each pair with the evidence for it; a person decides."""

from __future__ import annotations

import polars as pl

from curation.brands.evidence import SHOWN, named_in_titles, shared_identifiers, shared_titles
from curation.brands.mentions import mentions
from curation.brands.names import Branded, branded
from curation.brands.settings import BrandSettings
from curation.brands.spelling import as_letters, likeness, spellings

ALIAS_SCHEMA = pl.Schema(
    {
        "brand_a": pl.String(),
        "brand_b": pl.String(),
        "name_a": pl.String(),
        "name_b": pl.String(),
        "products_a": pl.Int64(),
        "products_b": pl.Int64(),
        "points": pl.Int64(),
        "kinds": pl.List(pl.String),
        "identifier": pl.Int64(),
        "part_number": pl.Int64(),
        "title": pl.Int64(),
        "named": pl.Int64(),
        "category": pl.Int64(),
        "similarity": pl.Float64(),
        "left_ids": pl.List(pl.String),
        "right_ids": pl.List(pl.String),
    }
)
SHARED = ("identifier", "part_number", "title", "named")
_ENOUGH = 2
_RARE = 0.05
"""The share of brands in a category up to which it speaks for two of them."""


def alias_candidates(
    records: pl.LazyFrame,
    settings: BrandSettings | None = None,
    *,
    generic: list[str] | None = None,
    held: Branded | None = None,
    named: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Pairs of brands that may be one, the best founded first; nothing is merged.

    Each kind of evidence gives a point, or two where it is strong: shared identifiers (one is
    strong), shared part numbers (two), products of the same title but for the brand's words
    (three), titles of the one that begin with the name of the other (two). Names of the same letters
    give two points; where one name holds the words of the other, or is a few edits from it, one;
    a rare category that both are in gives one more to names a few edits apart. A pair is offered from two points
    on: likeness of names alone is never enough.

    Parameters
    ----------
    records
        Of the record columns ``record_id, brand, title, identifiers, category_path``, those that
        are there.
    generic
        More names that tell no brand.
    held, named
        What `branded` and `mentions` gave, where that is known already.

    Returns
    -------
    `ALIAS_SCHEMA`: two different keys (``brand_a < brand_b``), the most frequent spelling of each
    and its products, points, kinds, how many pieces of each kind, the similarity of the names in
    [0, 1], and up to three records of each side that show it, side by side.
    """
    settings = settings or BrandSettings()
    held = branded(records, generic=generic) if held is None else held
    named = mentions(held.titles, held.brands) if named is None else named
    shared = pl.concat(
        [
            shared_identifiers(records, held, settings.max_brands),
            shared_titles(held, settings.max_brands),
            named_in_titles(held, named),
        ]
    )
    close = spellings(held.brands, settings.similarity)
    pairs = pl.concat([shared.select("a", "b"), close.select("a", "b")]).unique()
    if pairs.is_empty():
        return pl.DataFrame(schema=ALIAS_SCHEMA)
    counted = _counted(pairs, shared).pipe(_named, held).join(close, on=["a", "b"], how="left")
    pointed = _with_points(counted, _shared_categories(records, held, close), settings.similarity)
    pointed = pointed.filter(pl.col("points") >= _ENOUGH)
    return _told(pointed, shared, records)


def _counted(pairs: pl.DataFrame, shared: pl.DataFrame) -> pl.DataFrame:
    """Each pair with a column of counts, and one of strength, for each kind of shared evidence."""
    for kind in SHARED:
        of_kind = shared.filter(pl.col("kind") == kind)
        part = of_kind.select("a", "b", pl.col("support").alias(kind), strong=pl.col("is_strong"))
        part = part.rename({"strong": f"is_{kind}_strong"})
        pairs = pairs.join(part, on=["a", "b"], how="left")
    return pairs.with_columns(
        *(pl.col(kind).fill_null(0) for kind in SHARED),
        *(pl.col(f"is_{kind}_strong").fill_null(False) for kind in SHARED),
    )


def _named(pairs: pl.DataFrame, held: Branded) -> pl.DataFrame:
    for side in ("a", "b"):
        facts = held.brands.select(
            pl.col("code").alias(side),
            pl.col("key").alias(f"brand_{side}"),
            pl.col("name").alias(f"name_{side}"),
            pl.col("n_products").alias(f"products_{side}"),
        )
        pairs = pairs.join(facts, on=side, maintain_order="left")
    return pairs


def _shared_categories(records: pl.LazyFrame, held: Branded, close: pl.DataFrame) -> pl.DataFrame:
    """``a, b, category``: how many rare categories two brands of like names share."""
    schema = {"a": pl.UInt32, "b": pl.UInt32, "category": pl.Int64}
    if "category_path" not in records.collect_schema().names():
        return pl.DataFrame(schema=schema)
    paths = records.select(pl.col("category_path").list.join("\x1f")).collect().to_series()
    inside = pl.DataFrame({"code": held.codes, "path": paths}).drop_nulls().unique()
    common = inside.group_by("path").len().filter(pl.col("len") > _RARE * held.brands.height)
    rare = inside.join(common, on="path", how="anti")
    return (
        close.select("a", "b")
        .join(rare, left_on="a", right_on="code")
        .join(rare, left_on=["b", "path"], right_on=["code", "path"])
        .group_by("a", "b")
        .agg(pl.len().cast(pl.Int64).alias("category"))
    )


def _with_points(pairs: pl.DataFrame, categories: pl.DataFrame, similarity: float) -> pl.DataFrame:
    words = [pl.col(f"brand_{side}").str.split(" ") for side in ("a", "b")]
    n_common = words[0].list.set_intersection(words[1]).list.len()
    holds = n_common == pl.min_horizontal(*(each.list.n_unique() for each in words))
    letters = [as_letters(pairs[f"brand_{side}"]) for side in ("a", "b")]
    pairs = pairs.join(categories, on=["a", "b"], how="left", maintain_order="left").with_columns(
        pl.col("category").fill_null(0),
        pl.Series("likeness", likeness(*letters)),
        holds.alias("holds"),
        (letters[0] == letters[1]).alias("is_same"),
    )
    is_close = pl.col("similarity").is_not_null()
    by_kind = {kind: pl.col(kind).clip(0, 1) + pl.col(f"is_{kind}_strong") for kind in SHARED}
    by_kind["spelling"] = (is_close | pl.col("holds")).cast(pl.Int64) + pl.col("is_same")
    by_kind["category"] = (is_close & ~pl.col("is_same") & (pl.col("category") > 0)).cast(pl.Int64)
    told = [pl.when(points > 0).then(pl.lit(kind)) for kind, points in by_kind.items()]
    return pairs.with_columns(
        pl.sum_horizontal(by_kind.values()).cast(pl.Int64).alias("points"),
        pl.concat_list(told).list.drop_nulls().alias("kinds"),
        pl.col("likeness").alias("similarity"),
    )


def _told(pairs: pl.DataFrame, shared: pl.DataFrame, records: pl.LazyFrame) -> pl.DataFrame:
    """The table, with up to three records of each side, of the strongest kind of evidence."""
    order = {kind: place for place, kind in enumerate(SHARED)}
    examples = (
        shared.join(pairs.select("a", "b"), on=["a", "b"], how="semi")
        .with_columns(place=pl.col("kind").replace_strict(order, return_dtype=pl.Int64))
        .sort("a", "b", "place")
        .explode("left", "right")
        .group_by("a", "b", maintain_order=True)
        .agg(pl.col("left", "right").head(SHOWN))
    )
    names = records.collect_schema().names()
    ids = pl.col("record_id") if "record_id" in names else pl.int_range(pl.len())
    held = records.select(ids.cast(pl.String).alias("record_id")).collect()["record_id"]
    shown = examples.explode("left", "right").with_columns(
        left_ids=held.gather(examples["left"].explode()),
        right_ids=held.gather(examples["right"].explode()),
    )
    listed = shown.group_by("a", "b", maintain_order=True).agg("left_ids", "right_ids")
    support = pl.sum_horizontal(SHARED)
    return (
        pairs.join(listed, on=["a", "b"], how="left")
        .with_columns(pl.col("left_ids", "right_ids").fill_null([]))
        .sort("points", pl.col("kinds").list.contains("spelling"), support, "brand_a", "brand_b",
              descending=[True, True, True, False, False])
        .select(ALIAS_SCHEMA.names())
        .cast(ALIAS_SCHEMA)
    )  # fmt: skip
