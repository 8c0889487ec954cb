"""What runs cost, and what two of them would together."""

from __future__ import annotations

import polars as pl
import streamlit as st

from catalog.errors import GoldshelfError
from charts.frontier import Priced, frontier
from charts.frontier import cascade as cascade_curve
from charts.intervals import Dot
from ui import address, safe, tables
from ui.verdicts import result_tables, results
from workspace.views.frontier import COSTS, OPTIMISM, cascade, cost_frontier
from workspace.views.results import task_and_split_of
from workspace.workspace import Workspace

COST_COLUMNS = {"money": "cost_usd_per_1000", "latency": "latency_ms_median"}


def cost(opened: Workspace, version: str, run: str, board: pl.DataFrame) -> None:
    """Score against money or time, and what two runs in a row would give."""
    metric = st.session_state.get("metric")
    on = dict(zip(("task", "split"), task_and_split_of(opened, run), strict=True))
    told = results.cached(opened, version, cost_frontier, **on, metric=metric, by="money")
    has_money = told[COST_COLUMNS["money"]].is_not_nan().any()
    by = address.kept(
        st.segmented_control,
        "Cost",
        list(COSTS),
        key="by",
        default="money" if has_money else "latency",
        required=True,
    )
    table = results.cached(opened, version, cost_frontier, **on, metric=metric, by=by)
    column = COST_COLUMNS[by]
    known = table.filter(pl.col(column).is_not_nan(), pl.col(column) > 0)
    if known.is_empty():
        st.info(
            "No run tells it. Give predictions `latency_ms`, and `usage` with tokens or "
            "`cost_usd`, and import them again."
        )
    else:
        rows = [
            Priced(
                r["run"],
                *results.interval(r),
                r[column],
                bool(r["is_dominated"]),
            )
            for r in known.to_dicts()
        ]
        st.plotly_chart(
            frontier(rows, cost_title=COSTS[by], title=tables.words(metric or ""),
                     in_usd=by == "money"),
            alt="Score by cost",
        )  # fmt: skip
        if table.height > known.height:
            st.caption(
                f"{table.height - known.height} of {table.height} runs do not tell what they cost."
            )
    result_tables.costs(table)
    if board.height > 1:
        _cascade(opened, version, board["run"].to_list(), metric)


def _cascade(opened: Workspace, version: str, runs: list[str], metric: str | None) -> None:
    st.subheader("A small model first, a large one where it is unsure")
    left, right = st.columns(2)
    small = address.kept(
        left.selectbox, "Small", runs, key="small", index=None, placeholder="choose a run"
    )
    large = address.kept(
        right.selectbox, "Large", [r for r in runs if r != small], key="large", index=None,
        placeholder="choose a run",
    )  # fmt: skip
    if not (small and large):
        return
    try:
        curve = results.cached(opened, version, cascade, small, large, metric=metric)
    except GoldshelfError as error:
        st.info(safe.markdown(error))
        return
    has_price = curve["cost_usd_per_1000"].is_not_nan().any()
    column = "cost_usd_per_1000" if has_price else "share_large"
    points = [
        (
            r[column],
            Dot(
                "",
                *results.interval(r),
                0,
                f"threshold {r['threshold']:.3f}, {r['share_large']:.1%} to the large one",
            ),
        )
        for r in curve.to_dicts()
    ]
    title = COSTS["money"] if has_price else "share of rows that go to the large one"
    st.plotly_chart(
        cascade_curve(points, cost_title=title, title=tables.words(metric or ""), in_usd=has_price),
        alt="Score of a cascade by cost",
    )
    st.caption(OPTIMISM)
