"""A product in few words: what says which category it has, without the shop's talk around it."""

from __future__ import annotations

from typing import Any

import polars as pl

from curation.checks.repairs import repaired

TITLE_CHARACTERS, BRAND_CHARACTERS, DESCRIPTION_CHARACTERS = 300, 100, 1_000
PARAGRAPH_CHARACTERS = 6_000
"""The most that is shown of a record: of each field, and of all paragraphs together."""

_LONGEST_TALK = 300
_TALK = (
    r"(?:free|fast|quick|next[ -]day|same[ -]day|express|worldwide|international)\s+(?:\w+\s+)?"
    r"(?:shipping|delivery|postage|returns?)",
    r"shipping|dispatch(?:ed|es)?\b|courier",
    r"deliver(?:y|ed|ies|s)?\s+(?:within|in\s+\d|by\s+(?:post|mail)|to\s+your|times?|charges?|costs?|is\s+free)",
    r"\bships?\s+(?:within|in|from|to|worldwide|free|same|next|out|today)\b",
    r"(?:easy|hassle[ -]free|30[ -]day|\d+[ -]days?)\s+returns?|returns?\s+(?:policy|accepted|within|and\s+(?:refunds?|exchanges?))",
    r"refund|money[ -]back|\bwarrant(?:y|ies)\b|satisfaction\s+guarantee|guaranteed\s+or",
    r"customer\s+(?:service|support|care)|contact\s+us|(?:call|e-?mail|write\s+to|message)\s+us\b",
    r"add\s+(?:it\s+)?to\s+(?:your\s+)?(?:cart|basket|bag)|(?:buy|order|shop)\s+(?:yours?\s+)?(?:now|today)\b",
    r"(?:in|out\s+of)\s+stock\b|while\s+(?:stocks?|supplies)\s+last|limited[ -]time\s+offer",
    r"coupon|promo(?:tion)?\s+code|discount\s+code|\d\s?%\s+off\b|\bsale\s+ends\b",
    r"click\s+here|(?:visit|follow|see)\s+(?:us|our\s+(?:store|shop|website|page))|subscribe|newsletter",
    r"terms\s+(?:and|&)\s+conditions|privacy\s+policy|payment\s+methods?|pay\s*pal|cash\s+on\s+delivery",
    r"colou?rs?\s+(?:\w+\s+){0,3}(?:may|might)\s+(?:\w+\s+)?(?:vary|differ)|monitor\s+(?:settings|calibration)",
    r"positive\s+feedback|leave\s+(?:us\s+)?a\s+review|five[ -]star\s+(?:rating|review)",
)
TALK_PATTERN = "(?i)" + "|".join(f"(?:{talk})" for talk in _TALK)
"""Sentences about the sale instead of the product, in English: shipping, returns, warranty, payment."""


def short_descriptions(records: pl.DataFrame) -> pl.DataFrame:
    """What is told of each product: cleaned, bounded, without talk of the sale.

    Mojibake, markup and invisible characters are taken out as by the repairs of the checks; of
    the description, sentences of at most 300 characters that speak of shipping, returns,
    warranty, payment and the like. What is left is cut behind a word. A record without a
    description is told by its paragraphs.

    Parameters
    ----------
    records
        `catalog.records.RECORD_SCHEMA`.

    Returns
    -------
    ``title, brand, description`` of each record, in order; null for nothing.

    Examples
    --------
    >>> from catalog.records import conform
    >>> rows = conform(pl.LazyFrame({"title": ["<b>Mug</b>"],
    ...     "description": ["Holds 0.3 l.<br>Free UK delivery! Oven-safe."]})).collect()
    >>> short_descriptions(rows).row(0)
    ('Mug', None, 'Holds 0.3 l. Oven-safe.')
    """
    paragraph = pl.element()
    others = pl.col("paragraphs").list.eval(
        paragraph.struct.field("text").filter(
            paragraph.struct.field("source").ne_missing(pl.lit("title"))
        )
    )
    told = records.select(
        "title", "brand", pl.coalesce("description", others.list.join("\n")).alias("description")
    )
    return told.select(
        _bounded(_one_line(repaired(told["title"])), TITLE_CHARACTERS),
        _bounded(_one_line(repaired(told["brand"])), BRAND_CHARACTERS),
        _bounded(
            _one_line(_about_the_product(repaired(told["description"]))), DESCRIPTION_CHARACTERS
        ),
    )


def _about_the_product(texts: pl.Series) -> pl.Series:
    sentence = pl.element()
    is_talk = sentence.str.contains(TALK_PATTERN) & (sentence.str.len_chars() <= _LONGEST_TALK)
    parts = pl.col("text").str.replace_all(r"([.!?…])\s+", "$1\n").str.split("\n")
    kept = parts.list.eval(sentence.filter(~is_talk)).list.join(" ")
    return texts.alias("text").to_frame().select(kept.alias(texts.name)).to_series()


def _one_line(texts: pl.Series) -> pl.Series:
    return texts.str.replace_all(r"\s+", " ").str.strip_chars()


def _bounded(texts: pl.Series, most: int) -> pl.Series:
    """At most so many characters, the last word whole where the text has blanks; empty is null."""
    text = pl.col(texts.name)
    cut = pl.concat_str(text.str.head(most - 1).str.replace(r"\s\S*$", ""), pl.lit("…"))
    whole = pl.when(text.str.len_chars() > most).then(cut).otherwise(text)
    return texts.to_frame().select(pl.when(text != "").then(whole)).to_series()


def products(records: pl.DataFrame) -> list[dict[str, Any]]:
    """`short_descriptions` as plain objects, without what is null."""
    return [
        {name: text for name, text in row.items() if text is not None}
        for row in short_descriptions(records).iter_rows(named=True)
    ]


def bounded_paragraphs(records: pl.DataFrame) -> list[list[str]]:
    """The paragraphs of each record as they stand, so that places in them are places in the record.

    Beyond `PARAGRAPH_CHARACTERS` characters in all, the rest is cut off. A record without
    paragraphs has its title and its description as such.

    Examples
    --------
    >>> from catalog.records import conform
    >>> rows = conform(pl.LazyFrame({"title": ["Mug"], "description": ["Red <b>mug</b>"]}))
    >>> bounded_paragraphs(rows.collect())
    [['Mug', 'Red <b>mug</b>']]
    """
    texts = pl.col("paragraphs").list.eval(pl.element().struct.field("text"))
    plain = pl.concat_list("title", "description").list.drop_nulls()
    held = records.select(pl.when(pl.col("paragraphs").list.len() > 0).then(texts).otherwise(plain))
    return [_first_characters(row or []) for row in held.to_series().to_list()]


def _first_characters(texts: list[str | None]) -> list[str]:
    left, kept = PARAGRAPH_CHARACTERS, []
    for text in texts:
        if left <= 0:
            break
        kept.append((text or "")[:left])
        left -= len(text or "")
    return kept
