"""Values with their intervals as dots and whiskers: leaderboards, levels, differences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import plotly.graph_objects as go

from charts.theme import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    SERIES,
    SYMBOLS,
    VERMILION,
    label,
    listed,
    percent,
    styled,
)
from charts.theme import signed as points

_DASHES = ("dash", "dot", "dashdot")
_STEP_ASIDE = 0.05
MARKS = {
    "better": ("triangle-right", GREEN),
    "perhaps better": ("triangle-right-open", GREEN),
    "worse": ("triangle-left", VERMILION),
    "perhaps worse": ("triangle-left-open", VERMILION),
    "forgotten": ("triangle-left", VERMILION),
}
_UNMARKED = ("circle-open", INK)


@dataclass(frozen=True)
class Dot:
    """One line of a dot plot. NaN bounds draw no whisker, a NaN value no dot."""

    name: str
    value: float
    low: float
    high: float
    n: int
    note: str = ""


def dots(
    rows: Sequence[Dot],
    *,
    lines: Mapping[str, float] | None = None,
    title: str = "",
    is_marked: bool = False,
) -> go.Figure:
    """Values in [0, 1] one below the other, the first on top, with reference lines.

    Parameters
    ----------
    lines
        Values to draw as dashed lines across, by name, such as chance and majority.
    is_marked
        Whether the note of a dot is a mark (`MARKS`), which gives it form and colour.
    """
    shown = [row for row in reversed(rows) if not math.isnan(row.value)]
    plain = ("circle", BLUE)
    marks = [MARKS.get(row.note, plain) if is_marked else plain for row in shown]
    figure = go.Figure(
        go.Scatter(
            x=[row.value for row in shown],
            y=list(range(len(shown))),
            error_x=whiskers(shown),
            mode="markers",
            marker={"size": 11, "symbol": [m for m, _ in marks], "color": [c for _, c in marks]},
            hovertext=[_told(row) for row in shown],
            hoverinfo="text",
            showlegend=False,
        )
    )
    for position, row in enumerate(shown):
        figure.add_annotation(
            x=1.01,
            xref="paper",
            xanchor="left",
            y=position,
            text=percent(row.value),
            showarrow=False,
        )
    known = {name: value for name, value in (lines or {}).items() if not math.isnan(value)}
    for position, (name, value) in enumerate(known.items()):
        figure.add_scatter(
            x=[value, value],
            y=[-0.5, len(shown) - 0.5],
            mode="lines",
            line={"dash": _DASHES[position % len(_DASHES)], "color": MUTED, "width": 2},
            name=f"{label(name)} {percent(value)}",
            hoverinfo="name",
        )
    figure.update_xaxes(tickformat=".0%", title=title, rangemode="tozero")
    figure.update_layout(showlegend=bool(known))
    styled(figure, rows=len(shown)).update_yaxes(**listed([row.name for row in shown]))
    return figure.update_layout(margin={"r": 70})


def series(
    named: Mapping[str, Sequence[Dot]],
    *,
    x_title: str = "",
    y_title: str = "",
    as_share: bool = True,
) -> go.Figure:
    """Several series over the same steps, such as accuracy by level, told apart by symbol.

    The series stand a little beside each other, so that no whisker hides another.
    """
    steps = list(dict.fromkeys(row.name for rows in named.values() for row in rows))
    place = {step: position for position, step in enumerate(steps)}
    figure = go.Figure()
    for position, (name, rows) in enumerate(named.items()):
        aside = _STEP_ASIDE * (position - (len(named) - 1) / 2)
        figure.add_scatter(
            x=[place[row.name] + aside for row in rows],
            y=[_or_gap(row.value) for row in rows],
            error_y=whiskers(rows),
            name=label(name),
            mode="lines+markers",
            marker={"size": 10, "symbol": SYMBOLS[position % len(SYMBOLS)]},
            line={
                "color": SERIES[position % len(SERIES)],
                "dash": ("solid", *_DASHES)[position % 4],
            },
            hovertext=[f"<b>{label(name)}</b><br>{_told(row)}" for row in rows],
            hoverinfo="text",
        )
    figure.update_xaxes(title=x_title)
    figure.update_yaxes(title=y_title, tickformat=".0%" if as_share else ".2f", rangemode="tozero")
    return styled(figure, height=340).update_xaxes(**listed(steps))


def differences(rows: Sequence[Dot], *, title: str = "", is_corrected: bool = False) -> go.Figure:
    """Paired differences around zero: better to the right (▶), worse to the left (◀).

    Parameters
    ----------
    is_corrected
        Whether the note of a dot is its mark after the correction for many looks, and decides:
        ``better``, ``worse``, or with ``perhaps`` before it, which is drawn hollow. Else it is the
        interval that decides.
    """
    shown = [row for row in reversed(rows) if not math.isnan(row.value)]
    marks = [MARKS.get(row.note if is_corrected else _side(row), _UNMARKED) for row in shown]
    figure = go.Figure(
        go.Scatter(
            x=[100 * row.value for row in shown],
            y=list(range(len(shown))),
            error_x=whiskers(shown, 100),
            mode="markers",
            marker={"size": 12, "symbol": [m for m, _ in marks], "color": [c for _, c in marks]},
            hovertext=[_told(row, signed=True) for row in shown],
            hoverinfo="text",
            showlegend=False,
        )
    )
    figure.add_vline(x=0, line={"color": INK, "width": 1})
    figure.update_xaxes(tickformat="+", title=f"{title}, points" if title else "points")
    return styled(figure, rows=len(shown)).update_yaxes(**listed([row.name for row in shown]))


def _side(row: Dot) -> str:
    return "better" if row.low > 0 else "worse" if row.high < 0 else ""


def _or_gap(value: float) -> float | None:
    return None if math.isnan(value) else value


class Bounded(Protocol):
    """A value with its interval."""

    @property
    def value(self) -> float:
        """The value itself."""

    @property
    def low(self) -> float:
        """Its lower bound."""

    @property
    def high(self) -> float:
        """Its upper bound."""


def path(
    places: Sequence[float], dots: Sequence[Bounded], told: Sequence[str], *, size: int
) -> go.Scatter:
    """Values with whiskers, joined by a line in their order; ``told`` is said on hover."""
    return go.Scatter(
        x=places,
        y=[dot.value for dot in dots],
        error_y=whiskers(dots),
        mode="lines+markers",
        marker={"size": size, "color": BLUE},
        line={"color": BLUE},
        hovertext=told,
        hoverinfo="text",
    )


def whiskers(rows: Sequence[Bounded], times: float = 1) -> dict[str, object]:
    """The intervals of values as plotly's error bars."""
    # Arrays and not lists: in a list NaN becomes null, which plotly draws as a whisker of length 0.
    return {
        "type": "data",
        "symmetric": False,
        "array": np.array([times * (row.high - row.value) for row in rows], dtype=float),
        "arrayminus": np.array([times * (row.value - row.low) for row in rows], dtype=float),
        "color": MUTED,
        "thickness": 1.5,
    }


def _told(row: Dot, *, signed: bool = False) -> str:
    value = f"{points(100 * row.value)} points" if signed else percent(row.value)
    interval = "no interval"
    if not math.isnan(row.low):
        interval = (
            f"95 % interval {points(100 * row.low)} to {points(100 * row.high)}"
            if signed
            else f"95 % interval {percent(row.low)} to {percent(row.high)}"
        )
    parts = [
        f"<b>{label(row.name, 120)}</b>",
        value,
        interval,
        f"{row.n:,} rows",
        label(row.note, 200),
    ]
    return "<br>".join(part for part in parts if part)
