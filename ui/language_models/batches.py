"""Batches of language models: hand in what can be asked, see what is at work, collect it."""

from __future__ import annotations

import streamlit as st

from catalog.errors import GoldshelfError
from ui import jobs, safe, tables
from workspace.models.batch_store import batches_frame
from workspace.models.labelling import require_prices
from workspace.workspace import Workspace

_SHOWN = (
    "annotator", "model", "state", "n_requests", "n_answers", "most_usd", "cost_usd",
    "submitted_at", "closed_at", "remote_id", "error",
)  # fmt: skip
BUDGET_PX = 120


def batches(opened: Workspace, names: list[str]) -> None:
    """Hand in, look, collect."""
    st.caption(
        "A batch costs about half and is answered within a day. Hand in what can be asked, close "
        "the browser, collect later, also from another machine that shares the database."
    )
    _form(opened, names)
    found = batches_frame(opened)
    if found.is_empty():
        st.info("No batch was handed in yet.")
        return
    is_open = found["closed_at"].is_null()
    _collect(opened, int(is_open.sum()), int(found.filter(is_open)["n_requests"].sum()))
    tables.show(
        found.select(_SHOWN),
        column_config={
            "n_requests": st.column_config.NumberColumn("requests", format="localized"),
            "n_answers": st.column_config.NumberColumn("answers", format="localized"),
            "most_usd": st.column_config.NumberColumn("at most", format="$%.4f"),
            "cost_usd": st.column_config.NumberColumn("cost", format="$%.4f"),
            "submitted_at": st.column_config.DatetimeColumn("handed in"),
            "closed_at": st.column_config.DatetimeColumn("closed"),
            "remote_id": "name at the provider",
        },
    )


def _form(opened: Workspace, names: list[str]) -> None:
    with st.form("batches.hand_in"):
        row = st.container(horizontal=True, vertical_alignment="bottom")
        budget = row.number_input(
            "Budget in $", 0.0, value=5.0, step=1.0, format="%.2f", width=BUDGET_PX
        )
        resume = row.checkbox(
            "Count what the last run spent",
            help="Batches at work always count, at the most that they can cost.",
        )
        if row.form_submit_button(
            "Hand in",
            type="primary",
            icon=":material/outbox:",
            disabled=not names or jobs.is_running(opened),
        ):
            _start(opened, names, budget, resume)


def _start(opened: Workspace, names: list[str], budget: float, resume: bool) -> None:
    try:
        require_prices({name: opened.settings.annotators[name] for name in names}, budget)
    except GoldshelfError as error:
        st.error(safe.markdown(error))
        return
    told = ["label", "--batch", "--annotators", ",".join(names), "--budget-usd", f"{budget:.2f}"]
    jobs.start(opened, [*told, *(["--resume"] if resume else [])])
    st.rerun()


def _collect(opened: Workspace, n_open: int, n_requests: int) -> None:
    row = st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    )
    batch = "batch" if n_open == 1 else "batches"
    row.markdown(
        f"**{n_open:,}** {batch} at work with **{n_requests:,}** requests."
        if n_open
        else "No batch is at work.",
        width="content",
    )
    if row.button(
        "Collect",
        icon=":material/inbox:",
        disabled=jobs.is_running(opened),
        help="Fetches what has ended and keeps its votes. What is not answered can be handed in "
        "again: that alone is asked.",
    ):
        jobs.start(opened, ["label", "--collect"])
        st.rerun()
