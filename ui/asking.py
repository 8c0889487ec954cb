"""Plan, try and run: what asking models would take, a few rows in full, and the run itself."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import streamlit as st

from catalog.errors import GoldshelfError
from charts.bars import grouped
from charts.theme import usd
from ui import jobs, safe, tables
from workspace.models.labelling import require_prices
from workspace.models.planning import Plan
from workspace.models.planning import plan as make_plan
from workspace.models.trying import Tried, try_rows
from workspace.models.votes import MODEL_VOTES
from workspace.workspace import Workspace

_PLAN, _TRIED = "models.plan", "models.tried"
_TEXT_PX = 380
_LAST = ("n_requests", "n_missing", "n_votes", "n_abstained", "n_repaired", "n_refused",
         "n_truncated", "n_malformed", "n_failed", "cost_usd", "mean_latency_s")  # fmt: skip


def chosen(names: list[str]) -> list[str]:
    """Which models are planned, tried and run."""
    return st.multiselect("Which models", names, names, key="models.chosen")


def steps(opened: Workspace, names: list[str]) -> None:
    """Plan, try and run, one at a time."""
    drawn = {"Plan": plan, "Try": trial, "Run": run}
    tabs = st.tabs(list(drawn), on_change="rerun", key="models.step")
    for tab, draw in zip(tabs, drawn.values(), strict=True):
        if tab.open:
            with tab:
                draw(opened, names)


def plan(opened: Workspace, names: list[str]) -> None:
    """Count what it would take; nothing is sent."""
    if st.button("Plan", icon=":material/calculate:", disabled=not names, help="Sends nothing."):
        with st.spinner("Counting requests and tokens"):
            _keep(_PLAN, opened, names, lambda: make_plan(opened, names))
    made: Plan | None = _kept(_PLAN, opened, names)
    if made is None:
        st.caption("Requests, tokens, dollars and time, before anything is sent.")
        return
    cost = made.cost_usd
    tiles = st.columns(4)
    tiles[0].metric("Requests", f"{sum(o.n_requests for o in made.annotators):,}")
    tiles[1].metric(
        "Already in the cache",
        f"{sum(o.n_cached for o in made.annotators):,}",
        help="answers that were paid for before, and equal requests; they cost nothing",
    )
    tiles[2].metric("Cost, about", usd(math.nan if cost is None else cost))
    slowest = max((o.duration_s for o in made.annotators), default=0.0)
    tiles[3].metric("Minutes, about", f"{slowest / 60:,.1f}", help="at the declared limits")
    _cost_chart(made)
    tables.show(
        pl.DataFrame([_planned(o) for o in made.annotators]),
        column_config={
            name: st.column_config.NumberColumn(name, format="$%.4f")
            for name in ("cost", "as a batch", "at most")
        }
        | {"minutes": st.column_config.NumberColumn("minutes", format="%.1f")},
    )
    for note in made.notes:
        st.caption(safe.markdown(note))


def _cost_chart(made: Plan) -> None:
    priced = [o for o in made.annotators if o.cost_usd is not None]
    if not priced:
        st.info(
            "No price is known, so there is no cost to draw. Declare a price, 0 where it is free."
        )
        return
    st.plotly_chart(
        grouped(
            [o.annotator for o in priced],
            {
                "one by one": [_or_nan(o.cost_usd) for o in priced],
                "as a batch": [_or_nan(o.batch_usd) for o in priced],
            },
            title="dollars",
            as_usd=True,
        ),
        alt="Cost by annotator, one by one and as a batch",
    )


def _planned(one: Any) -> dict[str, Any]:
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


def trial(opened: Workspace, names: list[str]) -> None:
    """Ask about a few rows, and show prompt, answer and votes side by side."""
    count, button = st.columns([1, 5], vertical_alignment="bottom")
    n_rows = count.number_input("Rows", 1, 50, 5, key="models.rows")
    if button.button(
        "Try",
        icon=":material/science:",
        disabled=not names or jobs.is_running(opened),
        help="Asks the models about these rows; what it costs stands in the ledger, and a later "
        "run has the answers for nothing.",
    ):
        with st.spinner("Asking"):
            _keep(_TRIED, opened, names, lambda: try_rows(opened, names, n_rows))
    tried: list[Tried] | None = _kept(_TRIED, opened, names)
    if tried is None:
        st.caption("The exact prompts, answers and votes of a few rows, before a run spends money.")
        return
    if not tried:
        st.info("Nothing was asked: these rows give no question to these models.")
        return
    tables.show(
        pl.DataFrame([_tried(one) for one in tried], schema_overrides={"cost": pl.Float64}),
        column_config={"cost": st.column_config.NumberColumn("cost", format="$%.6f")},
    )
    number = st.selectbox(
        "Look at",
        range(len(tried)),
        format_func=lambda n: _named(tried[n]),
        key="models.looked_at",
    )
    _in_full(tried[number])


def _named(one: Tried) -> str:
    told = f"{one.annotator}, {one.question} of {one.record_id}"
    return f"{told}, time {one.request.sample + 1}" if one.request.sample else told


def _tried(one: Tried) -> dict[str, Any]:
    return {
        "annotator": one.annotator,
        "record_id": one.record_id,
        "question": one.question,
        "outcome": "not answered" if one.reply is None else one.reply.outcome,
        "votes": "; ".join(v.value or f"none: {v.error or 'abstained'}" for v in one.votes),
        "cost": 0.0 if one.is_cached else one.cost_usd,
        "in the cache": one.is_cached,
        "error": one.error,
    }


def _in_full(one: Tried) -> None:
    prompt, answer, votes = st.columns([4, 3, 4])
    prompt.markdown("**Prompt**")
    asked = f"{one.request.system}\n\n{one.request.prompt}"
    prompt.code(asked, language=None, wrap_lines=True, height=_TEXT_PX)
    if one.request.images:
        prompt.caption(f"and {len(one.request.images):,} pictures")
    answer.markdown("**Answer**")
    if one.error is not None:
        answer.error(safe.markdown(one.error))
    if one.reply is not None:
        answer.code(one.reply.text, language=None, wrap_lines=True, height=_TEXT_PX)
        answer.caption(
            f"{one.reply.n_tokens_in:,} tokens in, {one.reply.n_tokens_out:,} out, "
            f"{one.reply.latency_s:.1f} s"
        )
    votes.markdown("**Votes**")
    if not one.votes:
        votes.caption("none")
        return
    rows = [
        {"question": v.question, "value": v.value, "repaired": v.is_repaired, "error": v.error}
        for v in one.votes
    ]
    schema = {"value": pl.String, "error": pl.String}
    tables.show(pl.DataFrame(rows, schema_overrides=schema), place=votes)


def run(opened: Workspace, names: list[str]) -> None:
    """Ask about every record within a budget, as a job."""
    with st.form("models.run"):
        left, middle, right = st.columns([1, 2, 2], vertical_alignment="bottom")
        budget = left.number_input("Budget in $", 0.0, value=5.0, step=1.0, format="%.2f")
        resume = middle.checkbox(
            "Count what the last run spent", help="the budget is then that of both together"
        )
        if right.form_submit_button(
            "Run",
            type="primary",
            icon=":material/play_arrow:",
            disabled=not names or jobs.is_running(opened),
        ):
            _start(opened, names, budget, resume)
    st.caption(
        "The budget is never passed, counting what is in flight. Stop lets out what is in flight "
        "and keeps it; whatever is answered is never paid for twice."
    )
    last_run(opened)


def _start(opened: Workspace, names: list[str], budget: float, resume: bool) -> None:
    try:
        require_prices({name: opened.settings.annotators[name] for name in names}, budget)
    except GoldshelfError as error:
        st.error(safe.markdown(error))
        return
    told = ["label", "--annotators", ",".join(names), "--budget-usd", f"{budget:.2f}"]
    jobs.start(opened, [*told, *(["--resume"] if resume else [])])
    st.rerun()


def last_run(opened: Workspace) -> None:
    """What the models have answered so far, and what is to be done with it."""
    snapshot = opened.snapshots.current(MODEL_VOTES)
    if snapshot is None:
        st.caption("No model has voted yet.")
        return
    for note in snapshot.notes:
        st.warning(safe.markdown(note))
    rows = [
        {"annotator": name, **{key: told[key] for key in _LAST}}
        for name, told in snapshot.figures["annotators"].items()
    ]
    kinds = {"cost_usd": pl.Float64, "mean_latency_s": pl.Float64}
    tables.show(
        pl.DataFrame(rows, schema_overrides=kinds),
        column_config={
            "n_missing": st.column_config.NumberColumn("not asked", format="localized"),
            "cost_usd": st.column_config.NumberColumn("paid for these answers", format="$%.4f"),
            "mean_latency_s": st.column_config.NumberColumn("mean seconds", format="%.2f"),
        },
    )
    jobs.run_button(
        opened,
        ["run", "agree", "queue"],
        label="Bring agreement and queue up to date",
        primary=False,
    )


def _mark(opened: Workspace, names: list[str]) -> tuple[object, ...]:
    """What was planned or tried is of this catalog and these settings alone."""
    load, voted = opened.snapshots.current("load"), opened.snapshots.current(MODEL_VOTES)
    told = tuple(opened.settings.annotators[name].model_dump_json() for name in names)
    return opened.root, load and load.id, voted and voted.id, tuple(names), told


def _keep(key: str, opened: Workspace, names: list[str], make: Any) -> None:
    try:
        st.session_state[key] = (_mark(opened, names), make())
    except GoldshelfError as error:
        st.session_state.pop(key, None)
        st.error(safe.markdown(error))


def _kept(key: str, opened: Workspace, names: list[str]) -> Any:
    mark, made = st.session_state.get(key, (None, None))
    return made if mark == _mark(opened, names) else None
