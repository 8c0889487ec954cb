"""The checks in order, as the Checks page shows them."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

SEVERITIES = {
    "error": "Records with an error",
    "warning": "Records with a warning",
    "info": "Records worth knowing",
}


def ranked(summary: pl.DataFrame) -> pl.DataFrame:
    """Those that found most first; those that found nothing, or did not run, last."""
    return summary.sort("n_rows", descending=True, nulls_last=True, maintain_order=True)


def found(summary: pl.DataFrame) -> list[dict[str, Any]]:
    """The checks that found something."""
    return summary.filter(pl.col("n_rows") > 0).to_dicts()


def columns() -> dict[str, Any]:
    """How the table of checks is shown."""
    return {
        "told": st.column_config.TextColumn("what it finds", width="large"),
        "skipped": st.column_config.TextColumn("not run because", width="medium"),
        "n_rows": st.column_config.NumberColumn("records", format="localized"),
        "n_fixable": st.column_config.NumberColumn(
            "repairable", format="localized", help="records that gold gets a repair for"
        ),
    }


def row_columns() -> dict[str, Any]:
    """How what a check found is shown."""
    return {
        "title": st.column_config.TextColumn(width="medium"),
        "message": st.column_config.TextColumn("what is wrong", width="large"),
        "score": st.column_config.NumberColumn(format="%.2f"),
    }
