"""The annotators and their votes, as people look at them."""

from __future__ import annotations

import polars as pl

from catalog.votes import CATEGORY
from workspace.workspace import Workspace

ANNOTATORS = {
    "source": "the label in the catalog",
    "knn": "the nearest products of other brands, by TF-IDF",
    "linear": "a linear classifier on TF-IDF, never trained on the product's own brand",
    "lexical": "BM25 of the text against the names of the categories",
}


def top_votes(workspace: Workspace, annotator: str, limit: int = 20) -> list[tuple[str, int]]:
    """The categories that an annotator votes for most."""
    votes = workspace.snapshot("label").scan("votes")
    counted = (
        votes.filter((pl.col("annotator_id") == annotator) & (pl.col("question") == CATEGORY))
        .group_by("value")
        .len()
        .drop_nulls("value")
        .sort("len", "value", descending=[True, False])
        .head(limit)
    )
    return [(value, n) for value, n in counted.collect().iter_rows()]


def check_rows(workspace: Workspace, check: str, limit: int = 500) -> pl.DataFrame:
    """What a check found, the lowest scores first, with the titles of the records."""
    titles = workspace.snapshot("load").scan("records").select("record_id", "title")
    issues = workspace.snapshot("check").scan("issues").filter(pl.col("check") == check)
    return (
        issues.sort("score", maintain_order=True)
        .head(limit)
        .join(titles, on="record_id", how="left", maintain_order="left")
        .select("record_id", "title", "score", "message", "suggestion")
        .collect()
    )
