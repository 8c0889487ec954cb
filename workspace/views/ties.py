"""The near-duplicate ties of a split about its threshold, as people look at them."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from catalog.records import text_of
from curation.duplicates.differences import what_differs
from curation.duplicates.thresholds import threshold_curve
from workspace.workspace import Workspace

SHOWN = 50


def weakest_ties(workspace: Workspace) -> pl.DataFrame:
    """The least similar texts that the split holds together, with what differs.

    Returns
    -------
    ``similarity, left_id, left_text, right_id, right_text, differs``, the least similar first.
    """
    ties = _ties(workspace).sort("similarity", "left_id", "right_id").head(SHOWN)
    gold = workspace.snapshot("curate").scan("gold")
    held = gold.collect_schema().names()
    wanted = [column for column in ("title", "description") if column in held]
    ids = pl.concat([ties["left_id"], ties["right_id"]]).unique().implode()
    texts = (
        gold.filter(pl.col("record_id").is_in(ids))
        .select("record_id", "title", text_of(*wanted).alias("text"))
        .collect()
    )
    place = dict(zip(texts["record_id"], range(texts.height), strict=True))
    rows = {
        side: pl.Series([place[one] for one in ties[f"{side}_id"]], dtype=pl.Int64)
        for side in ("left", "right")
    }
    told = what_differs(texts["text"], ties.with_columns(**rows))
    return told.with_columns(
        texts["title"].gather(rows["left"]).alias("left_text"),
        texts["title"].gather(rows["right"]).alias("right_text"),
    ).select("similarity", "left_id", "left_text", "right_id", "right_text", "differs")


def clusters_by_threshold(workspace: Workspace) -> list[dict[str, Any]]:
    """How many rows near-duplicates alone would tie at this and each higher threshold."""
    ties = _ties(workspace)
    lowest = workspace.settings.split.near_duplicates
    if ties.is_empty() or lowest <= 0:
        return []
    ids = pl.concat([ties["left_id"], ties["right_id"]]).unique(maintain_order=True)
    numbers = pl.DataFrame({"id": ids, "n": np.arange(len(ids))})
    left = ties.join(numbers, left_on="left_id", right_on="id", maintain_order="left")["n"]
    right = ties.join(numbers, left_on="right_id", right_on="id", maintain_order="left")["n"]
    forest = pl.DataFrame({"left": left, "right": right, "similarity": ties["similarity"]})
    return threshold_curve(len(ids), forest, lowest).to_dicts()


def _ties(workspace: Workspace) -> pl.DataFrame:
    edges = workspace.snapshot("split").scan("edges")
    return edges.filter(pl.col("kind") == "near_duplicate").collect()
