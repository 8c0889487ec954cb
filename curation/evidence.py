"""Evidence after its text was changed: paragraphs rewritten, offsets found again."""

from __future__ import annotations

import polars as pl

from catalog.records import ATTRIBUTE, EVIDENCE, PARAGRAPH


def reseated(records: pl.DataFrame) -> pl.DataFrame:
    """Rewrite the paragraphs of title and description, and find each evidence again.

    An evidence whose value no longer stands in its paragraph keeps its value and loses its
    place (``pid``, ``begin`` and ``end`` null).

    Parameters
    ----------
    records
        Rows of the record schema whose ``title`` or ``description`` was changed.
    """
    if records.is_empty():
        return records
    paragraphs = (
        records.select("record_id", "title", "description", "paragraphs")
        .explode("paragraphs")
        .with_columns(
            pl.int_range(pl.len()).over("record_id").cast(pl.Int32).alias("pid"),
            pl.col("paragraphs").struct.field("source").alias("source"),
            pl.col("paragraphs").struct.field("text").alias("text"),
        )
        .with_columns(
            pl.when(pl.col("source") == "title")
            .then("title")
            .when(pl.col("source") == "description")
            .then("description")
            .otherwise("text")
            .alias("text")
        )
    )
    rebuilt = (
        paragraphs.filter(pl.col("source").is_not_null())
        .group_by("record_id", maintain_order=True)
        .agg(pl.struct("text", "source").cast(PARAGRAPH).alias("paragraphs"))
    )
    values = (
        records.select("record_id", "attributes")
        .explode("attributes")
        .drop_nulls("attributes")
        .with_columns(pl.int_range(pl.len()).over("record_id").alias("_n"))
        .unnest("attributes")
    )
    evidences = (
        values.explode("evidences", empty_as_null=True)
        .with_columns(pl.col("evidences").struct.field(f).alias(f) for f in ("value", "pid"))
        .join(
            paragraphs.select("record_id", "pid", "text"),
            on=["record_id", "pid"],
            how="left",
            maintain_order="left",
        )
        .with_columns(
            pl.when(pl.col("text").str.contains(pl.col("value"), literal=True))
            .then(pl.col("text").str.split(pl.col("value")).list.first().str.len_chars())
            .cast(pl.Int32)
            .alias("begin")
        )
    )
    seated = (
        evidences.with_columns(
            pl.struct(
                value="value",
                pid=pl.when(pl.col("begin").is_not_null()).then("pid"),
                begin="begin",
                end=(pl.col("begin") + pl.col("value").str.len_chars()).cast(pl.Int32),
            )
            .cast(EVIDENCE)
            .alias("evidence")
        )
        .group_by("record_id", "_n", "key", maintain_order=True)
        .agg(pl.col("evidence").filter(pl.col("evidences").is_not_null()).alias("evidences"))
        .group_by("record_id", maintain_order=True)
        .agg(pl.struct("key", "evidences").cast(ATTRIBUTE).alias("attributes"))
    )
    order = records.columns
    return (
        records.drop("paragraphs", "attributes")
        .join(rebuilt, on="record_id", how="left", maintain_order="left")
        .join(seated, on="record_id", how="left", maintain_order="left")
        .select(order)
    )
