"""Values that do not stand where they should in the text."""

from __future__ import annotations

import polars as pl

from catalog.text import folded
from curation.checks.findings import FINDING_SCHEMA, Findings, findings, quoted
from curation.checks.shelf import Shelf

_SHORTEST_JOINED = 3


def value_not_in_text(shelf: Shelf) -> Findings:
    """Values without a place in the text whose words do not stand in it either.

    Case and punctuation do not count, nor the blank in "128 GB". Evidences that give a
    place are judged by `evidence_offset_mismatch`.
    """
    texts = pl.col("paragraphs").list.eval(pl.element().struct.field("text")).list.join(" ")
    unplaced = shelf.values("paragraphs").filter(
        pl.col("pid").is_null() & pl.col("begin").is_null() & (pl.col("value") != "")
    )
    parts = []
    for batch in shelf.batches(unplaced.with_columns(texts.alias("text")).drop("paragraphs")):
        once = batch.unique("row", keep="first", maintain_order=True)
        text = once.select("row", folded(once["text"]).fill_null("").alias("text"))
        value = batch.select("row", "key", "value", folded(batch["value"]).alias("plain"))
        plain = value.join(text, on="row", how="left", maintain_order="left")
        padded = [pl.concat_str(pl.lit(" "), c, pl.lit(" ")) for c in ("text", "plain")]
        tight = [pl.col(c).str.replace_all(" ", "", literal=True) for c in ("text", "plain")]
        is_measure = (tight[1].str.len_chars() >= _SHORTEST_JOINED) & tight[1].str.contains(r"\d")
        there = padded[0].str.contains(padded[1], literal=True) | (
            is_measure & tight[0].str.contains(tight[1], literal=True)
        )
        # A value of signs alone folds to nothing and cannot be looked for.
        parts.append(plain.filter(~there & (pl.col("plain") != "")).select("row", "key", "value"))
    if not parts:
        return Findings(pl.DataFrame(schema=FINDING_SCHEMA), 0)
    bad = pl.concat(parts)
    return findings(
        bad.unique(maintain_order=True),
        message=pl.format("{} of {} does not stand in the text", quoted("value"), quoted("key")),
        suggestion="Look whether the value is right; a model cannot learn to find it here.",
        n_evidences=bad.height,
    )


def evidence_offset_mismatch(shelf: Shelf) -> Findings:
    """Evidences whose text at ``begin`` to ``end`` of paragraph ``pid`` is not their value.

    A paragraph or place that does not exist counts too, and half a place. Evidences with no
    place at all do not. A place is proposed where the value stands in the paragraph.
    """
    placed = shelf.values("paragraphs").filter(
        pl.any_horizontal(pl.col("pid", "begin", "end").is_not_null())
    )
    inside = (pl.col("begin") >= 0) & pl.col("end").is_between(
        pl.col("begin"), pl.col("text").str.len_chars()
    )
    text = pl.col("paragraphs").list.get(
        pl.when(pl.col("pid") >= 0).then("pid"), null_on_oob=True
    ).struct.field("text")  # fmt: skip
    found = pl.when(inside).then(
        pl.col("text").str.slice(pl.col("begin"), pl.col("end") - pl.col("begin"))
    )
    bad = shelf.found(
        placed.with_columns(text.alias("text"))
        .drop("paragraphs")
        .with_columns(found.alias("found"))
        .filter(pl.col("found").is_null() | pl.col("found").ne_missing(pl.col("value")))
    )
    stands = pl.col("text").str.contains(pl.col("value"), literal=True) & (pl.col("value") != "")
    begin = pl.when(stands).then(
        pl.col("text").str.split(pl.col("value")).list.first().str.len_chars()
    )
    return findings(
        bad.with_columns(begin.alias("right")),
        message=pl.format(
            "{} of {}: paragraph {} from {} to {} reads {}",
            quoted("value"), quoted("key"), _number("pid"), _number("begin"), _number("end"),
            quoted("found"),
        ),
        suggestion=pl.when(pl.col("right").is_not_null())
        .then(
            pl.format(
                "It stands there from {} to {}.",
                "right", pl.col("right") + pl.col("value").str.len_chars(),
            )
        )
        .otherwise(pl.lit("Correct its place, or take the evidence out.")),
        n_evidences=bad.height,
    )  # fmt: skip


def _number(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).fill_null("nowhere")
