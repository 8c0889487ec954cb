"""Plan, try, run and batches: what it would take, a few rows in full, the run, what is handed in."""

from __future__ import annotations

import polars as pl
import streamlit as st

from catalog.errors import GoldshelfError
from charts.theme import usd
from ui import engines, jobs, links, safe, tables
from ui.language_models import model_keys, plans, tries
from ui.language_models.batches import BUDGET_PX, batches
from workspace import way
from workspace.models.engines import has_ray
from workspace.models.labelling import require_prices
from workspace.models.votes import MODEL_VOTES
from workspace.progress import Part
from workspace.workspace import Workspace

CHOSEN = "models.chosen"
_LAST = ("n_requests", "n_missing", "n_votes", "n_abstained", "n_repaired", "n_refused",
         "n_truncated", "n_malformed", "n_failed", "cost_usd", "mean_latency_s")  # fmt: skip
_TROUBLES = (
    "n_missing", "n_repaired", "n_refused", "n_truncated", "n_malformed", "n_failed",
)  # fmt: skip
_AFTER = ("agree", "queue", "curate")


def chosen(names: list[str]) -> list[str]:
    """Which models are planned, tried and run."""
    return st.multiselect("Which models", names, names, key=CHOSEN)


def steps(opened: Workspace, names: list[str]) -> None:
    """Plan, try, run and batches, one at a time; above them what is asked now."""
    if jobs.is_running(opened):
        live(opened)
    drawn = {"Plan": plans.plan, "Try": tries.trial, "Run": run, "Batches": batches}
    tabs = st.tabs(list(drawn), on_change="rerun", key="models.step", bind="query-params")
    for tab, draw in zip(tabs, drawn.values(), strict=True):
        if tab.open:
            with tab:
                draw(opened, names)


@st.fragment(run_every=1.0)
def live(opened: Workspace) -> None:
    """How far each model is while they are asked: spend, projected total, rate, errors."""
    state = opened.doing()
    if state is None or not state.parts:
        return
    dollars = {
        "spent": [p.usd for p in state.parts],
        "in all": [p.projected_usd for p in state.parts],
    }
    figures = {name: pl.Series(name, values, pl.Float64) for name, values in dollars.items()}
    tables.show(
        pl.DataFrame([_going(part) for part in state.parts], schema_overrides=_GOING),
        column_config={
            "how far": st.column_config.ProgressColumn("how far", format="%d %%", max_value=100),
            "spent": tables.dollars("spent", figures["spent"]),
            "in all": tables.dollars("in all, about", figures["in all"]),
            "a second": st.column_config.NumberColumn("answers a second", format="%.1f"),
        },
    )


_GOING = {"spent": pl.Float64, "in all": pl.Float64, "a second": pl.Float64}


def _going(part: Part) -> dict[str, object]:
    return {
        "annotator": part.name,
        "how far": 100 * part.done // part.total if part.total else 0,
        "requests": f"{part.done:,} of {part.total:,}",
        "spent": part.usd,
        "in all": part.projected_usd,
        "a second": part.a_second,
        "n_errors": part.n_errors,
    }


def run(opened: Workspace, names: list[str]) -> None:
    """Ask about every record within a budget, as a job."""
    with st.form("models.run"):
        row = st.container(horizontal=True, vertical_alignment="bottom")
        budget = row.number_input(
            "Budget in $", 0.0, value=5.0, step=1.0, format="%.2f", width=BUDGET_PX
        )
        resume = row.checkbox(
            "Count what the last run spent", help="the budget is then that of both together"
        )
        can_choose = has_ray()
        engine, address = engines.choice("Asked from")
        if (st if can_choose else row).form_submit_button(
            "Run",
            type="primary",
            icon=":material/play_arrow:",
            disabled=not names or jobs.is_running(opened),
        ) and model_keys.are_there(opened, names):
            options = ["--resume"] if resume else []
            if engine == "ray":
                options += ["--engine", engine, *(["--address", address] if address else [])]
            _start(opened, names, budget, options)
    made = plans.kept(opened, names)
    if made is not None and made.cost_usd is not None:
        most = usd(made.most_usd or 0.0)
        st.caption(safe.markdown(f"The plan says about {usd(made.cost_usd)}, at most {most}."))
    st.caption(
        "The budget is never passed, counting what is in flight. Stop lets out what is in flight "
        "and keeps it; whatever is answered is never paid for twice."
    )
    last_run(opened)


def _start(opened: Workspace, names: list[str], budget: float, options: list[str]) -> None:
    try:
        require_prices({name: opened.settings.annotators[name] for name in names}, budget)
    except GoldshelfError as error:
        st.error(safe.markdown(error))
        return
    told = ["label", "--annotators", ",".join(names), "--budget-usd", f"{budget:.2f}"]
    jobs.start(opened, [*told, *options])
    st.rerun()


def last_run(opened: Workspace) -> None:
    """What the models have answered so far, and what is to be done with it."""
    snapshot = opened.snapshots.current(MODEL_VOTES)
    if snapshot is None:
        st.caption("No model has voted yet.")
        return
    st.markdown("**The last run**")
    for note in snapshot.notes:
        st.warning(safe.markdown(note))
    rows = [
        {"annotator": name, **{key: told[key] for key in _LAST}}
        for name, told in snapshot.figures["annotators"].items()
    ]
    kinds = {"cost_usd": pl.Float64, "mean_latency_s": pl.Float64}
    lines = pl.DataFrame(rows, schema_overrides=kinds)
    zero = [name for name in _TROUBLES if lines[name].sum() == 0]
    tables.show(
        lines,
        folded=(*zero, "n_abstained", "mean_latency_s"),
        column_config={
            "n_missing": st.column_config.NumberColumn("not asked", format="localized"),
            "n_truncated": st.column_config.NumberColumn("cut off", format="localized"),
            "cost_usd": tables.dollars("paid", lines["cost_usd"]),
            "mean_latency_s": st.column_config.NumberColumn("seconds each", format="%.1f"),
        },
    )
    states = way.statuses(opened)
    if all(states[step].state == "done" for step in _AFTER):
        st.caption("Agreement and gold are up to date with these votes.")
        links.to("agreement", "How far they agree")
        return
    jobs.run_button(opened, ["run", *_AFTER], label="Bring agreement and gold up to date")
