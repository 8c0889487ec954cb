"""The split, the balance and the certificate, as people look at them."""

from __future__ import annotations

from typing import Any

import polars as pl

from workspace.frozen_test import frozen_ids
from workspace.workspace import Workspace

TOP = 25


def sizes(workspace: Workspace) -> pl.DataFrame:
    """``split, rows, share, wanted`` of each split."""
    figures = workspace.snapshot("split").figures
    return pl.DataFrame(
        [
            {
                "split": name,
                "rows": facts["n_rows"],
                "share": facts["share"],
                "wanted": facts["wanted"],
            }
            for name, facts in figures["splits"].items()
        ],
        schema_overrides={"share": pl.Float64},
    )


def variation(workspace: Workspace) -> pl.DataFrame:
    """How far the categories of each split are from those of all rows, by level.

    Returns
    -------
    ``level`` and for each split its total variation, 0 where the shares are the same, 1 where
    none is shared; empty where no record has a category.
    """
    snapshot = workspace.snapshot("split")
    balance = snapshot.read("balance").filter(pl.col("level") > 0)
    splits = [name for name in snapshot.figures["splits"] if name in balance["split"]]
    return (
        balance.pivot("split", index="level", values="total_variation")
        .select("level", *splits)
        .sort("level")
    )


def shares_by_category(
    workspace: Workspace, level: int = 1
) -> tuple[list[str], dict[str, list[float]]]:
    """The share of each category at a level, in all rows and in each split."""
    gold = (
        workspace.snapshot("curate")
        .scan("gold")
        .select(
            "record_id", pl.col("category_path").list.head(level).list.join(" > ").alias("category")
        )
    )
    rows = gold.join(workspace.snapshot("split").scan("split"), on="record_id").collect()
    order = rows["category"].value_counts(sort=True).head(TOP)["category"].to_list()
    every = {
        "all": rows,
        **{n: part for (n,), part in rows.partition_by("split", as_dict=True).items()},
    }
    found = {}
    for name, part in every.items():
        counts = dict(part["category"].value_counts().iter_rows())
        found[str(name)] = [counts.get(category, 0) / part.height for category in order]
    return order, found


def balance_by_category(workspace: Workspace) -> tuple[list[str], dict[str, list[float]]]:
    """Rows of train before and after balancing, by leaf, the largest first."""
    table = workspace.snapshot("balance").read("table").filter(pl.col("level") == "leaf")
    rows = table.sort("n_before", "category", descending=[True, False]).head(TOP)
    return rows["category"].to_list(), {
        "before": rows["n_before"].to_list(),
        "after": rows["n_after"].to_list(),
    }


def certificate(workspace: Workspace) -> dict[str, Any] | None:
    """The certificate of the current export; None where nothing was exported."""
    snapshot = workspace.snapshots.current("export")
    return None if snapshot is None else snapshot.figures.get("certificate")


def certificate_table(found: dict[str, Any]) -> pl.DataFrame:
    """What crosses between each two splits: all zeros is a proof."""
    names = {
        "shared_groups": "shared brands",
        "shared_identifiers": "shared identifiers",
        "shared_queries": "shared queries",
        "exact_pairs": "equal texts",
        "near_duplicate_pairs": "near-duplicate pairs",
        "near_duplicate_pairs_lower": "pairs a little below the threshold",
        "largest_similarity": "largest similarity",
    }
    return pl.DataFrame(
        [
            {"between": between, **{told: leaks.get(key) for key, told in names.items()}}
            for between, leaks in found["between"].items()
        ],
        schema_overrides={"largest similarity": pl.Float64},
    )


def n_frozen(workspace: Workspace) -> int | None:
    """How many records the frozen test set has; None where none is frozen."""
    held = frozen_ids(workspace)
    return None if held is None else len(held)
