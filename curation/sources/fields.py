"""Texts of a source as fields of a record: prices, currencies, links, paragraphs, places."""

from __future__ import annotations

import polars as pl

from catalog.records import PARAGRAPH

_CURRENCIES = {"₹": "INR", "€": "EUR", "£": "GBP", "¥": "JPY", "$": "USD"}


def text_of(column: str) -> pl.Expr:
    """A column as text without space around it; null where nothing is left."""
    value = pl.col(column).cast(pl.String).str.strip_chars()
    return pl.when(value != "").then(value)


def price_of(value: pl.Expr) -> pl.Expr:
    """A number out of "₹1,299.00", "1.299,00 €" or "12"; null where there is none."""
    digits = value.str.extract(r"(-?\d[\d.,\s'’]*)").str.replace_all(r"[\s'’]", "")
    decimal_comma = digits.str.contains(r"^-?[\d.]*,\d{1,2}$")
    european = digits.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    plain = digits.str.replace_all(",", "", literal=True)
    return (
        pl.when(decimal_comma)
        .then(european)
        .otherwise(plain)
        .str.strip_chars_end(".")
        .cast(pl.Float64, strict=False)
    )


def currency_of(named: pl.Expr, price: pl.Expr) -> pl.Expr:
    """The named currency, else the code or the symbol that stands in the price."""
    symbol = price.str.extract(r"([₹€£¥$])").replace_strict(_CURRENCIES, default=None)
    return pl.coalesce(named, price.str.extract(r"\b([A-Z]{3})\b"), symbol.cast(pl.String))


def urls_of(value: pl.Expr) -> pl.Expr:
    """One link, or several in a JSON list or parted by commas, bars or white space."""
    found = value.str.extract_all(r"""[^\s,|;"'\[\]]+""")
    return pl.when(found.list.len() > 0).then(found)


def paragraphs() -> pl.Expr:
    """Title and description as paragraphs; null where neither is there."""
    parts = [
        pl.when(pl.col(name).is_not_null()).then(pl.struct(text=pl.col(name), source=pl.lit(name)))
        for name in ("title", "description")
    ]
    found = pl.concat_list(parts).list.drop_nulls().cast(pl.List(PARAGRAPH))
    return pl.when(found.list.len() > 0).then(found).alias("paragraphs")


def place_of(text: pl.Expr, value: pl.Expr) -> pl.Expr:
    """Where a value first stands in a text, in characters; null where it does not.

    Inside a word ("red" in "covered") it does not stand.
    """
    before = text.str.split(value).list.first()
    begin = before.str.len_chars()
    after = text.str.slice(begin + value.str.len_chars(), 1)
    apart = ~before.str.contains(r"\w$") & ~after.str.contains(r"^\w")
    return pl.when(text.str.contains(value, literal=True) & (value != "") & apart).then(begin)
