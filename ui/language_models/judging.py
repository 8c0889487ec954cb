"""Answers to questions, judged by a model: planned, asked as a job, and held against people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from catalog.errors import GoldshelfError
from charts.theme import percent
from ui import files, jobs, links, safe, tables
from ui.language_models import model_keys, plans
from workspace.models.judge_questions import AnswerFiles
from workspace.models.judged import AGREEMENT, KAPPA, RELEVANCE
from workspace.models.judging import plan_judge
from workspace.models.labelling import require_prices
from workspace.snapshots import Snapshot
from workspace.views.judged import SHOWN, Which, judgement_rows, judgements_kept, told_of
from workspace.workspace import Workspace

_WHICH: dict[Which, str] = {
    "all": "all",
    "differ": "judge and people differ",
    "irrelevant": "not relevant",
    "undecided": "not judged",
}


def panel(opened: Workspace) -> None:
    """The judge, folded away and drawn when it is opened."""
    folded = st.expander(
        "Answers to questions, judged by a model", on_change="rerun", key="results.judge"
    )
    if folded.open:
        with folded:
            _ask(opened)
            _said(opened)


def _ask(opened: Workspace) -> None:
    st.caption(
        "A model says of each answer whether it is relevant to its question; it sees neither the "
        "gold nor what people said. Gold with `human_relevance` (yes or no) in some rows tells how "
        "far the judge can be believed."
    )
    names = list(opened.settings.annotators)
    if not names:
        st.caption("No language model is declared yet.")
        links.to("labels", "Declare one")
        return
    left, right = st.columns(2)
    gold = files.dropped("Gold, with the questions", "judge.gold", place=left)
    answers = files.dropped("Predictions: the answers", "judge.predictions", place=right)
    if gold is None or answers is None:
        return
    columns = files.columns(gold)
    if columns is None:
        return
    first, second, third, fourth = st.columns(4, vertical_alignment="bottom")
    judge = first.selectbox("Judge", names, key="judge.name")
    cluster = second.selectbox(
        "Rows that depend on each other share", columns, index=None, key="judge.cluster",
        placeholder="nothing",
    )  # fmt: skip
    key = third.selectbox(
        "Key", columns, index=None, key="judge.key", placeholder="guessed",
        help="example_id, record_id or id where there is one",
    )  # fmt: skip
    budget = fourth.number_input(
        "Budget in $", 0.0, value=5.0, step=1.0, format="%.2f", key="judge.budget"
    )
    resume = st.checkbox(
        "Count what the last run spent",
        key="judge.resume",
        help="The budget is then that of both together.",
    )
    _buttons(opened, judge, AnswerFiles(gold, answers, key, cluster), budget, resume)


def _buttons(
    opened: Workspace, judge: str, asked: AnswerFiles, budget: float, resume: bool
) -> None:
    row = st.container(horizontal=True)
    busy = jobs.is_running(opened)
    spending = ["--budget-usd", f"{budget:.2f}", *(["--resume"] if resume else [])]
    if row.button("Plan", icon=":material/calculate:", key="judge.plan", help="Sends nothing."):
        _plan(opened, judge, asked)
    if row.button("Judge", type="primary", icon=":material/gavel:", disabled=busy):
        _start(opened, judge, asked, budget, spending)
    if row.button(
        "Hand in as a batch", icon=":material/outbox:", disabled=busy, key="judge.hand_in"
    ):
        _start(opened, judge, asked, budget, [*spending, "--batch"])
    if row.button("Collect the batch", icon=":material/inbox:", disabled=busy, key="judge.collect"):
        _start(opened, judge, asked, None, ["--collect"])


def _plan(opened: Workspace, judge: str, asked: AnswerFiles) -> None:
    try:
        made = plan_judge(opened, judge, asked)
    except GoldshelfError as error:
        files.refuse(error)
        return
    st.info(safe.markdown(plans.sentence(made)))


def _start(
    opened: Workspace, judge: str, asked: AnswerFiles, budget: float | None, told: list[str]
) -> None:
    try:
        require_prices({judge: opened.settings.annotators[judge]}, budget)
    except GoldshelfError as error:
        st.error(safe.markdown(error))
        return
    if not model_keys.are_there(opened, [judge]):
        return
    verb = ["score", "--task", "answers", "--judge", judge, *told]
    jobs.start(opened, [*verb, *_files_told(asked)], told=" ".join(verb))
    st.rerun()


def _files_told(asked: AnswerFiles) -> list[str]:
    told: dict[str, Path | str | None] = {
        "--gold": asked.gold, "--pred": asked.predictions, "--key": asked.key,
        "--cluster-column": asked.cluster_column,
    }  # fmt: skip
    return [part for name, value in told.items() if value for part in (name, str(value))]


def _said(opened: Workspace) -> None:
    kept = judgements_kept(opened)
    if not kept:
        st.caption("No answer was judged yet.")
        return
    chosen = st.selectbox(
        "What was judged",
        kept,
        key="judge.kept",
        format_func=told_of,
    )
    figures = chosen.figures
    tiles = st.columns(3)
    _tile(tiles[0], "Relevant answers", figures["relevance"], RELEVANCE, is_share=True)
    _tile(tiles[1], "Agreement with people (kappa)", figures["kappa_with_people"], KAPPA)
    _tile(
        tiles[2], "Says what people say", figures["agreement_with_people"], AGREEMENT, is_share=True
    )
    for note in chosen.notes:
        st.caption(safe.markdown(note))
    _rows(chosen)


def _tile(
    place: Any, name: str, found: dict[str, Any], words: str, *, is_share: bool = False
) -> None:
    told = percent if is_share else "{:.2f}".format
    if found["value"] is None:
        place.metric(name, "unknown")
        place.caption(safe.markdown(str(found["reason"])))
        return
    place.metric(name, told(found["value"]), help=words)
    ends = [found[end] for end in ("low", "high")]
    interval = "" if None in ends else f"95 % interval {told(ends[0])} to {told(ends[1])}, "
    place.caption(f"{interval}{found['n']:,} rows")


def _rows(kept: Snapshot) -> None:
    which = st.segmented_control(
        "Answers",
        list(_WHICH),
        default="all",
        key="judge.which",
        required=True,
        format_func=_WHICH.__getitem__,
    )
    shown, n_found = judgement_rows(kept, which or "all")
    if not n_found:
        st.caption("No answer is like that.")
        return
    tables.show(
        shown,
        column_config={
            "answer": st.column_config.TextColumn(width="large"),
            "question": st.column_config.TextColumn(width="medium"),
        },
    )
    if n_found > shown.height:
        st.caption(f"The first {SHOWN:,} of {n_found:,} are shown.")
