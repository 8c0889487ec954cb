"""Columns that stand beside each other where there is room for both, else below each other."""

from __future__ import annotations

from typing import Any

import streamlit as st

STYLE = '[class*="st-key-sides-"] [data-testid="stColumn"] { min-width: 24rem; }'
"""Part of the style of every page."""


def sides(key: str, spec: int = 2) -> list[Any]:
    """So many columns; ``key`` tells those of a page apart."""
    return list(st.container(key=f"sides-{key}").columns(spec))
