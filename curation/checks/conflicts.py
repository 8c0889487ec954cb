"""Values of one attribute that cannot all be right."""

from __future__ import annotations

import polars as pl

from catalog.taxonomy.tree import NO_NODE
from catalog.text import folded
from curation.checks.findings import Findings, findings, quoted, together
from curation.checks.shelf import Shelf

_IS_WORD = r"\p{L}{2}"


def conflicting_values(shelf: Shelf) -> Findings:
    """Attributes with several different values, or with another value than the title says.

    A value that is part of the longest one ("6" and "6 count") does not conflict with it. The
    title is asked for the values of the attribute's closed list, but not for single letters
    and numbers, which may mean anything; where it says exactly one, that one is proposed.
    """
    lists = shelf.taxonomy.attributes.drop_nulls("list_id").rename({"attribute": "key"})
    several, contradicted = [], []
    for batch in shelf.batches(shelf.values("title")):
        values = batch.drop_nulls("value").with_columns(folded(batch["value"]).alias("plain"))
        per_key = values.group_by("row", "key", maintain_order=True).agg(
            "value", "plain", pl.col("title").first()
        )
        several.append(_several(per_key))
        codes = pl.Series("code", shelf.codes[per_key["row"].to_numpy()], dtype=pl.Int32)
        closed = (
            per_key.with_columns(codes)
            .filter((pl.col("code") != NO_NODE) & pl.col("title").is_not_null())
            .join(lists, on=["code", "key"], maintain_order="left")
        )
        contradicted.append(_contradicted(closed, shelf.taxonomy.values))
    return together([*several, *contradicted])


def _several(per_key: pl.DataFrame) -> Findings:
    many = per_key.filter(pl.col("plain").list.n_unique() > 1)
    exploded = many.explode("value", "plain").with_columns(
        pl.col("plain").str.replace_all(" ", "", literal=True).alias("tight")
    )
    longest = pl.col("tight").sort_by(pl.col("tight").str.len_chars(), "tight").last()
    differ = (
        exploded.with_columns(longest.over("row", "key").alias("longest"))
        .group_by("row", "key", maintain_order=True)
        .agg(
            pl.col("value").unique(maintain_order=True),
            (~pl.col("longest").str.contains(pl.col("tight"), literal=True)).any().alias("differ"),
        )
        .filter("differ")
    )
    return findings(
        differ,
        message=pl.format(
            "{} is {}",
            quoted("key"),
            pl.col("value").list.eval(quoted(pl.element())).list.join(" and "),
        ),
        suggestion="Keep the value that is right.",
    )


def _contradicted(closed: pl.DataFrame, allowed: pl.DataFrame) -> Findings:
    parts = []
    for (list_id,), mine in closed.group_by("list_id", maintain_order=True):
        values = allowed.filter(pl.col("list_id") == list_id)["value"]
        wanted = folded(values).to_frame("plain").with_columns(values.alias("usual")).filter(
            pl.col("plain").str.contains(_IS_WORD)
        )  # fmt: skip
        if wanted.is_empty():
            continue
        padded = (" " + wanted["plain"] + " ").unique(maintain_order=True)
        titles = " " + folded(mine["title"]) + " "
        found = titles.str.extract_many(padded.implode(), overlapping=True).alias("found")
        parts.append(_not_the_titles(mine.with_columns(titles.alias("padded"), found), wanted))
    return together(parts)


def _not_the_titles(mine: pl.DataFrame, wanted: pl.DataFrame) -> Findings:
    """Rows whose title names values of the list, and none of the attribute's own."""
    named = (
        mine.filter(pl.col("found").list.len() > 0)
        .explode("plain")
        .with_columns(
            pl.col("padded")
            .str.contains(pl.concat_str(pl.lit(" "), "plain", pl.lit(" ")), literal=True)
            .any()
            .over("row", "key")
            .alias("is_named")
        )
        .filter(~pl.col("is_named"))
        .unique(["row", "key"], keep="first", maintain_order=True)
    )
    longest = named.explode("found").with_columns(
        pl.col("found").sort_by(pl.col("found").str.len_chars(), "found").last().over("row", "key")
        .alias("longest")
    )  # fmt: skip
    told = (
        longest.group_by("row", "key", maintain_order=True)
        .agg(
            pl.col("value").first().list.first(),
            pl.col("longest").first().str.strip_chars().alias("plain"),
            (~pl.col("longest").str.contains(pl.col("found"), literal=True))
            .any()
            .alias("is_unsure"),
        )
        .join(wanted.unique("plain", keep="first", maintain_order=True), on="plain", how="left",
              maintain_order="left")
    )  # fmt: skip
    return findings(
        told,
        message=pl.format(
            "{} is {}, but the title says {}", quoted("key"), quoted("value"), quoted("usual")
        ),
        suggestion=pl.when("is_unsure")
        .then(pl.lit("Look which is right: the title names several."))
        .otherwise(
            pl.concat_str(pl.lit("Take "), quoted("usual"), pl.lit(" if the title is right."))
        ),
        fix_field=pl.concat_str(pl.lit("attribute:"), "key"),
        fix_value=pl.when(~pl.col("is_unsure")).then("usual"),
    )
