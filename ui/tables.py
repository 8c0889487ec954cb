"""Tables that pages share: small frames, exact figures, cells as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import streamlit as st

if TYPE_CHECKING:
    from workspace.views.overview import StepLine

_MARKS = {"done": "✓ done", "stale": "↻ stale", "missing": "○ not run"}


def steps(lines: list[StepLine]) -> None:
    """Every step of a workspace."""
    frame = pl.DataFrame(
        {
            "step": [line.step for line in lines],
            "state": [
                _MARKS[line.state] + (f": {line.why}" if line.why and line.state == "stale" else "")
                for line in lines
            ],
            "rows": [line.counts for line in lines],
            "snapshot": [line.snapshot for line in lines],
            "made": [line.made_at for line in lines],
        }
    )
    show(frame, column_config={"rows": st.column_config.TextColumn(width="large")})


def show(frame: pl.DataFrame, **options: Any) -> Any:
    """A frame as a table, without an index; text is shown as it is."""
    return st.dataframe(frame, hide_index=True, **options)


def log(entries: list[dict[str, object]]) -> None:
    """Lines of the log: who did what, when, and why."""
    names = ["id", "at", "reviewer", "record_id", "action", "after", "reason"]
    rows = [{name: _said(entry[name]) for name in names} for entry in entries]
    show(pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String)))


def _said(value: object) -> str | None:
    if isinstance(value, dict):
        return str(value.get("value") or value.get("action") or "")
    return None if value is None else str(value)
