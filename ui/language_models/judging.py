"""Answers to questions, judged by a model: planned, asked as a job, and held against people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from catalog.criteria import CRITERIA, CRITERION_WORDS, Criterion
from catalog.errors import GoldshelfError
from charts.theme import percent
from ui import files, jobs, links, safe, tables
from ui.language_models import model_keys, plans
from workspace.models.judge_questions import AnswerFiles, AnswerRuns, Judgeable
from workspace.models.judged import WORDS
from workspace.models.judging import plan_judge
from workspace.models.labelling import require_prices
from workspace.models.people import AGREEMENT, ALPHA, BETWEEN, KAPPA
from workspace.snapshots import Snapshot
from workspace.views.judged import (
    SHOWN,
    Which,
    held_against_people,
    judgement_rows,
    judgements_kept,
    runs_to_judge,
    told_of,
)
from workspace.workspace import Workspace

_WHICH: dict[Which, str] = {
    "all": "all",
    "differ": "judge and people differ",
    "no": "judged no",
    "undecided": "not judged",
}
_RUNS, _FILES = "Runs", "Files"


@dataclass(frozen=True)
class _Asked:
    """What is to be judged, and how the verb is told of it."""

    of: Judgeable
    told: list[str]


def panel(opened: Workspace, split: str) -> None:
    """The judge, folded away and drawn when it is opened."""
    folded = st.expander(
        "Answers to questions, judged by a model", on_change="rerun", key="results.judge"
    )
    if folded.open:
        with folded:
            _ask(opened, split)
            _said(opened)


def _ask(opened: Workspace, split: str) -> None:
    st.caption(
        "A model says of each answer whether it is relevant to its question, or whether the given "
        "contexts support it; it sees neither the gold nor what people said. Where people have "
        "judged some of the answers it is shown how far the judge can be believed. What is said of "
        "runs is a metric of theirs."
    )
    names = list(opened.settings.annotators)
    if not names:
        st.caption("No language model is declared yet.")
        links.to("labels", "Declare one")
        return
    runs = runs_to_judge(opened, split)
    source = _FILES
    if runs:
        source = st.segmented_control(
            "Answers of", [_RUNS, _FILES], default=_RUNS, required=True, key="judge.source"
        )
    asked = _of_runs(opened, runs) if source == _RUNS else _of_files()
    if asked is None:
        return
    first, second, third = st.columns(3, vertical_alignment="bottom")
    judge = first.selectbox("Judge", names, key="judge.name")
    criterion = second.selectbox(
        "Judged by", CRITERIA, key="judge.criterion", format_func=CRITERION_WORDS.__getitem__
    )
    budget = third.number_input(
        "Budget in $", 0.0, value=5.0, step=1.0, format="%.2f", key="judge.budget"
    )
    resume = st.checkbox(
        "Count what the last run spent",
        key="judge.resume",
        help="The budget is then that of both together.",
    )
    _buttons(opened, judge, criterion, asked, budget, resume)


def _of_runs(opened: Workspace, runs: list[str]) -> _Asked | None:
    left, right = st.columns(2)
    chosen = left.multiselect("Which runs", runs, runs, key="judge.runs")
    if not chosen:
        st.caption("Choose a run.")
        return None
    told = list(chosen)
    if len(chosen) == 1:
        ratings = files.dropped(
            "What people say of its answers: human_relevance, human_faithfulness",
            "judge.ratings",
            place=right,
        )
        told += [] if ratings is None else ["--ratings", str(ratings)]
    else:
        right.caption("One run alone can be given what people say of its answers.")
    return _Asked(AnswerRuns(opened, tuple(chosen)), told)


def _of_files() -> _Asked | None:
    left, right = st.columns(2)
    gold = files.dropped("Gold, with the questions", "judge.gold", place=left)
    answers = files.dropped("Predictions: the answers", "judge.predictions", place=right)
    if gold is None or answers is None:
        return None
    columns = files.columns(gold)
    if columns is None:
        return None
    left, right = st.columns(2)
    cluster = left.selectbox(
        "Rows that depend on each other share", columns, index=None, key="judge.cluster",
        placeholder="nothing",
    )  # fmt: skip
    key = right.selectbox(
        "Key", columns, index=None, key="judge.key", placeholder="guessed",
        help="example_id, record_id or id where there is one",
    )  # fmt: skip
    options: dict[str, Path | str | None] = {
        "--gold": gold, "--pred": answers, "--key": key, "--cluster-column": cluster,
    }  # fmt: skip
    told = [part for name, value in options.items() if value for part in (name, str(value))]
    return _Asked(AnswerFiles(gold, answers, key, cluster), ["--task", "answers", *told])


def _buttons(
    opened: Workspace, judge: str, criterion: Criterion, asked: _Asked, budget: float, resume: bool
) -> None:
    row = st.container(horizontal=True)
    busy = jobs.is_running(opened)
    spending = ["--budget-usd", f"{budget:.2f}", *(["--resume"] if resume else [])]
    if row.button("Plan", icon=":material/calculate:", key="judge.plan", help="Sends nothing."):
        _plan(opened, judge, criterion, asked)
    verb = ["score", "--judge", judge, "--criterion", criterion]
    if row.button("Judge", type="primary", icon=":material/gavel:", disabled=busy):
        _start(opened, judge, asked, budget, [*verb, *spending])
    if row.button(
        "Hand in as a batch", icon=":material/outbox:", disabled=busy, key="judge.hand_in"
    ):
        _start(opened, judge, asked, budget, [*verb, *spending, "--batch"])
    if row.button("Collect the batch", icon=":material/inbox:", disabled=busy, key="judge.collect"):
        _start(opened, judge, asked, None, [*verb, "--collect"])


def _plan(opened: Workspace, judge: str, criterion: Criterion, asked: _Asked) -> None:
    try:
        made = plan_judge(opened, judge, asked.of, criterion)
    except GoldshelfError as error:
        files.refuse(error)
        return
    st.info(safe.markdown(plans.sentence(made)))


def _start(
    opened: Workspace, judge: str, asked: _Asked, budget: float | None, verb: list[str]
) -> None:
    try:
        require_prices({judge: opened.settings.annotators[judge]}, budget)
    except GoldshelfError as error:
        st.error(safe.markdown(error))
        return
    if not model_keys.are_there(opened, [judge]):
        return
    jobs.start(opened, [*verb, *asked.told], told=" ".join(verb))
    st.rerun()


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
    criterion: Criterion = figures["criterion"]
    tiles = st.columns(3)
    name = "Relevant answers" if criterion == "relevance" else "Faithful answers"
    _tile(tiles[0], name, figures[criterion], WORDS[criterion], is_share=True)
    people = held_against_people(opened, chosen)
    _tile(tiles[1], "Agreement with people (kappa)", people.kappa.as_json(), KAPPA)
    _tile(tiles[2], "Says what people say", people.agreement.as_json(), AGREEMENT, is_share=True)
    if people.between.n:
        tiles = st.columns(3)
        _tile(tiles[1], "People with each other (alpha)", people.alpha.as_json(), ALPHA)
        _tile(tiles[2], "Say what others say", people.between.as_json(), BETWEEN, is_share=True)
    for note in (*chosen.notes, *people.notes):
        st.caption(safe.markdown(note))
    if "run" in figures:
        links.to(
            "rate", "Rate some of its answers yourself", run=figures["run"], criterion=criterion
        )
    _rows(opened, chosen)


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


def _rows(opened: Workspace, kept: Snapshot) -> None:
    which = st.segmented_control(
        "Show",
        list(_WHICH),
        default="all",
        key="judge.which",
        required=True,
        format_func=_WHICH.__getitem__,
    )
    shown, n_found = judgement_rows(opened, kept, which or "all")
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
