"""The pages there are, their order in the navigation, and links between them."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit.errors import StreamlitPageNotFoundError

PAGES = {
    "overview": ("Overview", ":material/home:"),
    "catalog": ("Catalog", ":material/inventory_2:"),
    "checks": ("Checks", ":material/fact_check:"),
    "labels": ("Labels", ":material/label:"),
    "agreement": ("Agreement", ":material/handshake:"),
    "review": ("Review", ":material/rate_review:"),
    "split": ("Split", ":material/call_split:"),
    "export": ("Export", ":material/file_export:"),
    "files": ("Any file", ":material/draft:"),
    "results": ("Results", ":material/leaderboard:"),
    "compare": ("Compare", ":material/compare_arrows:"),
}
SECTIONS = {
    "": ["overview"],
    "Curate": ["catalog", "checks", "labels", "agreement", "review"],
    "Ship": ["split", "export", "files"],
    "Judge": ["results", "compare"],
}


def navigation() -> Any:
    """The navigation; gives the page that was asked for."""
    return st.navigation(
        {section: [_page(name) for name in names] for section, names in SECTIONS.items()}
    )


def _page(name: str) -> Any:
    title, icon = PAGES[name]
    return st.Page(f"pages/{name}.py", title=title, icon=icon, default=name == "overview")


def to(page: str, label: str | None = None, *, place: Any = st, **query: str) -> None:
    """A link to a page; where a page runs alone there is nowhere to go, and it says so."""
    title, icon = PAGES[page]
    told = label or f"To {title}"
    try:
        place.page_link(f"pages/{page}.py", label=told, icon=icon, query_params=query or None)
    except StreamlitPageNotFoundError:
        place.caption(f"{told}: page {title}")
