"""What surrounds every page: its title, the choice of workspace and of reviewer, the work going on."""

from __future__ import annotations

from typing import Any

import streamlit as st

from catalog.errors import GoldshelfError
from ui import jobs, opening, safe, session, sides
from workspace.review.decisions import default_reviewer

_LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 176 32" width="176" height="32">
<g fill="#0072b2"><rect x="1" y="26" width="30" height="3" rx="1"/><rect x="4" y="10" width="5" height="15"/>
<rect x="11" y="6" width="5" height="19" fill="#e69f00"/><rect x="18" y="12" width="5" height="13"/>
<rect x="24" y="9" width="4" height="16"/></g>
<text x="42" y="24" font-family="Source Sans Pro, Helvetica, Arial, sans-serif" font-size="23"
 font-weight="600" fill="#1f2933">Goldshelf</text></svg>"""
_STYLE = (
    "<style>.stMainBlockContainer { padding-top: 3.5rem; padding-bottom: 3rem; } "
    f"{sides.STYLE}</style>"
)


def configure() -> None:
    """Set the page up, first of all."""
    st.set_page_config(page_title="Goldshelf", page_icon=":material/shelves:", layout="wide")
    st.logo(_LOGO, size="large")
    st.html(_STYLE)


def draw(page: Any) -> None:
    """Draw a page; what the library refuses is one red line there, and no traceback."""
    try:
        page.run()
    except GoldshelfError as error:
        st.error(safe.markdown(error))


def sidebar() -> None:
    """Choose the workspace and say who is at work."""
    opening.choose_made()
    with st.sidebar:
        found = session.known_workspaces()
        if found:
            st.selectbox(
                "Workspace",
                found,
                key="workspace_path",
                format_func=lambda path: path.name,
                persist_state="session",
            )
        st.text_input(
            "Reviewer",
            key="reviewer",
            placeholder=default_reviewer(),
            persist_state="session",
            help="Whose name stands in the log of decisions.",
        )
    opened = session.workspace()
    if opened is not None:
        jobs.panel(opened)
