"""The Overview's board: the one thing to do next, and where every step stands."""

from __future__ import annotations

import streamlit as st

from ui import jobs, links, tables
from workspace.views.overview import Advice, StepLine, advice, step_lines
from workspace.workspace import Workspace


def board(opened: Workspace) -> list[StepLine]:
    """Draw it; while something is at work it follows by itself. Gives the steps."""
    if jobs.is_running(opened):
        _live(opened)
        return step_lines(opened)
    _next(opened, advice(opened))
    lines = step_lines(opened)
    _steps(lines)
    return lines


@st.fragment(run_every=2.0)
def _live(opened: Workspace) -> None:
    with st.container(border=True):
        st.subheader("Something is at work")
        st.caption("You may leave this page and close the browser; the work goes on.")
    _steps(step_lines(opened))


def _next(opened: Workspace, told: Advice) -> None:
    with st.container(border=True):
        st.subheader(f"Next: {told.what}")
        st.caption(told.why)
        if told.page == "run":
            jobs.run_button(opened, [], label="Run")
        else:
            links.to(told.page)


def _steps(lines: list[StepLine]) -> None:
    st.subheader("Steps")
    tables.steps(lines)
