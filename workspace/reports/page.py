"""Write the report: figures by plotly, words by a template, everything in one file."""

from __future__ import annotations

import datetime
import importlib.metadata
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import plotly.graph_objects as go
import polars as pl
from plotly.offline import get_plotlyjs

from catalog.errors import InputError
from charts.intervals import Dot, differences, dots, series
from evaluation.report_data import ReportData
from workspace.atomic import full_disk_told, write_text
from workspace.runs.views import leaderboard, run_report

if TYPE_CHECKING:
    from workspace.workspace import Workspace

_MARKS = {"better": "▲", "worse": "▼", "tied": "=", "too few rows to tell": "?"}
_CATEGORIES_SHOWN = 25


@dataclass(frozen=True)
class Written:
    """A report on disk."""

    path: Path
    sentence: str
    passed: bool


def write_report(
    workspace: Workspace,
    out: Path,
    *,
    baseline: str | None = None,
    candidate: str | None = None,
    metric: str | None = None,
    gates: Sequence[str] = (),
) -> Written:
    """Compare two runs and write all of it as one HTML file.

    Parameters
    ----------
    baseline, candidate
        Runs; where None, the best run is the candidate and the next best the baseline.

    Raises
    ------
    InputError
        If there are not two runs on one split.
    """
    baseline, candidate = chosen_pair(workspace, baseline, candidate)
    data = run_report(workspace, baseline, candidate, metric=metric, gates=gates)
    with full_disk_told(out.parent):
        write_text(out, render(data, workspace.settings.name))
    return Written(out, data.sentence, data.is_passed)


def chosen_pair(
    workspace: Workspace, baseline: str | None, candidate: str | None
) -> tuple[str, str]:
    """The two runs that a person means."""
    if baseline is not None and candidate is not None:
        return baseline, candidate
    ranked = leaderboard(workspace)["run"].to_list()
    others = [run for run in ranked if run not in (baseline, candidate)]
    if candidate is None and others:
        candidate = others.pop(0)
    if baseline is None and others:
        baseline = others.pop(0)
    if baseline is None or candidate is None:
        raise InputError(
            f"a verdict needs two runs on one split, found {len(ranked)}. Make baselines with "
            "`goldshelf predict --with majority --with knn`, or bring a run with import-run."
        )
    return baseline, candidate


def render(data: ReportData, name: str) -> str:
    """The report as HTML text; whatever product text stands in it is escaped."""
    loader = jinja2.PackageLoader("workspace.reports", "templates")
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True)
    environment.filters["share"] = _share
    environment.filters["points"] = _points
    environment.filters["path"] = _path
    return environment.get_template("report.html").render(
        name=name,
        data=data,
        mark=_MARKS[data.verdict],
        figures=_figures(data),
        plotly=get_plotlyjs(),
        made_at=datetime.datetime.now(datetime.UTC).strftime("%d %B %Y, %H:%M UTC"),
        version=importlib.metadata.version("goldshelf"),
        categories=data.categories.head(_CATEGORIES_SHOWN).to_dicts(),
        n_categories=data.categories.height,
    )


def _figures(data: ReportData) -> dict[str, str]:
    lines = {
        line.partition(":")[0]: values[data.metric]
        for line, values in data.reference_lines.items()
        if values.get(data.metric) is not None
    }
    board = [
        Dot(row["run"], row["value"], _bound(row["low"]), _bound(row["high"]), row["n"])
        for row in data.leaderboard.to_dicts()
    ]
    found = {"leaderboard": dots(board, lines=lines, title=data.metric.replace("_", " "))}
    if data.levels.height:
        found["levels"] = series(
            {
                name: [
                    Dot(str(row["level"]), row[role], math.nan, math.nan, row["n"])
                    for row in data.levels.to_dicts()
                ]
                for role, name in (("baseline", data.baseline), ("candidate", data.candidate))
            },
            x_title="level of the taxonomy",
            y_title="accuracy",
        )
    shown = data.categories.filter(pl.col("difference").is_not_nan()).head(_CATEGORIES_SHOWN)
    if shown.height:
        found["categories"] = differences(
            [
                Dot(
                    row["category"],
                    row["difference"],
                    _bound(row["low"]),
                    _bound(row["high"]),
                    row["n"],
                )
                for row in shown.sort("difference", descending=True).to_dicts()
            ],
            title="candidate minus baseline",
        )
    return {key: _div(figure) for key, figure in found.items()}


def _div(figure: go.Figure) -> str:
    return str(
        figure.to_html(
            full_html=False,
            include_plotlyjs=False,
            config={"displaylogo": False, "responsive": True},
        )
    )


def _bound(value: float | None) -> float:
    return math.nan if value is None else value


def _share(value: Any) -> str:
    if value is None or value != value:
        return "–"
    return f"{100 * value:.1f} %"


def _points(value: Any) -> str:
    if value is None or value != value:
        return "–"
    return f"{100 * value:+.1f}"


def _path(value: Any) -> str:
    if value is None:
        return "(no answer)"
    return value if isinstance(value, str) else " > ".join(str(part) for part in value)
