"""Ways to part gold rows: each gives every row the name of its part. `SLICES`, `PAIR_SLICES`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from catalog.paths import joined
from evaluation.answers.attribute_pairs import NULL_VALUES, attribute_values
from evaluation.metrics.attributes import AttributeAnswers
from evaluation.slicing.material import PATH, SliceMaterial

QUARTERS = ("lowest quarter", "second quarter", "third quarter", "highest quarter")
_SCRIPTS = (
    "Latin",
    "Cyrillic",
    "Greek",
    "Arabic",
    "Hebrew",
    "Devanagari",
    "Thai",
    "Hangul",
    "Han",
)
_FIELDS = ("title", "description", "brand", "price")


@dataclass(frozen=True)
class Slice:
    """One way to part gold rows.

    Attributes
    ----------
    words
        What it is, in one line.
    needs
        Columns of the rows that have to be there.
    parts
        The name of each row's part, in the order of the rows; an ``Enum`` where parts have an
        order. Null for a row of no part.
    needs_train
        The column of the train rows that has to be there; None for nothing.
    """

    name: str
    words: str
    needs: tuple[str, ...]
    parts: Callable[[SliceMaterial], pl.Series]
    needs_train: str | None = None


@dataclass(frozen=True)
class PairSlice:
    """One way to part pairs of product and attribute; as `Slice`, with the answers beside."""

    name: str
    words: str
    parts: Callable[[SliceMaterial, AttributeAnswers], pl.Series]
    needs_train: str | None = None


def numbered(column: str, breaks: list[int], names: list[str]) -> pl.Expr:
    """The name of the bin of a count: ``breaks`` are the last counts of all bins but the last."""
    found = pl.lit(names[-1])
    for last, name in reversed(list(zip(breaks, names, strict=False))):
        found = pl.when(pl.col(column) <= last).then(pl.lit(name)).otherwise(found)
    return pl.when(pl.col(column).is_not_null()).then(found).cast(pl.Enum(names))


def _category(material: SliceMaterial) -> pl.Series:
    return material.rows.select(joined(PATH)).to_series()


def category_at(level: int) -> Slice:
    """The gold category down to a level; rows without that level are of no part."""

    def parts(material: SliceMaterial) -> pl.Series:
        deep = pl.col(PATH).list.len() >= level
        cut = material.rows.select(pl.when(deep).then(pl.col(PATH).list.head(level)).alias(PATH))
        return cut.select(joined(PATH)).to_series()

    return Slice(f"category.{level}", f"gold category at level {level}", (PATH,), parts)


def _brand(material: SliceMaterial) -> pl.Series:
    return material.rows["brand"].replace("", None).fill_null("no brand")


def _brand_size(material: SliceMaterial) -> pl.Series:
    brands = material.rows["brand"] if material.brands is None else material.brands
    sizes = brands.str.strip_chars().alias("brand").to_frame().group_by("brand").len("size")
    rows = material.rows.select(pl.col("brand").replace("", None))
    names = ["1 record", "2 to 9", "10 to 99", "100 and more"]
    told = rows.join(sizes, on="brand", how="left", maintain_order="left").with_columns(
        pl.when(pl.col("brand").is_not_null()).then(pl.col("size").fill_null(1)).alias("size")
    )
    return told.select(numbered("size", [1, 9, 99], names)).to_series()


def _price(material: SliceMaterial) -> pl.Series:
    currency = pl.col("currency") if "currency" in material.rows.columns else pl.lit("")
    rows = material.rows.select("price", currency.fill_null("").alias("currency"))
    place = pl.col("price").rank("max").over("currency") / pl.col("price").count().over("currency")
    names = [*QUARTERS, "no price"]
    quarters = pl.coalesce(
        pl.when(place <= n / 4).then(pl.lit(name)) for n, name in enumerate(QUARTERS, start=1)
    )
    return rows.select(quarters.fill_null(names[-1]).cast(pl.Enum(names))).to_series()


def _text(material: SliceMaterial) -> pl.Expr:
    there = [name for name in ("title", "description") if name in material.rows.columns]
    return pl.concat_str(there, separator=" ", ignore_nulls=True).fill_null("")


def _text_length(material: SliceMaterial) -> pl.Series:
    words = material.rows.select(_text(material).str.count_matches(r"\S+").alias("n"))
    names = ["no words", "1 to 10 words", "11 to 50", "51 to 200", "over 200"]
    return words.select(numbered("n", [0, 10, 50, 200], names)).to_series()


def _language(material: SliceMaterial) -> pl.Series:
    text = _text(material)
    counts = material.rows.select(
        *(text.str.count_matches(rf"\p{{{name}}}").alias(name) for name in _SCRIPTS),
        kana=text.str.count_matches(r"[\p{Hiragana}\p{Katakana}]"),
    )
    most = pl.max_horizontal(_SCRIPTS)
    named = pl.coalesce(
        pl.when(pl.col(name) == most).then(pl.lit(f"{name} script")) for name in _SCRIPTS
    )
    script = (
        pl.when(pl.col("kana") > 0)
        .then(pl.lit("Japanese script"))
        .when(most == 0)
        .then(pl.lit("no letters"))
        .otherwise(named)
    )
    found = counts.select(script.alias("script"))["script"]
    if "language" not in material.rows.columns:
        return found
    return material.rows["language"].replace("", None).str.to_lowercase().fill_null(found)


def _missing(material: SliceMaterial) -> pl.Series:
    there = [name for name in _FIELDS if name in material.rows.columns]
    absent = [
        pl.when(pl.col(name).cast(pl.String).fill_null("") == "").then(pl.lit(name))
        for name in there
    ]
    told = pl.concat_str(absent, separator=", ", ignore_nulls=True)
    return material.rows.select(told.replace("", "none missing")).to_series()


def _masked(material: SliceMaterial) -> pl.Series:
    return material.rows["masked"].replace("", None).fill_null("nothing masked")


def _category_frequency(material: SliceMaterial) -> pl.Series:
    counts = material.train.select(joined(PATH).alias(PATH)).group_by(PATH).len("n")
    rows = material.rows.select(joined(PATH).alias(PATH))
    names = ["not in train", "rare: 1 to 9 rows", "10 to 99", "frequent: 100 and more"]
    found = rows.join(counts, on=PATH, how="left", maintain_order="left")
    told = pl.when(pl.col(PATH).is_not_null()).then(pl.col("n").fill_null(0)).alias("n")
    return found.select(told).select(numbered("n", [0, 9, 99], names)).to_series()


def _attribute(_: SliceMaterial, answers: AttributeAnswers) -> pl.Series:
    return answers.pairs["key"]


def _seen(material: SliceMaterial, answers: AttributeAnswers) -> pl.Series:
    known = attribute_values(material.train["attributes"], NULL_VALUES).drop_nulls("value")
    pairs = answers.pairs.select("key", "gold").with_row_index("at")
    seen = (
        pairs.filter(pl.col("gold").list.len() > 0)
        .explode("gold")
        .join(known.select("key", gold="value").unique(), on=["key", "gold"], how="semi")["at"]
        .unique()
    )
    names = ["seen in train", "not in train", "no value"]
    part = (
        pl.when(pl.col("gold").list.len() == 0)
        .then(pl.lit(names[2]))
        .when(pl.col("at").is_in(seen.implode()))
        .then(pl.lit(names[0]))
        .otherwise(pl.lit(names[1]))
    )
    return pairs.select(part.cast(pl.Enum(names))).to_series()


CATEGORY = "category"
SLICES: dict[str, Slice] = {
    one.name: one
    for one in (
        Slice(CATEGORY, "whole gold category; category.2 is its level 2", (PATH,), _category),
        Slice("brand", "brand of the record", ("brand",), _brand),
        Slice("brand_size", "records of the brand in the catalog", ("brand",), _brand_size),
        Slice("price", "quarter of the gold rows by price, each currency alone", ("price",), _price),
        Slice("language", "as the source tells it, else the script of the text", ("title",), _language),
        Slice("text_length", "words of title and description", ("title",), _text_length),
        Slice("missing_fields", f"which are empty of {', '.join(_FIELDS)}", ("title",), _missing),
        Slice("masked", "the field that was hidden from the model", ("masked",), _masked),
        Slice(
            "category_frequency",
            "rows of the gold category in train",
            (PATH,),
            _category_frequency,
            needs_train=PATH,
        ),
    )
}  # fmt: skip
PAIR_SLICES: dict[str, PairSlice] = {
    one.name: one
    for one in (
        PairSlice("attribute", "attribute that is asked for", _attribute),
        PairSlice(
            "attribute_values",
            "whether a gold value stands in train, for the same attribute",
            _seen,
            needs_train="attributes",
        ),
    )
}
DISTRIBUTION = "distribution"
DISTRIBUTION_WORDS = "natural: rows as they are; uniform: every gold category counts the same"
