"""Which names of dropped files are one brand, from a file of their own."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ui import files

TYPES = ["csv", "tsv", "json", "jsonl", "parquet", "xlsx"]


def aliases(key: str) -> Path | None:
    """A field of a form for a file with names of one brand; None where there is none."""
    with st.expander("Names that are one brand"):
        return files.dropped(
            "A table with the columns brand and alias, JSON, or the manifest of an export",
            f"{key}.aliases",
            types=TYPES,
            is_run=False,
        )
