"""How sure and how right: confidence against accuracy, and accuracy of the surest part."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from charts.intervals import Dot
from charts.theme import BLUE, MUTED, percent, styled
from charts.whiskers import path


def reliability(bins: Sequence[tuple[float, Dot]]) -> go.Figure:
    """Accuracy of answers that are equally sure; on the dashed line a model is as right as sure.

    Parameters
    ----------
    bins
        The mean confidence of each bin, and its accuracy with interval and rows.
    """
    dots = [dot for _, dot in bins]
    figure = go.Figure()
    figure.add_shape(
        type="line", x0=0, y0=0, x1=1, y1=1, line={"color": MUTED, "dash": "dash", "width": 1}
    )
    told = [
        f"sure {percent(confidence)}, right {percent(dot.value)}<br>{dot.n:,} rows"
        for confidence, dot in bins
    ]
    figure.add_trace(path([confidence for confidence, _ in bins], dots, told, size=10))
    axis = {"range": [-0.03, 1.03], "tickformat": ".0%"}
    figure.update_xaxes(title="confidence", **axis)
    figure.update_yaxes(title="accuracy", **axis)
    return styled(figure, height=360).update_layout(showlegend=False)


def kept_part(points: Sequence[tuple[float, float, float | None]]) -> go.Figure:
    """Accuracy if only the surest part is answered by the model, and the rest by people.

    Parameters
    ----------
    points
        ``coverage, accuracy, threshold`` each; the threshold is None where it is not known.
    """
    figure = go.Figure(
        go.Scatter(
            x=[coverage for coverage, _, _ in points],
            y=[accuracy for _, accuracy, _ in points],
            mode="lines",
            line={"color": BLUE, "width": 2},
            hovertext=[
                f"the surest {percent(coverage)}: right {percent(accuracy)}"
                + ("" if threshold is None else f"<br>confidence of {threshold:.3f} or more")
                for coverage, accuracy, threshold in points
            ],
            hoverinfo="text",
        )
    )
    figure.update_xaxes(title="share of rows that is kept", tickformat=".0%", range=[0, 1.02])
    figure.update_yaxes(title="accuracy of these", tickformat=".0%")
    return styled(figure, height=360)
