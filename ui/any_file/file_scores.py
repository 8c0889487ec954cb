"""Score and compare on the Any file page: runs of any format, strictly and as published."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from catalog.errors import GoldshelfError
from charts.theme import percent
from stats.estimate import Estimate
from ui import files, safe, tables
from ui.verdicts import result_tables, run_options, twins
from workspace.runs import (
    TwinComparison,
    TwinScores,
    compare_run_files,
    gold_columns,
    score_run_file,
)
from workspace.runs.plain import TASKS
from workspace.runs.published import definitions_of, known_definitions


def score() -> None:
    """Predictions against gold; a second file of predictions makes it a comparison."""
    a, b, c = st.columns(3)
    gold = files.dropped("Gold, if the predictions carry none", "files.gold", place=a)
    candidate = _run("Predictions", "files.candidate", b)
    baseline = _run("Predictions to compare with, if any", "files.baseline", c)
    if candidate is None:
        return
    left, middle, right = st.columns(3)
    form = run_options.format_choice(left, "files.format")
    task = middle.selectbox("Task", TASKS, index=None, placeholder="as the gold tells")
    definition = twins.choice(
        right, known_definitions() if task is None else definitions_of(task), "files.definition"
    )
    with st.expander("More about the files"):
        options = run_options.options("files", **run_options.beside("files"))
        models = run_options.models("files")
        baseline_errors = (
            _run("Error file of the batch to compare with, if any", "files.baseline_errors", st)
            if baseline
            else None
        )
    names = _gold_columns(gold, candidate, form, options)
    if names is None:
        return
    with st.form("files.score"):
        cluster = st.selectbox(
            "Rows that depend on each other share",
            names,
            index=None,
            placeholder="nothing: every row stands alone",
        )
        asked = bool(
            st.form_submit_button(
                "Compare" if baseline else "Score", type="primary", icon=":material/play_arrow:"
            )
        )
    more: dict[str, Any] = {
        "task": task, "gold": gold, "cluster_column": cluster, "options": options,
        "definition": definition,
    }  # fmt: skip
    if baseline is None:
        scored = files.outcome(
            "score",
            (gold, candidate),
            asked,
            lambda _: score_run_file(candidate, form, settings=models, **more),
        )
        if scored is not None:
            _show_scores(scored)
        return
    found = files.outcome(
        "compare",
        (gold, candidate, baseline),
        asked,
        lambda _: compare_run_files(
            baseline,
            candidate,
            form,
            baseline_errors=baseline_errors,
            score_settings=models,
            **more,
        ),
    )
    if found is not None:
        _show_comparison(found)


def _run(label: str, key: str, place: Any) -> Path | None:
    return files.dropped(label, key, place=place, types=run_options.ACCEPTED)


def _show_scores(found: TwinScores) -> None:
    scored = found.strict
    files.notes(scored.notes)
    name, first = next(iter(scored.metrics.items()))
    st.markdown(f"### {safe.markdown(_sentence(name, first))}")
    if found.published is not None:
        twins.scores(found.as_json())
    result_tables.metrics(_metrics(scored.metrics, scored.definitions))
    if scored.categories.width:
        result_tables.categories(scored.categories)


def _show_comparison(found: TwinComparison) -> None:
    files.notes(found.strict.notes)
    st.markdown(f"### {safe.markdown(found.strict.sentence)}")
    if found.published is not None:
        twins.differences(found.as_json(0))
    result_tables.differences(found.strict.metrics)
    result_tables.moved(found.strict.categories)


def _gold_columns(gold: Path | None, candidate: Path, form: str, options: Any) -> list[str] | None:
    """What the rows can be clustered by; None, and one red line, where that cannot be read."""
    if gold is not None:
        return files.columns(gold)
    try:
        return gold_columns(candidate, form, options=options)
    except GoldshelfError as error:
        files.refuse(error)
        return None


def _sentence(name: str, found: Estimate) -> str:
    told = tables.words(name).capitalize()
    if math.isnan(found.value):
        return f"{told} is undefined: {found.reason}"
    interval = ""
    if not math.isnan(found.low):
        interval = f" (95 % interval {percent(found.low)} to {percent(found.high)})"
    return f"{told} {percent(found.value)}{interval} on {found.n:,} rows"


def _metrics(metrics: Any, definitions: Any) -> pl.DataFrame:
    rows = [
        (name, e.value, e.low, e.high, e.n, e.reason, definitions.get(name, ""))
        for name, e in metrics.items()
    ]
    names = ["metric", "value", "low", "high", "n", "reason", "what it is"]
    return pl.DataFrame(rows, schema=names, schema_overrides={"reason": pl.String}, orient="row")
