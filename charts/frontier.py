"""What quality costs: runs by price and score, joined where no other is cheaper and better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from charts.intervals import Dot
from charts.theme import BLUE, GREEN, label, percent, styled, usd
from charts.whiskers import path, whiskers


@dataclass(frozen=True)
class Priced:
    """A run with its score in [0, 1], the bounds of it, and what it costs (above 0).

    ``is_beaten`` where another run costs no more and scores no less.
    """

    name: str
    value: float
    low: float
    high: float
    cost: float
    is_beaten: bool


def frontier(
    runs: Sequence[Priced],
    *,
    cost_title: str,
    title: str = "",
    in_usd: bool = True,
) -> go.Figure:
    """Score by cost, the cost on a logarithmic axis; runs on the line are worth their price."""
    told = usd if in_usd else "{:,.3g}".format
    known = [run for run in runs if run.cost > 0 and not math.isnan(run.value)]
    shown = sorted(known, key=lambda run: -run.cost)
    line = [run for run in reversed(shown) if not run.is_beaten]
    figure = go.Figure(
        go.Scatter(
            x=[run.cost for run in line],
            y=[run.value for run in line],
            mode="lines",
            line={"color": GREEN, "shape": "hv", "width": 2, "dash": "dot"},
            name="no run is cheaper and better",
            hoverinfo="skip",
        )
    )
    figure.add_scatter(
        x=[run.cost for run in shown],
        y=[run.value for run in shown],
        error_y=whiskers(shown),
        mode="markers+text",
        text=[f"  {label(run.name, 28)}  " for run in shown],
        textposition=[("top right", "bottom left")[n % 2] for n in range(len(shown))],
        cliponaxis=False,
        marker={
            "size": 12,
            "color": [BLUE if run.is_beaten else GREEN for run in shown],
            "symbol": ["circle" if run.is_beaten else "diamond" for run in shown],
        },
        hovertext=[
            f"<b>{label(run.name, 120)}</b><br>{percent(run.value)}<br>{told(run.cost)}"
            for run in shown
        ],
        hoverinfo="text",
        showlegend=False,
    )
    figure.update_xaxes(
        type="log",
        title=cost_title,
        dtick="D2",
        tickformat="$,~r" if in_usd else ",~r",
        range=_with_room([run.cost for run in shown]),
    )
    figure.update_yaxes(title=title, tickformat=".0%")
    return styled(figure, height=360)


def _with_room(costs: Sequence[float]) -> list[float] | None:
    """The range of a logarithmic axis, with room for a name beside each dot."""
    if not costs:
        return None
    low, high = math.log10(min(costs)), math.log10(max(costs))
    room = max(0.3, 0.3 * (high - low))
    return [low - room, high + room]


def cascade(
    points: Sequence[tuple[float, Dot]], *, cost_title: str, title: str = "", in_usd: bool = True
) -> go.Figure:
    """The score of two models in a row by what they cost together, one dot a threshold.

    Parameters
    ----------
    points
        The cost, and the score with its interval; the note of a dot is told on hover.
    """
    price = usd if in_usd else "{:,.3g}".format
    told = [
        f"{percent(dot.value)} at {price(cost)}<br>{label(dot.note, 200)}" for cost, dot in points
    ]
    costs, dots = [cost for cost, _ in points], [dot for _, dot in points]
    figure = go.Figure(path(costs, dots, told, size=8))
    figure.update_xaxes(title=cost_title, tickformat="$,~r" if in_usd else ",~r")
    figure.update_yaxes(title=title, tickformat=".0%")
    return styled(figure, height=340)
