"""The report as one HTML file: figures as HTML, words by a template, nothing loaded, no script."""

from __future__ import annotations

import datetime
import importlib.metadata
import math

import jinja2
import polars as pl

from catalog.wording import words
from charts.drawing import STYLE
from charts.intervals import Dot, differences, dots, series
from charts.pairs import Pair, paired
from evaluation.answers.contract import part_words
from evaluation.comparing.report_data import ReportData
from workspace.reports.sections import CATEGORIES_SHOWN, sections

_MARKS = {"better": "▲", "worse": "▼", "tied": "=", "too few rows to tell": "?"}
_MOST_DOTS = 300
_ALTS = {
    "leaderboard": "Leaderboard with intervals",
    "levels": "Accuracy by level and run",
    "pairs": "Every {}: candidate against baseline",
    "categories": "Difference by {}",
}


def html_text(data: ReportData, name: str) -> str:
    """The report as HTML; whatever product text stands in it is escaped."""
    loader = jinja2.PackageLoader("workspace.reports", "templates")
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True)
    return environment.get_template("report.html").render(
        name=name,
        data=data,
        mark=_MARKS[data.verdict],
        sections=sections(data),
        figures=_figures(data),
        style=STYLE,
        made_at=datetime.datetime.now(datetime.UTC).strftime("%d %B %Y, %H:%M UTC"),
        version=importlib.metadata.version("goldshelf"),
    )


def _figures(data: ReportData) -> dict[str, str]:
    lines = {
        line.partition(":")[0]: values[data.metric]
        for line, values in data.reference_lines.items()
        if values.get(data.metric) is not None
    }
    found = {"leaderboard": dots(_dots(data.leaderboard, "run", "value"), lines=lines,
                                 title=words(data.metric))}  # fmt: skip
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
    known = data.categories.filter(pl.col("difference").is_not_nan())
    if known.height:
        largest = known.sort("n", descending=True, maintain_order=True).head(_MOST_DOTS)
        found["pairs"] = paired(
            [
                Pair(
                    row["category"],
                    row["baseline"],
                    row["candidate"],
                    _bound(row["low"]),
                    _bound(row["high"]),
                    row["n"],
                    row["mark"] or "",
                )
                for row in largest.to_dicts()
            ],
            baseline=data.baseline,
            candidate=data.candidate,
        )
        shown = known.head(CATEGORIES_SHOWN).sort("difference", descending=True)
        found["categories"] = differences(
            _dots(shown, "category", "difference", "mark"),
            title="candidate minus baseline",
            is_corrected=True,
        )
    part, _ = part_words(data.task)
    return {key: figure.html(_ALTS[key].format(part)) for key, figure in found.items()}


def _dots(frame: pl.DataFrame, name: str, value: str, note: str | None = None) -> list[Dot]:
    return [
        Dot(
            row[name],
            row[value],
            _bound(row["low"]),
            _bound(row["high"]),
            row["n"],
            (row[note] or "") if note else "",
        )
        for row in frame.to_dicts()
    ]


def _bound(value: float | None) -> float:
    return math.nan if value is None else value
