"""What surrounds every page: its title, the choice of workspace and of reviewer, the work going on."""

from __future__ import annotations

import streamlit as st

from ui import jobs, session
from workspace.review.decisions import default_reviewer


def configure() -> None:
    """Set the page up, first of all."""
    st.set_page_config(page_title="Goldshelf", page_icon=":material/shelves:", layout="wide")


def sidebar() -> None:
    """Choose the workspace and say who is at work."""
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
