"""Change a section of the settings from a form, and start the steps that depend on it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from catalog.errors import GoldshelfError
from ui import jobs, safe
from workspace.workspace import Workspace


def apply(opened: Workspace, section: str, changes: dict[str, Any], verb: list[str]) -> None:
    """Keep the changes in ``goldshelf.toml``, then run; what is wrong is shown, nothing is kept."""
    try:
        opened.change(section, **changes)
    except GoldshelfError as error:
        st.error(safe.markdown(error))
        return
    jobs.start(opened, verb)
    st.rerun()
