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
    "rate": ("Rate", ":material/thumbs_up_down:"),
}
HOME = "overview"
SECTIONS = {
    "": ["overview"],
    "Curate": ["catalog", "checks", "labels", "agreement", "review"],
    "Ship": ["split", "export", "files"],
    "Judge": ["results", "compare", "rate"],
}


def navigation() -> Any:
    """The navigation; gives the page that was asked for."""
    pages = {section: [_page(name) for name in names] for section, names in SECTIONS.items()}
    pages[""].append(st.Page(_home, url_path=HOME, visibility="hidden"))
    return st.navigation(pages)


def _home() -> None:
    """The first page, typed as an address by its name."""
    st.switch_page(f"pages/{HOME}.py")


def _page(name: str) -> Any:
    title, icon = PAGES[name]
    is_home = name == HOME
    # Streamlit serves the first page at the bare address alone, and still reserves its name.
    reserved = "home" if is_home else None
    return st.Page(f"pages/{name}.py", title=title, icon=icon, default=is_home, url_path=reserved)


def to(page: str, label: str | None = None, *, place: Any = st, **query: str) -> None:
    """A link to a page; where a page runs alone there is nowhere to go, and it says so."""
    title, icon = PAGES[page]
    told = label or f"To {title}"
    try:
        place.page_link(f"pages/{page}.py", label=told, icon=icon, query_params=query or None)
    except StreamlitPageNotFoundError:
        place.caption(f"{told}: page {title}")
