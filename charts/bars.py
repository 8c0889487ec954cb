"""Counts as bars: plain, and before against after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from charts.theme import INK, PATTERNS, SERIES, label, styled


def counts(
    rows: Sequence[tuple[str, float]], *, kinds: Sequence[str] | None = None, title: str = "rows"
) -> go.Figure:
    """One bar a name, the first on top; ``kinds`` are told apart by pattern as well as colour."""
    names = [label(name) for name, _ in rows]
    kinds = kinds or [title] * len(rows)
    order = list(dict.fromkeys(kinds))
    figure = go.Figure()
    for position, kind in enumerate(order):
        mine = [n for n, own in enumerate(kinds) if own == kind]
        figure.add_bar(
            y=[names[n] for n in mine],
            x=[rows[n][1] for n in mine],
            orientation="h",
            name=label(kind),
            text=[f"{rows[n][1]:,.0f}" for n in mine],
            textposition="outside",
            cliponaxis=False,
            marker={
                "color": SERIES[position % len(SERIES)],
                "pattern": {"shape": PATTERNS[position % len(PATTERNS)]},
            },
            hovertemplate="%{y}: %{x:,}<extra></extra>",
        )
    figure.update_yaxes(categoryorder="array", categoryarray=names[::-1], showgrid=False)
    figure.update_xaxes(title=title)
    figure.update_layout(showlegend=len(order) > 1, barmode="overlay", bargap=0.35)
    return styled(figure, rows=len(rows))


def grouped(
    names: Sequence[str],
    series: Mapping[str, Sequence[float]],
    *,
    title: str = "",
    as_share: bool = False,
) -> go.Figure:
    """Bars side by side for each name, one a series, told apart by pattern and colour."""
    labels = [label(name) for name in names]
    figure = go.Figure()
    for position, (kind, values) in enumerate(series.items()):
        figure.add_bar(
            y=labels,
            x=list(values),
            orientation="h",
            name=label(kind),
            marker={
                "color": SERIES[position % len(SERIES)],
                "pattern": {"shape": PATTERNS[position % len(PATTERNS)]},
                "line": {"color": INK, "width": 0.5},
            },
            hovertemplate=(
                f"%{{y}}<br>{label(kind)}: "
                + ("%{x:.2%}" if as_share else "%{x:,}")
                + "<extra></extra>"
            ),
        )
    figure.update_layout(barmode="group", bargap=0.3)
    figure.update_yaxes(categoryorder="array", categoryarray=labels[::-1], showgrid=False)
    figure.update_xaxes(title=title, tickformat=".0%" if as_share else ",")
    return styled(figure, rows=max(1, len(labels)) * max(1, len(series)) * 3 // 4)
