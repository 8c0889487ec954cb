"""The proof of a split as people look at it: curves, answers in the input, the page."""

from __future__ import annotations

from typing import Any

import polars as pl

from workspace.reports.certificate import certificate_html
from workspace.workspace import Workspace

_LEAST_SHARE = 0.05
_SHOWN = 12


def prompt_leaks(workspace: Workspace) -> pl.DataFrame:
    """How often the answer stands in each field of the input, the highest shares first."""
    snapshot = workspace.snapshot("split")
    return snapshot.read("prompt_leaks") if "prompt_leaks" in snapshot.counts else pl.DataFrame()


def shown_prompt_leaks(workspace: Workspace) -> list[tuple[Any, ...]]:
    """``question, field, n_asked, share`` where the share is worth a line."""
    rows = prompt_leaks(workspace)
    if rows.is_empty():
        return []
    worth = rows.filter(pl.col("share") >= _LEAST_SHARE).head(_SHOWN)
    return worth.select("question", "field", "n_asked", "share").rows()


def nearest_curves(found: dict[str, Any]) -> dict[str, list[tuple[float, float]]]:
    """``similarity, share`` of sampled rows whose nearest is at least so similar, by two splits."""
    return {
        between: [(p["similarity"], p["share"]) for p in leaks["sample"].get("nearest", [])]
        for between, leaks in found["between"].items()
        if leaks["sample"].get("nearest")
    }


def certificate_page(workspace: Workspace) -> str | None:
    """The certificate of the current export as HTML; None where nothing was exported."""
    snapshot = workspace.snapshots.current("export")
    body = None if snapshot is None else snapshot.figures.get("certificate")
    if body is None or "tables" not in body:
        return None
    return certificate_html(body, workspace.settings.export.folder)


def curve_table(curves: dict[str, list[tuple[float, float]]]) -> pl.DataFrame:
    """``similarity`` and a column of shares for each two splits."""
    first = next(iter(curves.values()))
    return pl.DataFrame(
        {
            "similarity": [at for at, _ in first],
            **{between: [share for _, share in points] for between, points in curves.items()},
        }
    )
