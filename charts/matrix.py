"""Numbers in a square: agreement by pair, confusion among siblings."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from charts.theme import label, styled


def matrix(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float]],
    *,
    row_title: str = "",
    column_title: str = "",
    as_count: bool = False,
) -> go.Figure:
    """A heat map with the number in every cell; NaN stays empty."""
    text = [[_cell(value, as_count) for value in line] for line in values]
    figure = go.Figure(
        go.Heatmap(
            z=[[None if math.isnan(v) else v for v in line] for line in values],
            x=[label(name, 34) for name in columns],
            y=[label(name, 34) for name in rows],
            text=text,
            texttemplate="%{text}",
            colorscale=[[0, "#f5f7fa"], [1, "#0072b2"]],
            showscale=False,
            xgap=2,
            ygap=2,
            hovertemplate=f"{row_title} %{{y}}<br>{column_title} %{{x}}<br>%{{text}}<extra></extra>",
        )
    )
    figure.update_xaxes(title=column_title, side="top", showgrid=False, tickangle=-40)
    figure.update_yaxes(title=row_title, autorange="reversed", showgrid=False)
    styled(figure, height=max(300, 170 + 32 * len(rows)))
    return figure.update_layout(margin={"r": 60, "t": 60})


def _cell(value: float, as_count: bool) -> str:
    if math.isnan(value):
        return ""
    return f"{value:,.0f}" if as_count else f"{value:.2f}"
