"""What brands of dropped files are one, and which tell none."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import streamlit as st

from ui import files
from workspace.brand_files import read_aliases

TYPES = ["csv", "tsv", "json", "jsonl", "parquet", "xlsx"]


class Brands(NamedTuple):
    """As a form asks for them: names that tell no brand, and a file with names of one brand."""

    generic: list[str]
    file: Path | None

    @property
    def aliases(self) -> list[list[str]]:
        """Names of one brand, in groups."""
        return [] if self.file is None else read_aliases(self.file)


def form(key: str) -> Brands:
    """Two fields of a form."""
    with st.expander("Brands"):
        left, right = st.columns(2)
        generic = left.text_input(
            "Names that tell no brand, parted by commas",
            key=f"{key}.generic",
            help="Such as the shop's own: they tie nothing",
        )
        file = files.dropped(
            "Names that are one brand, if any",
            f"{key}.aliases",
            place=right,
            types=TYPES,
            is_run=False,
        )
        right.caption(
            "A table with the columns brand and alias, JSON, or the manifest of an export."
        )
    return Brands([name.strip() for name in generic.split(",") if name.strip()], file)
