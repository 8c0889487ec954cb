"""Results and comparisons: cached by what they rest on, shaped for drawing."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from catalog.errors import GoldshelfError
from charts.intervals import Dot
from ui import jobs, safe
from workspace.reports import write_report
from workspace.runs.importing import import_run
from workspace.runs.predicting import BASELINES
from workspace.runs.scoring import compare, list_runs
from workspace.views import flips, results
from workspace.workspace import Workspace

METRICS = [
    "accuracy",
    "f1_macro",
    "f1_weighted",
    "hierarchical_f1",
    "precision_macro",
    "recall_macro",
    "coverage",
]


@st.cache_data(max_entries=32, show_spinner="Scoring …")
def board(_opened: Workspace, version: str, metric: str) -> pl.DataFrame:
    """The leaderboard."""
    return results.board(_opened, metric)


@st.cache_data(max_entries=32, show_spinner="Scoring …")
def of_run(_opened: Workspace, version: str, run: str, what: str, *more: Any) -> Any:
    """Any view of one run, by its name in `workspace.views.results`."""
    return getattr(results, what)(_opened, run, *more)


@st.cache_data(max_entries=32, show_spinner="Comparing …")
def comparison(
    _opened: Workspace, version: str, baseline: str, candidate: str, metric: str, gate: str
) -> Any:
    """Two runs against each other, as plain JSON and frames."""
    found = compare(_opened, baseline, candidate, metric=metric, gates=[gate] if gate else [])
    tables = {
        change: flips.with_titles(_opened, found.flips, change) for change in ("fixed", "broken")
    }
    return found, tables


def dots_of(
    frame: pl.DataFrame, name: str, value: str = "value", note: str | None = None
) -> list[Dot]:
    """Rows of a frame as dots."""
    low, high = (
        ("low", "high") if value in ("value", "difference") else (f"{value}_low", f"{value}_high")
    )
    count = "n" if "n" in frame.columns else "support"
    return [
        Dot(
            str(r[name]),
            _number(r[value]),
            _number(r[low]),
            _number(r[high]),
            int(r[count] or 0),
            str(r[note]) if note else "",
        )
        for r in frame.to_dicts()
    ]


def level_dots(by_run: dict[str, list[dict[str, Any]]]) -> dict[str, list[Dot]]:
    """Accuracy by level as series."""
    return {
        run: [
            Dot(
                row["level"],
                _number(row["value"]),
                _number(row["low"]),
                _number(row["high"]),
                row["n"],
            )
            for row in rows
        ]
        for run, rows in by_run.items()
    }


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def bring_runs(opened: Workspace) -> None:
    """Make baselines, or bring predictions made elsewhere."""
    left, right = st.columns(2)
    with left:
        chosen = st.multiselect(
            "Baselines that need no key",
            list(BASELINES),
            ["majority", "knn", "linear"],
            key="results.baselines",
        )
        verb = ["predict", *(part for name in chosen for part in ("--with", name))]
        jobs.run_button(opened, verb, label="Predict the test split")
    with right, st.form("results.import"):
        predictions = st.file_uploader(
            "predictions.jsonl", type=["jsonl", "json", "csv", "parquet"]
        )
        run_card = st.file_uploader("run.json", type=["json"])
        if (
            st.form_submit_button("Import the run", icon=":material/upload:")
            and predictions
            and run_card
        ):
            _import(opened, predictions, run_card)


def _import(opened: Workspace, predictions: Any, run_card: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for upload in (predictions, run_card):
            path = Path(folder) / Path(upload.name).name
            path.write_bytes(upload.getbuffer())
            files.append(path)
        try:
            made = import_run(opened, *files)
        except GoldshelfError as error:
            st.error(safe.markdown(error))
            return
    st.success(safe.markdown(f"Run {made.name} is in."))
    for note in made.snapshot.notes:
        st.caption(safe.markdown(note))


def runs(opened: Workspace) -> list[str]:
    """The names of the runs on the test split."""
    return [run.name for run in list_runs(opened) if run.split == "test"]


def report_button(opened: Workspace, baseline: str, candidate: str, metric: str, gate: str) -> None:
    """The report as a file to mail."""

    def made() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "report.html"
            write_report(
                opened,
                path,
                baseline=baseline,
                candidate=candidate,
                metric=metric,
                gates=[gate] if gate else [],
            )
            return path.read_bytes()

    st.download_button(
        "Report (HTML)",
        made,
        file_name=f"{candidate}-against-{baseline}.html",
        mime="text/html",
        icon=":material/download:",
        key="compare.report",
    )
