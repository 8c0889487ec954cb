"""Runs beside those before them: what was forgotten, and what differed."""

from __future__ import annotations

import polars as pl
import streamlit as st

from catalog.errors import GoldshelfError
from charts.intervals import differences as differences_of
from charts.intervals import dots
from ui import address, drawings, safe, tables
from ui.verdicts import result_tables, results
from workspace.views.experiments import FACTS, run_facts
from workspace.views.experiments import experiments as experiments_of
from workspace.views.regressions import forgotten as forgotten_of
from workspace.views.regressions import models
from workspace.views.results import task_and_split_of
from workspace.workspace import Workspace


def forgotten(opened: Workspace, version: str, run: str, board: pl.DataFrame) -> None:
    """One checkpoint over all its tasks against another model."""
    named = models(opened)
    if len(named) < 2:
        st.info("It takes runs of two models or checkpoints. Import one of the base model.")
        return
    left, middle, right = st.columns(3)
    candidate = address.kept(
        left.selectbox, "Checkpoint", named, key="checkpoint", default=named[0]
    )
    others = [name for name in named if name != candidate]
    base = address.kept(middle.selectbox, "Base model", others, key="base", default=others[0])
    last = address.kept(
        right.selectbox, "Checkpoint before", [n for n in others if n != base], key="before",
        index=None, placeholder="none",
    )  # fmt: skip
    try:
        found = results.cached(opened, version, forgotten_of, candidate, base, last)
    except GoldshelfError as error:
        st.info(safe.markdown(error))
        return
    (st.success if found.is_passed else st.error)(safe.markdown(found.sentence))
    rows = found.table.with_columns(
        pl.format("{}, {}: {}", "name", "against", "metric").alias("told")
    )
    drawings.show(
        differences_of(
            results.dots_of(rows, "told", "difference", "mark"),
            title="difference",
            is_corrected=True,
        ),
        alt="Difference by task",
    )
    result_tables.forgotten(found.table)
    for note in found.notes:
        st.caption(safe.markdown(note))


def experiments(opened: Workspace, version: str, run: str, board: pl.DataFrame) -> None:
    """Runs grouped by what differed in how they came to be."""
    task, split = task_and_split_of(opened, run)
    facts = [name for name in results.cached(opened, version, run_facts).columns if name != "run"]
    by = address.kept(
        st.selectbox, "What differed", facts, key="fact", default=facts[0],
        format_func=lambda name: tables.words(name) + (f": {FACTS[name]}" if name in FACTS else ""),
    )  # fmt: skip
    try:
        found = results.cached(
            opened,
            version,
            experiments_of,
            by,
            task=task,
            split=split,
            metric=st.session_state.get("metric"),
        )
    except GoldshelfError as error:
        st.info(safe.markdown(error))
        return
    drawings.show(
        dots(results.dots_of(found.table, "group"), title=tables.words(found.table["metric"][0])),
        alt="Runs by what differed",
    )
    result_tables.experiments(found.table)
    for note in found.notes:
        st.caption(safe.markdown(note))
