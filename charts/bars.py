"""Counts as bars: plain, and side by side for each name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from charts.theme import INK, PATTERNS, SERIES, label, listed, styled, usd

_GROUPED_ROW_PX = 14


def counts(
    rows: Sequence[tuple[str, float]],
    *,
    kinds: Sequence[str] | None = None,
    title: str = "rows",
    as_usd: bool = False,
) -> go.Figure:
    """One bar a name, the first on top; ``kinds`` are told apart by pattern as well as colour."""
    told = usd if as_usd else "{:,.0f}".format
    kinds = kinds or [title] * len(rows)
    order = list(dict.fromkeys(kinds))
    figure = go.Figure()
    for position, kind in enumerate(order):
        mine = [n for n, own in enumerate(kinds) if own == kind]
        figure.add_bar(
            y=mine,
            x=[rows[n][1] for n in mine],
            orientation="h",
            name=label(kind),
            text=[told(rows[n][1]) for n in mine],
            textposition="outside",
            cliponaxis=False,
            marker={
                "color": SERIES[position % len(SERIES)],
                "pattern": {"shape": PATTERNS[position % len(PATTERNS)]},
            },
            hovertext=[f"{label(rows[n][0], 120)}: {told(rows[n][1])}" for n in mine],
            hoverinfo="text",
        )
    figure.update_layout(showlegend=len(order) > 1, barmode="overlay", bargap=0.35)
    figure.update_xaxes(title=title)
    styled(figure, rows=len(rows))
    if as_usd:
        figure.update_xaxes(tickformat="$,~r", rangemode="tozero")
        figure.update_layout(margin={"r": 80})
    return _first_on_top(figure, [name for name, _ in rows])


def grouped(
    names: Sequence[str],
    series: Mapping[str, Sequence[float]],
    *,
    title: str = "",
    as_share: bool = False,
    as_usd: bool = False,
) -> go.Figure:
    """Bars below each other for each name, the first series on top, told apart by pattern.

    A value that is NaN has no bar.
    """
    told = "{:.1%}".format if as_share else usd if as_usd else "{:,.0f}".format
    figure = go.Figure()
    for position, (kind, values) in enumerate(series.items()):
        figure.add_bar(
            y=list(range(len(names))),
            x=list(values),
            orientation="h",
            name=label(kind),
            marker={
                "color": SERIES[position % len(SERIES)],
                "pattern": {"shape": PATTERNS[position % len(PATTERNS)]},
                "line": {"color": INK, "width": 0.5},
            },
            hovertext=[
                f"{label(name, 120)}<br>{label(kind)}: {told(value)}"
                for name, value in zip(names, values, strict=True)
            ],
            hoverinfo="text",
        )
    figure.update_layout(barmode="group", bargap=0.3)
    figure.update_xaxes(title=title, tickformat=".0%" if as_share else ",")
    if as_usd:
        figure.update_xaxes(tickformat="$,~r", rangemode="tozero")
    height = 110 + max(1, len(names)) * (12 + _GROUPED_ROW_PX * max(1, len(series)))
    return _first_on_top(styled(figure, height=height), names)


def _first_on_top(figure: go.Figure, names: Sequence[str]) -> go.Figure:
    axis = listed(names)
    return figure.update_yaxes(**{**axis, "range": axis["range"][::-1]})  # type: ignore[index]
