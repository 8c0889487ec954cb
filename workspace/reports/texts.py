"""The report for machines and for places that take plain text: JSON, CSV, Markdown."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import polars as pl

from curation.exports.manifest import without_nan
from evaluation.comparing.report_data import ReportData
from workspace.reports.sections import Section, flip_key, sections

CSV_COLUMNS = ("table", "row", "figure", "value")
_KEYS = {
    "leaderboard": "run",
    "metrics": "metric",
    "categories": "category",
    "levels": "level",
    "outcomes": "outcome",
}
_SINGLE = ("task", "baseline", "candidate", "metric", "sentence", "verdict", "is_passed", "n_rows",
           "n_clusters")  # fmt: skip


def json_text(data: ReportData) -> str:
    """Everything, unrounded; what is undefined is null."""
    return json.dumps(without_nan(data.as_json()), ensure_ascii=False, indent=2) + "\n"


def csv_text(data: ReportData) -> str:
    """Every figure on a line of its own: ``table, row, figure, value``, unrounded.

    One shape for all tables, so that it can be filtered and pivoted; undefined values are empty.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    writer.writerows(_lines(data))
    return out.getvalue()


def _lines(data: ReportData) -> Iterator[tuple[str, str, str, Any]]:
    for name in _SINGLE:
        yield "report", "", name, getattr(data, name)
    for number, gate in enumerate(data.gates, 1):
        yield "gates", str(number), "sentence", gate
    for table, key in _KEYS.items():
        frame: pl.DataFrame = getattr(data, table)
        for row in frame.to_dicts():
            for figure, value in row.items():
                if figure != key:
                    yield table, _safe(row[key]), figure, _known(value)
    for table in ("fixed", "broken"):
        for row in getattr(data, table).to_dicts():
            for figure in ("gold", "baseline", "candidate"):
                yield table, _safe(flip_key(row)), figure, _safe(row[figure])
    for table in ("costs", "reference_lines"):
        for name, held in getattr(data, table).items():
            for figure, value in held.items():
                yield table, name, figure, _known(value)
    for table in ("definitions", "hashes"):
        for name, text in getattr(data, table).items():
            yield table, name, "text", text


def _known(value: Any) -> Any:
    return "" if value is None or value != value else value


def _safe(text: Any) -> str:
    """Product text that a spreadsheet would take for a formula gets a quote in front."""
    plain = "" if text is None else str(text)
    return f"'{plain}" if plain.startswith(("=", "+", "-", "@", "\t", "\r")) else plain


def markdown_text(data: ReportData, name: str) -> str:
    """What the HTML report says, without its figures; for a pull request or a wiki."""
    parts = [
        f"# {_escaped(data.candidate)} against {_escaped(data.baseline)}: {data.verdict}",
        f"**{_escaped(data.sentence)}**",
        *(f"- {_escaped(gate)}" for gate in data.gates),
        *(_table(section) for section in sections(data)),
        f"{_escaped(name)}: {data.n_rows:,} rows"
        + ("." if data.n_clusters is None else f", {data.n_clusters:,} groups."),
    ]
    return "\n\n".join(parts) + "\n"


def _table(section: Section) -> str:
    columns = section.columns
    lines = [
        [_escaped(heading) for heading, _ in columns],
        ["---:" if is_figure else "---" for _, is_figure in columns],
        *([_escaped(cell) for cell in row] for row in section.rows),
    ]
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    note = f"\n\n{_escaped(section.note)}" if section.note else ""
    return f"## {_escaped(section.title)}\n\n{body}{note}"


def _escaped(text: str) -> str:
    plain = " ".join(text.split())
    for sign in "\\`*_[]<>|#~$":
        plain = plain.replace(sign, f"\\{sign}")
    return plain
