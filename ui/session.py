"""Which workspace and which person this browser works with."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from catalog.errors import GoldshelfError
from ui import links, safe
from workspace.review.decisions import default_reviewer
from workspace.workspace import Workspace

HOME = "GOLDSHELF_WORKSPACE"


def home() -> Path:
    """The folder the workbench was started with."""
    return Path(os.environ.get(HOME, ".")).expanduser().resolve()


def known_workspaces() -> list[Path]:
    """The workspaces that can be chosen: the one started with, and those beside and below it."""
    start = home()
    around = [start, *sorted(start.glob("*")), *sorted(start.parent.glob("*"))]
    made = st.session_state.get("workspaces_made", [])
    found = [p for p in [*around, *made] if (p / "goldshelf.toml").is_file()]
    return list(dict.fromkeys(found))


def workspace() -> Workspace | None:
    """The chosen workspace, opened; None where there is none. What is wrong with it is shown."""
    chosen = st.session_state.get("workspace_path") or next(iter(known_workspaces()), None)
    if chosen is None:
        return None
    try:
        return Workspace(chosen)
    except GoldshelfError as error:
        st.error(safe.markdown(error))
        return None


def require_workspace() -> Workspace:
    """The chosen workspace; where there is none, the page says what to do and ends."""
    found = workspace()
    if found is None:
        st.info("There is no workspace yet. Make one from a catalog file.")
        links.to("overview")
        st.stop()
    return found


def require_step(opened: Workspace, step: str) -> str:
    """The id of a step's snapshot; where there is none, the page offers to run it and ends."""
    from ui import jobs

    snapshot = opened.snapshots.current(step)
    if snapshot is None:
        st.info(f"There is nothing to show yet: the step **{step}** has not run.")
        jobs.run_button(opened, [step], label=f"Run {step}")
        st.stop()
    return snapshot.id


def reviewer() -> str:
    """Who works at this browser."""
    return str(st.session_state.get("reviewer") or default_reviewer())
