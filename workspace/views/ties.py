"""The near-duplicate ties of a split about its threshold, as people look at them."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from catalog.records import text_of
from curation.duplicates.dedupe import PAIR_SCHEMA
from curation.duplicates.differences import what_differs_most_alike
from curation.duplicates.forest import Forest, Pairs
from curation.duplicates.thresholds import threshold_curve
from workspace.workspace import Workspace

SHOWN = 50


def weakest_ties(workspace: Workspace) -> pl.DataFrame:
    """The least similar texts that the split holds together, with what differs.

    Returns
    -------
    ``similarity, left_id, left_text, right_id, right_text, only_left, only_right, differs``, the
    least similar first.
    """
    every, forest = _ties(workspace)
    ties = (
        forest.with_columns(
            left_id=every.gather(forest["left"]), right_id=every.gather(forest["right"])
        )
        .sort("similarity", "left_id", "right_id")
        .head(SHOWN)
    )
    gold = workspace.snapshot("curate").scan("gold")
    held = gold.collect_schema().names()
    split = workspace.settings.split
    compared = [[c for c in columns if c in held] for columns in split.tied_texts]
    ids = pl.concat([ties["left_id"], ties["right_id"]]).unique().implode()
    texts = (
        gold.filter(pl.col("record_id").is_in(ids))
        .select(
            "record_id",
            "title",
            *(text_of(*some).alias(f"text {n}") for n, some in enumerate(compared) if some),
        )
        .collect()
    )
    place = dict(zip(texts["record_id"], range(texts.height), strict=True))
    rows = {
        side: pl.Series([place[one] for one in ties[f"{side}_id"]], dtype=pl.Int64)
        for side in ("left", "right")
    }
    compared_texts = [texts[name] for name in texts.columns if name.startswith("text ")]
    told = what_differs_most_alike(compared_texts, ties.with_columns(**rows), split.likeness)
    return told.with_columns(
        texts["title"].gather(rows["left"]).alias("left_text"),
        texts["title"].gather(rows["right"]).alias("right_text"),
    ).select(
        "similarity", "left_text", "right_text", "only_left", "only_right", "differs", "left_id",
        "right_id",
    )  # fmt: skip


def clusters_by_threshold(workspace: Workspace) -> list[dict[str, Any]]:
    """How many rows near-duplicates alone would tie at this and each higher threshold."""
    ids, forest = _ties(workspace)
    lowest = workspace.settings.split.near_duplicates
    if forest.is_empty() or lowest <= 0:
        return []
    return threshold_curve(len(ids), forest, lowest).to_dicts()


def _ties(workspace: Workspace) -> tuple[pl.Series, pl.DataFrame]:
    """The records that texts tie, and their maximum spanning forest over all texts of a record.

    A pair that is in it is not tied more strongly in another way.
    """
    edges = workspace.snapshot("split").scan("edges")
    ties = edges.filter(pl.col("kind") == "near_duplicate").collect()
    ids = pl.concat([ties["left_id"], ties["right_id"]]).unique(maintain_order=True)
    numbers = pl.DataFrame({"id": ids, "n": np.arange(len(ids))})
    left, right = (
        ties.join(numbers, left_on=f"{side}_id", right_on="id", maintain_order="left")["n"]
        for side in ("left", "right")
    )
    forest = Forest(len(ids))
    forest.add(Pairs(left.to_numpy(), right.to_numpy(), ties["similarity"].to_numpy()))
    kept = forest.pairs()
    return ids, pl.DataFrame(
        {"left": kept.left, "right": kept.right, "similarity": kept.similarity}, schema=PAIR_SCHEMA
    )
