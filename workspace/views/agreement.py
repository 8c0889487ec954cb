"""Disagreements as people read them."""

from __future__ import annotations

import polars as pl

from workspace.workspace import Workspace


def disagreements(
    workspace: Workspace, question: str, level: int | None = None, limit: int = 500
) -> pl.DataFrame:
    """The items on which annotators part, the most useful first: title, level, who says what."""
    titles = workspace.snapshot("load").scan("records").select("record_id", "title")
    found = workspace.snapshot("agree").scan("disagreements").filter(pl.col("question") == question)
    if level is not None:
        found = found.filter(pl.col("level") == level)
    said = pl.concat_str(
        pl.element().struct.field("annotator_id"), pl.lit(": "), pl.element().struct.field("value")
    )
    return (
        found.head(limit)
        .join(titles, on="record_id", how="left", maintain_order="left")
        .select(
            "record_id",
            "title",
            "level",
            pl.col("votes").list.eval(said).list.join(" | ").alias("who says what"),
        )
        .collect()
    )
