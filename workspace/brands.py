"""Look for brands in a workspace, and show what was found and decided."""

from __future__ import annotations

from typing import Any

import polars as pl

from catalog.wording import counted
from workspace.progress import Progress
from workspace.review.brands import aliases_shown, missing_shown, with_aliases
from workspace.runner import run_steps, statuses
from workspace.snapshots import Snapshot
from workspace.steps import STEPS
from workspace.steps.brands import STEP
from workspace.workspace import Workspace

_EVIDENCE = {
    "identifier": ("shared identifier", "shared identifiers"),
    "part_number": ("shared part number", "shared part numbers"),
    "title": ("same title", "same titles"),
    "named": ("title that begins with the other", "titles that begin with the other"),
    "category": ("rare category in common", "rare categories in common"),
}
_STEPS = {"load": STEPS["load"], STEP.name: STEP}


def look_for_brands(workspace: Workspace, progress: Progress | None = None) -> Snapshot:
    """What is proposed, made anew where the records or the settings are others."""
    run_steps(workspace, _STEPS, [STEP.name], progress or Progress())
    return workspace.snapshot(STEP.name)


def state_of_brands(workspace: Workspace) -> str:
    """``done``, ``stale`` or ``missing``: whether the proposals are of the records as they are."""
    return statuses(workspace, _STEPS)[STEP.name].state


def brands_told(workspace: Workspace, *, limit: int | None = None) -> dict[str, Any]:
    """The figures, the pairs and the gaps, as plain JSON; at most ``limit`` of each."""
    found = {"aliases": aliases_shown(workspace), "missing": missing_shown(workspace)}
    counts = {
        f"{name}_waiting": int(table["decision"].null_count()) for name, table in found.items()
    }
    shown = {
        name: (table if limit is None else table.head(limit)).to_dicts()
        for name, table in found.items()
    }
    return {**workspace.snapshot(STEP.name).figures, **counts, **shown}


def aliases_of(workspace: Workspace) -> list[list[str]]:
    """Names of one brand, in groups: what is declared in ``[split]``, and what people accepted."""
    return with_aliases(workspace, workspace.settings.split).brand_aliases


def because(pair: dict[str, Any]) -> str:
    """The evidence for a pair in words."""
    told = [counted(pair[kind], *words) for kind, words in _EVIDENCE.items() if pair.get(kind)]
    if "spelling" in (pair["kinds"] or []):
        told.append("like names")
    return ", ".join(told)


def side_by_side(workspace: Workspace, left: list[str], right: list[str]) -> pl.DataFrame:
    """``brand, title, other_brand, other_title``: the records that show that two brands may be one."""
    wanted = pl.Series([*left, *right], dtype=pl.String).unique()
    rows = (
        workspace.snapshot("load")
        .scan("records")
        .filter(pl.col("record_id").is_in(wanted.implode()))
        .select("record_id", "brand", "title")
        .collect()
    )
    pairs = pl.DataFrame(
        {"left": left, "right": right}, schema={"left": pl.String, "right": pl.String}
    )
    other = rows.rename({"record_id": "right", "brand": "other_brand", "title": "other_title"})
    return (
        pairs.join(rows, left_on="left", right_on="record_id", how="left", maintain_order="left")
        .join(other, on="right", how="left", maintain_order="left")
        .select("brand", "title", "other_brand", "other_title", "left", "right")
    )
