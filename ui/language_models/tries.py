"""A few rows in full: prompt, answer and votes side by side."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from ui import jobs, safe, sides, tables, warm
from ui.language_models import model_keys
from workspace.models.tried import Tried, last_try
from workspace.workspace import Workspace

_TEXT_PX, _ANSWER_PX = 380, 160


def trial(opened: Workspace, names: list[str]) -> None:
    """Ask about a few rows as a job; what was tried last is shown."""
    if not jobs.is_running(opened):
        warm.keep({opened.settings.annotators[name].provider for name in names})
    count, button = st.columns([1, 5], vertical_alignment="bottom")
    n_rows = count.number_input("Rows", 1, 50, 5, key="models.rows")
    if button.button(
        "Try",
        icon=":material/science:",
        disabled=not names or jobs.is_running(opened),
    ) and model_keys.are_there(opened, names):
        jobs.start(opened, ["label", "--try", str(n_rows), "--annotators", ",".join(names)])
        st.rerun()
    found = last_try(opened, names)
    if found is None:
        st.caption(
            "The exact prompts, answers and votes of a few rows, before a run spends money. What they "
            "cost stands in the ledger, and a later run has the answers for nothing."
        )
        return
    if not found.tried:
        st.info("Nothing was asked: these rows give no question to these models.")
        return
    lines = pl.DataFrame([_tried(one) for one in found.tried], schema_overrides=_KINDS)
    tables.show(
        _without_idle(lines),
        folded=("question",),
        column_config={
            "cost": tables.dollars("cost", lines["cost"]),
            "votes": st.column_config.TextColumn("votes", width=150),
        },
    )
    notes = dict.fromkeys(note for one in found.tried for note in one.notes)
    if notes:
        st.caption("\n".join(f"- {safe.markdown(note)}" for note in notes))
    number = st.selectbox(
        "Look at",
        range(len(found.tried)),
        format_func=lambda n: _named(found.tried[n]),
        key="models.looked_at",
    )
    _in_full(found.tried[number])


_KINDS = {"cost": pl.Float64, "error": pl.String}


def _without_idle(lines: pl.DataFrame) -> pl.DataFrame:
    """Leaves out the columns that say the same of every row, and what is in none."""
    idle = {"sample": 1, "try": 1, "repaired": False, "error": None, "in the cache": False}
    same = [
        name
        for name, value in idle.items()
        if name in lines.columns and lines[name].unique().to_list() == [value]
    ]
    return lines.drop(same)


def _named(one: Tried) -> str:
    told = f"{one.annotator}, {one.question} of {one.record_id}"
    told += f", sample {one.request.sample + 1}" if one.request.sample else ""
    return f"{told}, try {one.request.attempt + 1}" if one.request.attempt else told


def _tried(one: Tried) -> dict[str, Any]:
    return {
        "annotator": one.annotator,
        "record_id": one.record_id,
        "question": one.question,
        "sample": one.request.sample + 1,
        "try": one.request.attempt + 1,
        "outcome": "not answered" if one.reply is None else one.reply.outcome,
        "votes": "; ".join(v.value or f"none: {v.error or 'abstained'}" for v in one.votes),
        "cost": 0.0 if one.is_cached else one.cost_usd,
        "in the cache": one.is_cached,
        "error": one.error,
    }


def _in_full(one: Tried) -> None:
    prompt, answer = sides.sides("try")
    prompt.markdown("**Prompt**")
    asked = f"{one.request.system}\n\n{one.request.prompt}"
    prompt.code(asked, language=None, wrap_lines=True, height=_TEXT_PX)
    if one.request.images:
        n = len(one.request.images)
        prompt.caption("and a picture" if n == 1 else f"and {n:,} pictures")
    answer.markdown("**Answer**")
    if one.error is not None:
        answer.error(safe.markdown(one.error))
    if one.reply is not None:
        answer.code(one.reply.text, language=None, wrap_lines=True, height=_ANSWER_PX)
        told = f"{one.reply.n_tokens_in:,} tokens in, {one.reply.n_tokens_out:,} out"
        if one.reply.latency_s is not None:
            told += f", {one.reply.latency_s:.1f} s"
        answer.caption(told)
    answer.markdown("**Votes**")
    if not one.votes:
        answer.caption("none")
        return
    rows = [
        {"value": v.value, "question": v.question, "repaired": v.is_repaired, "error": v.error}
        for v in one.votes
    ]
    schema = {"value": pl.String, "error": pl.String}
    tables.show(_without_idle(pl.DataFrame(rows, schema_overrides=schema)), place=answer)
