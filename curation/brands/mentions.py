"""Brand names that stand in titles, found by Aho and Corasick (1975) over all names at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import polars as pl

_AT_ONCE = 100_000
_BEFORE_ANOTHER = (
    "for", "with", "fits", "fit", "to", "compatible", "like", "and", "or", "from", "in", "on", "of", "vs",
)  # fmt: skip
"""Words before the name of a brand that is not the product's own: "case for", "works with"."""
MENTION_SCHEMA = pl.Schema({"row": pl.Int64(), "named": pl.UInt32(), "where": pl.String()})


def mentions(titles: pl.Series, names: pl.DataFrame) -> pl.DataFrame:
    """Which brand each title names, and where.

    Parameters
    ----------
    titles
        Words parted by single spaces.
    names
        ``code, key`` of the brands to look for.

    Returns
    -------
    ``row, named`` (a code), ``where``: ``begins`` with the longest such name, ``by`` ("... by
    NAME"), or ``inside``, where no longer name stands around it and no word such as "for" or "with"
    before it. A title has at most one row for each ``named``.

    Examples
    --------
    >>> names = pl.DataFrame({"code": [0, 1], "key": ["sony", "canon"]})
    >>> titles = pl.Series(["sony camera bag for canon", "mug by canon", "black sony radio"])
    >>> mentions(titles, names).rows()
    [(0, 0, 'begins'), (1, 1, 'by'), (2, 0, 'inside')]
    """
    searched = names.filter(
        (pl.col("key").str.len_chars() > 1) & pl.col("key").str.contains(r"\p{L}")
    )
    if searched.is_empty():
        return pl.DataFrame(schema=MENTION_SCHEMA)
    patterns = pl.concat_str(pl.lit(" "), "key", pl.lit(" "))
    table = searched.select(patterns.alias("pattern"), pl.col("code").alias("named"))
    wanted = table["pattern"].implode()
    begins = range(0, len(titles), _AT_ONCE)
    with ThreadPoolExecutor(2) as pool:
        parts = list(
            pool.map(lambda begin: _of(titles.slice(begin, _AT_ONCE), begin, wanted), begins)
        )
    if not parts:
        return pl.DataFrame(schema=MENTION_SCHEMA)
    found = pl.concat(parts).join(table, on="pattern", how="inner", maintain_order="left")
    return found.select(MENTION_SCHEMA.names()).cast(MENTION_SCHEMA)


def _of(titles: pl.Series, begin: int, patterns: pl.Series) -> pl.DataFrame:
    padded = (" " + titles.rename("text") + " ").rename("text")
    found = padded.str.extract_many(patterns, overlapping=True)
    held = (
        pl.DataFrame({"row": pl.int_range(len(titles), eager=True), "pattern": found})
        .filter(pl.col("pattern").list.len() > 0)
        .with_columns(text=padded.gather(pl.Series(found.list.len() > 0).arg_true()))
        .explode("pattern")
        .unique(("row", "pattern"), maintain_order=True)
    )
    others = "|".join(_BEFORE_ANOTHER)
    text, pattern = pl.col("text"), pl.col("pattern")
    at = text.str.find(pattern, literal=True)
    before = text.str.slice(0, at)  # what stands before its first mention
    placed = held.with_columns(
        pl.when(text.str.starts_with(pattern))
        .then(pl.lit("begins"))
        .when(before.str.ends_with(" by"))
        .then(pl.lit("by"))
        .when(~before.str.contains(rf" (?:{others})$"))
        .then(pl.lit("inside"))
        .alias("where"),
        pl.col("pattern").str.len_bytes().alias("size"),
    ).drop_nulls("where")
    longest = pl.col("size") == pl.col("size").max().over("row", "where")
    whole = (pl.col("where") == "inside") | longest
    return placed.filter(whole).select(pl.col("row") + begin, "pattern", "where")
