"""What asking models would take, before anything is sent: a table and a chart of cost."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import streamlit as st

from catalog.errors import GoldshelfError
from charts.bars import grouped
from charts.theme import usd
from ui import safe, tables
from workspace.models.planning import Plan, Planned
from workspace.models.planning import plan as make_plan
from workspace.models.votes import MODEL_VOTES
from workspace.workspace import Workspace

_PLAN = "models.plan"


def plan(opened: Workspace, names: list[str]) -> None:
    """Count what it would take; nothing is sent."""
    if st.button("Plan", icon=":material/calculate:", disabled=not names):
        with st.spinner("Counting requests and tokens"):
            _make(opened, names)
    made = kept(opened, names)
    if made is None:
        st.caption("Requests, tokens, dollars and time, before anything is sent.")
        return
    slowest = max((o.duration_s for o in made.annotators), default=0.0)
    tiles = st.container(horizontal=True)
    tiles.metric("Requests", f"{sum(o.n_requests for o in made.annotators):,}")
    tiles.metric(
        "Already in the cache",
        f"{sum(o.n_cached for o in made.annotators):,}",
        help="answers that were paid for before, and equal requests; they cost nothing",
    )
    tiles.metric("Cost, about", usd(_or_nan(made.cost_usd)), help="asked one by one")
    tiles.metric(
        "Cost, at most",
        usd(_or_nan(made.most_usd)),
        help="if every answer is as long as it may be, and every retry that the settings allow is "
        "needed",
    )
    tiles.metric(
        "Minutes, about", f"{slowest / 60:,.1f}", help="at the declared limits; the slowest model"
    )
    _cost_chart(made)
    lines = pl.DataFrame([_planned(o) for o in made.annotators])
    tables.show(
        lines,
        folded=("model", "n_rows", "in the cache", "tokens in", "tokens out", "as a batch"),
        column_config={
            **{n: tables.dollars(n, lines[n]) for n in ("cost", "as a batch", "at most")},
            "minutes": st.column_config.NumberColumn("minutes", format="%.1f"),
        },
    )
    st.caption("\n".join(f"- {safe.markdown(note)}" for note in made.notes))


def kept(opened: Workspace, names: list[str]) -> Plan | None:
    """The plan that was made of these models as they are now; None where there is none."""
    mark, made = st.session_state.get(_PLAN, (None, None))
    return made if mark == _mark(opened, names) else None


def sentence(made: Plan) -> str:
    """A plan of one model in a line or two."""
    [one] = made.annotators
    cost = "at a price that nobody knows"
    if one.cost_usd is not None and one.most_usd is not None:
        cost = f"about {usd(one.cost_usd)}, at most {usd(one.most_usd)}"
    told = f"{one.n_requests:,} requests, {one.n_cached:,} of them in the cache: {cost}."
    return " ".join([told, *made.notes])


def _make(opened: Workspace, names: list[str]) -> None:
    try:
        st.session_state[_PLAN] = (_mark(opened, names), make_plan(opened, names))
    except GoldshelfError as error:
        st.session_state.pop(_PLAN, None)
        st.error(safe.markdown(error))


def _mark(opened: Workspace, names: list[str]) -> tuple[object, ...]:
    """A plan is of this catalog, these votes and these settings alone."""
    load, voted = opened.snapshots.current("load"), opened.snapshots.current(MODEL_VOTES)
    told = tuple(opened.settings.annotators[name].model_dump_json() for name in names)
    return opened.root, load and load.id, voted and voted.id, tuple(names), told


def _cost_chart(made: Plan) -> None:
    priced = [o for o in made.annotators if o.cost_usd is not None]
    if priced and not any(one.most_usd for one in priced):
        st.caption("What is left to ask costs nothing.")
        return
    if not priced:
        st.info(
            "No price is known, so there is no cost to draw. Declare a price, 0 where it is free."
        )
        return
    by_way = {"one by one": [_or_nan(o.cost_usd) for o in priced]}
    if any(o.batch_usd is not None for o in priced):
        by_way["as a batch"] = [_or_nan(o.batch_usd) for o in priced]
    st.plotly_chart(
        grouped([o.annotator for o in priced], by_way, title="dollars", as_usd=True),
        alt="Cost by annotator, one by one and as a batch",
    )


def _planned(one: Planned) -> dict[str, Any]:
    return {
        "annotator": one.annotator,
        "model": one.model,
        "n_rows": one.n_rows,
        "n_requests": one.n_requests,
        "in the cache": one.n_cached,
        "tokens in": one.n_tokens_in,
        "tokens out": one.n_tokens_out,
        "cost": _or_nan(one.cost_usd),
        "as a batch": _or_nan(one.batch_usd),
        "at most": _or_nan(one.most_usd),
        "minutes": one.duration_s / 60,
    }


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
