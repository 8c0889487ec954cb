"""Results and comparisons: cached by what they rest on, shaped for drawing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import polars as pl
import streamlit as st

from catalog.errors import GoldshelfError
from charts.intervals import Dot
from ui import address, files, jobs, safe, tables
from ui.language_models import prompted
from ui.verdicts import run_options
from workspace.runs import import_file
from workspace.runs.predicting import BASELINES
from workspace.runs.scoring import compare
from workspace.views import results
from workspace.views.results import Task
from workspace.workspace import Workspace

TASK_WORDS = {
    "classification": "Categories",
    "attributes": "Attributes",
    "pairs": "Pairs, yes or no",
    "labels": "Labels",
    "answers": "Questions",
    "recommendation": "Recommendations",
    "ranking": "Rankings",
    "tags": "Tags",
    "json_validity": "Valid JSON",
}


@st.cache_data(max_entries=32, show_spinner="Scoring …")
def board(
    _opened: Workspace,
    version: str,
    metric: str,
    task: Task = "classification",
    split: str = results.TEST,
) -> pl.DataFrame:
    """The leaderboard."""
    return results.board(_opened, metric, task, split)


def cached(
    opened: Workspace, version: str, shaped: Callable[..., Any], *given: Any, **more: Any
) -> Any:
    """Any view of the runs, kept until a run or what it rests on changes."""
    name = f"{shaped.__module__}.{shaped.__name__}"
    return _cached(opened, version, name, given, tuple(sorted(more.items())), shaped)


@st.cache_data(max_entries=64, show_spinner="Counting …")
def _cached(
    _opened: Workspace,
    version: str,
    name: str,
    given: tuple[Any, ...],
    more: tuple[tuple[str, Any], ...],
    _shaped: Callable[..., Any],
) -> Any:
    return _shaped(_opened, *given, **dict(more))


def task_of(opened: Workspace, run: str) -> Task:
    """The task of a run."""
    return results.task_and_split_of(opened, run)[0]


@st.cache_data(max_entries=8, show_spinner="Scoring …")
def levels(
    _opened: Workspace, version: str, runs: tuple[str, ...]
) -> dict[str, list[dict[str, Any]]]:
    """Accuracy at each level, by run; nothing where paths have no levels."""
    return results.levels(_opened, list(runs))


def chosen_split(opened: Workspace) -> str:
    """The split to look at; asked where runs are of several."""
    splits = results.splits_with_runs(opened)
    if len(splits) < 2:
        return splits[0] if splits else results.TEST
    return str(
        address.kept(
            st.segmented_control, "Split", splits, key="split", default=splits[0], required=True
        )
    )


def chosen_task(by_task: dict[Task, list[str]]) -> Task:
    """The task to look at; asked where runs are of several."""
    if len(by_task) == 1:
        return next(iter(by_task))
    return cast(
        "Task",
        address.kept(
            st.segmented_control,
            "Task",
            list(by_task),
            key="task",
            default=next(iter(by_task)),
            required=True,
            format_func=TASK_WORDS.get,
        ),
    )


def chosen_metric(opened: Workspace, version: str, run: str, place: Any = st) -> str:
    """The metric that decides, the task's own where nobody chose."""
    known = of_run(opened, version, run, "metrics_of")
    shares = [m for m in known if not m.startswith(("accuracy_at_level.", "error_"))]
    main = results.main_metric(task_of(opened, run))
    return str(
        address.kept(
            place.selectbox,
            "Metric",
            shares,
            key="metric",
            default=main,
            format_func=tables.words,
        )
    )


@st.cache_data(max_entries=32, show_spinner="Scoring …")
def of_run(_opened: Workspace, version: str, run: str, what: str, *more: Any) -> Any:
    """Any view of one run, by its name in `workspace.views.results`."""
    return getattr(results, what)(_opened, run, *more)


@st.cache_data(max_entries=32, show_spinner="Comparing …")
def comparison(
    _opened: Workspace, version: str, baseline: str, candidate: str, metric: str, gate: str
) -> Any:
    """Two runs against each other; the rows that changed are read a page at a time."""
    found = compare(
        _opened, baseline, candidate, metric=metric or None, gates=[gate] if gate else []
    )
    return replace(found, flips=found.flips.clear())


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
            number(r[value]),
            number(r[low]),
            number(r[high]),
            int(r[count] or 0),
            str(r[note] or "") if note else "",
        )
        for r in frame.to_dicts()
    ]


def level_dots(by_run: dict[str, list[dict[str, Any]]]) -> dict[str, list[Dot]]:
    """Accuracy by level as series."""
    return {
        run: [
            Dot(
                row["level"],
                number(row["value"]),
                number(row["low"]),
                number(row["high"]),
                row["n"],
            )
            for row in rows
        ]
        for run, rows in by_run.items()
    }


def number(value: float | None) -> float:
    """A value of a table as a float, NaN where it is null."""
    return math.nan if value is None else float(value)


def interval(row: dict[str, Any], value: str = "value") -> tuple[float, float, float]:
    """A value of a row with its bounds, NaN where there is none."""
    return number(row[value]), number(row["low"]), number(row["high"])


def more_runs(opened: Workspace) -> None:
    """`bring_runs`, folded away and drawn when it is opened."""
    folded = st.expander("More runs", on_change="rerun", key="results.more")
    if folded.open:
        with folded:
            bring_runs(opened)


def bring_runs(opened: Workspace) -> None:
    """Make baselines, or bring predictions made elsewhere."""
    left, right = st.columns(2)
    with left:
        _baselines(opened)
    with right, st.form("results.import"):
        predictions = files.dropped(
            "Predictions: ours, or the file of another tool",
            "results.predictions",
            types=run_options.ACCEPTED,
        )
        run_card = files.dropped(
            "run.json, beside predictions of ours", "results.card", types=["json"]
        )
        form = run_options.format_choice(st, "results.format")
        with st.expander("More about the file"):
            left, right = st.columns(2)
            model = left.text_input(
                "Model", key="results.model", placeholder="as the file or run.json tells"
            )
            task = right.selectbox(
                "Task",
                list(TASK_WORDS),
                key="results.task",
                index=None,
                placeholder="as the file or run.json tells",
                format_func=lambda name: TASK_WORDS[name],
            )
            options = run_options.options("results", **run_options.beside("results"))
        if st.form_submit_button("Import the run", icon=":material/upload:") and predictions:
            _import(opened, predictions, run_card, form, model or None, options, task)
    prompted.ask_models(opened)


def _baselines(opened: Workspace) -> None:
    """Models of categories that are made here; a word instead where there are none to learn."""
    if not results.has_categories(opened):
        st.caption("Baselines learn categories, and no record of the train split has one.")
        return
    chosen = st.multiselect(
        "Baselines that need no key",
        list(BASELINES),
        ["majority", "knn", "linear"],
        key="results.baselines",
    )
    verb = ["predict", *(part for name in chosen for part in ("--with", name))]
    jobs.run_button(opened, verb, label="Predict the test split")


def _import(
    opened: Workspace,
    predictions: Path,
    run_card: Path | None,
    form: str,
    model: str | None,
    options: Any,
    task: str | None,
) -> None:
    try:
        made = import_file(
            opened,
            predictions,
            run_card,
            form=form,
            options=options,
            model=model,
            task=task,
            shown_as=predictions.name,
        )
    except GoldshelfError as error:
        files.refuse(error)
        return
    st.success(safe.markdown(f"Run {made.name} is in."))
    files.notes(made.snapshot.notes)


def board_metric(opened: Workspace, run: str) -> str:
    """The metric that the page is about."""
    return str(st.session_state.get("metric") or results.main_metric(task_of(opened, run)))


def other_run(board: pl.DataFrame, run: str) -> str | None:
    """The run that this one is held against; None where there is no other."""
    others = [name for name in board["run"] if name != run]
    if not others:
        return None
    chosen = address.kept(st.selectbox, "Against", others, key="against", default=others[0])
    return None if chosen is None else str(chosen)
