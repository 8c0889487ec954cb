"""Tables that pages share: headings in words, figures as people read them, cells as they are."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import polars as pl
import polars.selectors as cs
import streamlit as st

from catalog.wording import words as words
from charts.table import Head, table
from ui import drawings

if TYPE_CHECKING:
    from workspace.views.overview import StepLine

_MARKS = {"done": "✓ done", "stale": "↻ stale", "missing": "○ not run"}
_HEADINGS = {
    "record_id": "id",
    "example_id": "id",
    "told": "what it finds",
    "skipped": "not run because",
    "n_evidences": "evidences",
    "n_fixable": "fixable",
    "annotator_id": "annotator",
    "agreement_others": "agreement with the others",
    "agreement_consensus": "agreement with the consensus",
    "overlaps": "voted on by others too",
    "conflicts": "of these, in conflict",
    "parted_at_level": "parts at level",
    "tree_distance": "steps apart",
    "prediction": "answer",
    "group_id": "group",
    "left_id": "one id",
    "right_id": "other id",
    "left_text": "one",
    "right_text": "other",
    "only_left": "only in the one",
    "only_right": "only in the other",
    "weakest": "weakest tie",
    "is_broken": "tie broken",
    "path_text": "category",
    "raw": "the line as it is",
    "repaired_share": "repaired",
    "outside_share": "not in the taxonomy",
    "refused_share": "refused",
    "truncated_share": "cut off",
    "filtered_share": "filtered",
    "malformed_share": "malformed",
    "failed_share": "failed",
}
_SHARES = {
    "share", "wanted", "coverage", "overlaps", "conflicts", "agreement_others",
    "agreement_consensus",
}  # fmt: skip
_WORDS = ("check", "kind", "outcome", "metric")
EMPTY = "–"


def show(
    frame: pl.DataFrame,
    *,
    folded: Iterable[str] = (),
    widths: Mapping[str, str | int] | None = None,
    place: Any = st,
    **options: Any,
) -> Any:
    """A frame as a table, without an index; text is shown as it is, what is missing as a dash.

    Parameters
    ----------
    folded
        Columns that are hidden until the table's own menu shows them, so that a narrow window
        has the others whole.
    widths
        Columns of text that are not as wide as what stands in them: ``small``, ``medium``, or in
        pixels.
    """
    hidden = set(folded)
    if hidden:
        options["column_order"] = [name for name in frame.columns if name not in hidden]
    columns = {name: _column(name, dtype) for name, dtype in frame.schema.items()}
    for name, width in (widths or {}).items():
        columns[name] = st.column_config.TextColumn(_heading(name), width=width)  # type: ignore[arg-type]
    columns |= options.pop("column_config", {})
    return place.dataframe(
        _readable(frame), hide_index=True, placeholder=EMPTY, column_config=columns, **options
    )


def still(frame: pl.DataFrame, *, alt: str, column_config: Mapping[str, Any] | None = None) -> None:
    """A short frame as a table that is there with the page: text to read, to search and to copy.

    Parameters
    ----------
    alt
        What it tells those who cannot see it.
    column_config
        As for `show`: headings, help, and formats of numbers.
    """
    columns = {name: _column(name, dtype) for name, dtype in frame.schema.items()}
    columns |= column_config or {}
    heads = [
        Head(
            columns[name].get("label") or _heading(name),
            columns[name].get("help") or "",
            dtype.is_numeric(),
        )
        for name, dtype in frame.schema.items()
    ]
    forms = [(columns[name].get("type_config") or {}).get("format") for name in frame.columns]
    rows = (
        [_cell(value, form) for value, form in zip(row, forms, strict=True)]
        for row in _readable(frame).iter_rows()
    )
    drawings.show(table(heads, rows), alt=alt)


def _cell(value: Any, form: str | None) -> str:
    if value is None:
        return EMPTY
    if form == "localized":
        return f"{value:,}"
    return form % value if form and "%" in form else str(value)


def three(value: float | None) -> str:
    """A number with three decimals; a dash where undefined.

    Examples
    --------
    >>> three(0.1234), three(None)
    ('0.123', '–')
    """
    return EMPTY if value is None or value != value else f"{value:.3f}"


def dollars(heading: str, amounts: pl.Series) -> Any:
    """A column of dollars: cents where there are whole dollars, else as fine as the amounts are."""
    known = [abs(amount) for amount in amounts.fill_nan(None).drop_nulls() if amount]
    most = max(known, default=1.0)
    form = "dollar" if most >= 1 else "$%.4f" if most >= 0.01 else "$%.6f"
    return st.column_config.NumberColumn(heading, format=form)


def _column(name: str, dtype: pl.DataType) -> Any:
    heading = _heading(name)
    if name in _SHARES or name.endswith("_share"):
        return st.column_config.NumberColumn(heading, format="percent")
    if dtype.is_integer():
        return st.column_config.NumberColumn(heading, format="localized")
    if dtype.is_float():
        return st.column_config.NumberColumn(heading, format="%.3f")
    if isinstance(dtype, pl.Datetime):
        return st.column_config.DatetimeColumn(heading, format="distance")
    return st.column_config.Column(heading)


def _heading(name: str) -> str:
    return _HEADINGS.get(name, words(name))


def _readable(frame: pl.DataFrame) -> pl.DataFrame:
    names = [name for name in _WORDS if frame.schema.get(name) == pl.String]
    return frame.with_columns(
        pl.col(names).str.replace_all("_", " "),
        cs.boolean().replace_strict({True: "yes", False: "no"}, return_dtype=pl.String),
        cs.float().fill_nan(None),
    )


def steps(lines: list[StepLine]) -> None:
    """Every step of a workspace."""
    frame = pl.DataFrame(
        {
            "step": [line.step for line in lines],
            "state": [
                _MARKS[line.state] + (f": {line.why}" if line.why and line.state == "stale" else "")
                for line in lines
            ],
            "rows": [line.counts for line in lines],
            "made": [_moment(line.made_at) for line in lines],
            "snapshot": [line.snapshot or None for line in lines],
        },
        schema_overrides={"made": pl.Datetime("us", "UTC"), "snapshot": pl.String},
    )
    show(frame, column_config={"rows": st.column_config.TextColumn(width="large")})


def _moment(text: str) -> datetime.datetime | None:
    return datetime.datetime.fromisoformat(text) if text else None


def log(entries: list[dict[str, object]]) -> None:
    """Lines of the log: who did what, when, and why."""
    names = {"id": "line", "at": "when", "reviewer": "who", "record_id": "record_id",
             "action": "action", "after": "now holds", "reason": "reason"}  # fmt: skip
    rows = [{told: _said(entry[name]) for name, told in names.items()} for entry in entries]
    show(pl.DataFrame(rows, schema=dict.fromkeys(names.values(), pl.String)))


def _said(value: object) -> str | None:
    if isinstance(value, dict):
        return str(value.get("value") or value.get("action") or "")
    return None if value is None else str(value)
