"""The ledger: what was spent on models, and what a label that holds has cost."""

from __future__ import annotations

import polars as pl
import streamlit as st

from charts.bars import counts
from charts.theme import usd
from ui import jobs, tables
from workspace.models.spending import Ledger, ledger
from workspace.workspace import Workspace

_BY = ("annotator", "day", "question", "model")


def shown(opened: Workspace) -> None:
    """Draw it; while models are asked it follows by itself."""
    if jobs.is_running(opened):
        _live(opened)
    else:
        _draw(opened)


@st.fragment(run_every=3.0)
def _live(opened: Workspace) -> None:
    _draw(opened)


def _draw(opened: Workspace) -> None:
    found = ledger(opened)
    if found.spend.is_empty():
        st.info("Nothing was spent yet. Plan first, then try a few rows.")
        return
    _tiles(found)
    by = st.segmented_control("Spend by", _BY, default="annotator", key="ledger.by", required=True)
    summed = found.by(by)
    priced = summed.drop_nulls("cost_usd")
    if priced.height:
        st.plotly_chart(
            counts(priced.select(by, "cost_usd").rows(), title="dollars", as_usd=True),
            alt=f"Spend by {by}",
        )
    tables.show(
        summed,
        folded=("n_answers", "n_tokens_in", "n_tokens_out"),
        column_config=_dollars(summed, "cost_usd", "most_unknown_usd"),
    )
    st.subheader("Cost of a label that holds")
    if found.labels.is_empty():
        st.caption("No model has voted yet.")
        return
    tables.show(
        found.labels,
        column_config={
            **_dollars(found.labels, "cost_usd", "usd_per_accepted"),
            "n_accepted": st.column_config.NumberColumn("equal to gold", format="localized"),
        },
    )
    if found.labels["n_accepted"].null_count():
        st.caption("Which labels hold is known once there is gold: run curate.")


def _tiles(found: Ledger) -> None:
    unknown = float(found.spend["most_unknown_usd"].sum())
    total = found.spend.select(pl.col("n_calls", "n_failed").sum()).row(0)
    tiles = st.container(horizontal=True)
    tiles.metric("Spent", usd(found.cost_usd))
    tiles.metric(
        "In doubt, at most",
        usd(unknown),
        help="calls whose end nobody knows, such as those in flight when a process was killed",
    )
    tiles.metric("Calls", f"{total[0]:,}")
    tiles.metric("Failed", f"{total[1]:,}")


def _dollars(frame: pl.DataFrame, *names: str) -> dict[str, object]:
    return {name: tables.dollars(_TOLD[name], frame[name]) for name in names}


_TOLD = {
    "cost_usd": "cost",
    "most_unknown_usd": "in doubt, at most",
    "usd_per_accepted": "cost of one that holds",
}
